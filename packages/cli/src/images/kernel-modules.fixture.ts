/** Kernel modules of nothing but their `.modinfo`, in an ELF file with two sections. */
import type { ModuleFile } from "./kernel-modules.ts";

/** @param info as in the source: "depends=virtio,virtio_ring" */
export function moduleFile(name: string, ...info: readonly string[]): ModuleFile {
  const texts = new TextEncoder().encode([...info, `name=${name.replaceAll("-", "_")}`].map((text) => `${text}\0`).join(""));
  const strings = new TextEncoder().encode("\0.modinfo\0.shstrtab\0");
  const [textsAt, stringsAt] = [64, 64 + texts.length];
  const table = stringsAt + strings.length;
  const bytes = new Uint8Array(table + 3 * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(40, BigInt(table), true);
  for (const [at, value] of [[58, 64], [60, 3], [62, 2]] as const) view.setUint16(at, value, true);
  bytes.set(texts, textsAt);
  bytes.set(strings, stringsAt);
  for (const [n, nameAt, offset, size] of [[1, 1, textsAt, texts.length], [2, 10, stringsAt, strings.length]] as const) {
    view.setUint32(table + 64 * n, nameAt, true);
    view.setBigUint64(table + 64 * n + 24, BigInt(offset), true);
    view.setBigUint64(table + 64 * n + 32, BigInt(size), true);
  }
  return { path: `kernel/${name}.ko`, bytes };
}
