/** ELF programs for AArch64 (ELF-64, ARM IHI 0056): the segments that are loaded, at their physical addresses, and the entry. Cold. */
import { imageError, type ImageFile, sizeText } from "./image-error.ts";

const EM_AARCH64 = 183;
const MACHINES: Readonly<Record<number, string>> = { 3: "x86", 40: "32-bit Arm", 62: "x86-64", 243: "RISC-V", 8: "MIPS", 21: "PowerPC", 22: "IBM Z", 258: "LoongArch" };
const [ET_EXEC, ET_DYN] = [2, 3];
const PT_LOAD = 1;
const [HEADER_BYTES, SEGMENT_BYTES] = [64, 56];

/** A piece of an image and where it goes. Memory beyond the bytes, up to `size`, is zero (as RAM is after power-on). */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly size: number;
  /** Of a segment that is a whole file. */
  readonly readAgain?: ImageFile["readAgain"];
}

export interface ElfProgram {
  readonly segments: readonly Segment[];
  /** Physical address of the entry. */
  readonly entry: number;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** @throws ConfigError for other architectures, and for headers or segments that the file does not hold. */
export function readElf(image: ImageFile): ElfProgram {
  const { bytes } = image;
  const truncated = (what: string, needs: number): Error => {
    const message = `the ELF file is truncated: it has ${sizeText(bytes.length)}, ${what} ends at ${sizeText(needs)}`;
    return imageError(image, message, "fetch or build it again", { value: bytes.length, limit: needs });
  };
  if (bytes.length < HEADER_BYTES) throw truncated("its header", HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const machine = view.getUint16(18, true);
  if (bytes[4] !== 2 || bytes[5] !== 1 || machine !== EM_AARCH64) {
    const found = bytes[5] === 1 ? (MACHINES[machine] ?? `machine ${machine}`) : "a big-endian machine";
    throw imageError(image, `the ELF file is for ${bytes[4] === 2 ? "" : "32 bits, "}${found}`, "take one for little-endian AArch64", { value: machine, limit: EM_AARCH64 });
  }
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) throw imageError(image, `the ELF file is no program (type ${type})`, "link it first", { value: type });
  const [table, count] = [Number(view.getBigUint64(32, true)), view.getUint16(56, true)];
  if (!(table + count * SEGMENT_BYTES <= bytes.length)) throw truncated("its table of segments", table + count * SEGMENT_BYTES);
  const entry = Number(view.getBigUint64(24, true));
  const segments: Segment[] = [];
  let start = entry;
  for (let n = 0; n < count; n++) {
    const at = table + n * SEGMENT_BYTES;
    const [offset, virtual, address, fileBytes, size] = [8, 16, 24, 32, 40].map((field) => Number(view.getBigUint64(at + field, true))) as [number, number, number, number, number];
    if (view.getUint32(at, true) !== PT_LOAD || size === 0) continue;
    if (!(offset + fileBytes <= bytes.length)) throw truncated(`segment ${n}`, offset + fileBytes);
    if (fileBytes > size) throw imageError(image, `segment ${n} has more bytes in the file than in memory`, "take an undamaged file", { value: fileBytes, limit: size });
    segments.push({ address, bytes: bytes.subarray(offset, offset + fileBytes), size });
    if (entry >= virtual && entry < virtual + size) start = address + Number(view.getBigUint64(24, true) - view.getBigUint64(at + 16, true));
  }
  if (segments.length === 0) throw imageError(image, "the ELF file has nothing to load", "link it with program headers");
  return { segments, entry: start };
}
