/** Small images with the headers of real ones, for the specs. */
import type { ImageFile } from "./image-error.ts";

export const image = (bytes: Uint8Array, name: string = "kernel"): ImageFile => ({ name, bytes });

/** AArch64 words as code. */
export const code = (...words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

export interface ImageHeader {
  readonly textOffset?: bigint;
  readonly imageSize?: bigint;
  readonly flags?: bigint;
  /** Bytes of the file that its one section claims, by a PE header. */
  readonly sectionEnd?: number;
}

/** An arm64 Image of `length` bytes (booting.rst, "the header"). */
export function arm64Image({ textOffset = 0n, imageSize = 0x4000n, flags = 0xan, sectionEnd }: ImageHeader = {}, length: number = 0x1000): Uint8Array {
  const bytes = new Uint8Array(length).fill(0xaa, 0x200);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, textOffset, true);
  view.setBigUint64(16, imageSize, true);
  view.setBigUint64(24, flags, true);
  view.setUint32(56, 0x644d_5241, true);
  if (sectionEnd === undefined) return bytes;
  view.setUint32(60, 0x40, true); // where the PE header is
  view.setUint32(0x40, 0x4550, true); // "PE"
  view.setUint16(0x46, 1, true); // sections
  view.setUint16(0x54, 0, true); // bytes of the optional header
  view.setUint32(0x58 + 16, sectionEnd - 0x200, true); // SizeOfRawData
  view.setUint32(0x58 + 20, 0x200, true); // PointerToRawData
  return bytes;
}

/** What tells a kernel for x86 (Documentation/arch/x86/boot.rst). */
export function x86Kernel(): Uint8Array {
  const bytes = new Uint8Array(0x1000);
  new DataView(bytes.buffer).setUint32(0x202, 0x5372_6448, true); // "HdrS"
  return bytes;
}

export interface ElfHeader {
  readonly machine?: number;
  readonly type?: number;
  readonly entry?: bigint;
  readonly segments?: readonly { readonly virtual: bigint; readonly physical: bigint; readonly file: Uint8Array; readonly size: bigint; readonly type?: number }[];
}

/** An ELF-64 file. */
export function elf({ machine = 183, type = 2, entry = 0n, segments = [] }: ElfHeader): Uint8Array {
  const table = 64 + 56 * segments.length;
  const bytes = new Uint8Array(segments.reduce((sum, { file }) => sum + file.length, table));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let offset = table;
  for (const [n, segment] of segments.entries()) {
    const at = 64 + 56 * n;
    view.setUint32(at, segment.type ?? 1, true);
    for (const [field, value] of [[8, BigInt(offset)], [16, segment.virtual], [24, segment.physical], [32, BigInt(segment.file.length)], [40, segment.size]] as const) {
      view.setBigUint64(at + field, value, true);
    }
    bytes.set(segment.file, offset);
    offset += segment.file.length;
  }
  return bytes;
}

/** An EFI zboot image around a payload. */
export function zboot(payload: Uint8Array, method: string = "gzip"): Uint8Array {
  const bytes = new Uint8Array(0x100 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("MZ"));
  bytes.set(new TextEncoder().encode("zimg"), 4);
  view.setUint32(8, 0x100, true);
  view.setUint32(12, payload.length, true);
  bytes.set(new TextEncoder().encode(method), 24);
  bytes.set(payload, 0x100);
  return bytes;
}
