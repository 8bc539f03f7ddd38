/**
 * The arm64 Linux Image (Documentation/arch/arm64/booting.rst, "Call the kernel image"): 64 bytes of header, then the kernel as it lies in
 * memory. Also the headers of Images for other architectures, to say so. Cold.
 */
import { imageError, type ImageFile, sizeText } from "./image-error.ts";

const HEADER_BYTES = 64;
const MAGIC_OFFSET = 56;
const ARM64_MAGIC = 0x644d_5241; // "ARM\x64"
const RISCV_MAGIC = 0x0543_5352; // "RSC\x05"
const X86_MAGIC_OFFSET = 0x202;
const X86_MAGIC = 0x5372_6448; // "HdrS"
const ARM32_MAGIC_OFFSET = 0x24;
const ARM32_MAGIC = 0x016f_2818;
/** Kernels before 3.17 do not say: this is where they want to be, and this much is left for them. */
const OLD_TEXT_OFFSET = 0x8_0000;
const OLD_IMAGE_BYTES = 0x100_0000;

export interface Arm64Header {
  /** From a 2 MiB boundary to the Image's first byte. */
  readonly textOffset: number;
  /** Memory it needs from its first byte, .bss included. */
  readonly imageSize: number;
}

/** True when the bytes are an Image for arm64. */
export function isArm64Image(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && word(bytes, MAGIC_OFFSET) === ARM64_MAGIC;
}

/** @throws ConfigError for a truncated Image, one of the other endianness, or one that wants pages the CPU does not have. */
export function readArm64Header(image: ImageFile): Arm64Header {
  const { bytes } = image;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getBigUint64(16, true);
  const flags = view.getUint32(24, true);
  const old = size === 0n;
  const imageSize = old ? Math.max(bytes.length, OLD_IMAGE_BYTES) : Number(size);
  const textOffset = old ? OLD_TEXT_OFFSET : Number(view.getBigUint64(8, true));
  if ((flags & 1) !== 0) throw imageError(image, "the kernel is big-endian", "build it with CONFIG_CPU_LITTLE_ENDIAN");
  const pages = (flags >>> 1) & 3;
  if (pages > 1) {
    const found = pages === 2 ? "16 KiB" : "64 KiB";
    throw imageError(image, `the kernel was built for pages of ${found}, and the CPU has pages of 4 KiB`, "take a kernel with CONFIG_ARM64_4K_PAGES", { value: found });
  }
  // What follows the file's end is .bss, at most a few times the file; a header beyond that is damaged.
  if (imageSize > 2 ** 32 || textOffset >= 2 ** 21) {
    throw imageError(image, `its header gives image_size ${imageSize} and text_offset ${textOffset}`, "take an undamaged kernel", { value: imageSize });
  }
  const loaded = peFileBytes(image);
  if (loaded > bytes.length) {
    const [has, needs] = [sizeText(bytes.length), sizeText(loaded)];
    throw imageError(image, `the kernel is truncated: the file has ${has}, its sections need ${needs}`, "fetch it again", { value: bytes.length, limit: loaded });
  }
  return { textOffset, imageSize: Math.max(imageSize, bytes.length) };
}

/** What another kernel calls itself; undefined when it is none we know. */
export function otherArchitecture(bytes: Uint8Array): string | undefined {
  if (word(bytes, MAGIC_OFFSET) === RISCV_MAGIC) return "RISC-V";
  if (word(bytes, X86_MAGIC_OFFSET) === X86_MAGIC) return "x86";
  if (word(bytes, ARM32_MAGIC_OFFSET) === ARM32_MAGIC) return "32-bit Arm";
  return undefined;
}

/**
 * Where the last section of the Image's PE header ends in the file: an Image is an EFI program too (CONFIG_EFI), and that
 * header is the only one that says how long the file has to be. 0 without one.
 */
function peFileBytes({ bytes }: ImageFile): number {
  const pe = word(bytes, 60) ?? 0;
  if (pe < HEADER_BYTES || word(bytes, pe) !== 0x4550) return 0;
  const sections = half(bytes, pe + 6) ?? 0;
  const table = pe + 24 + (half(bytes, pe + 20) ?? 0);
  let end = 0;
  for (let n = 0; n < sections; n++) {
    const [size, offset] = [word(bytes, table + 40 * n + 16) ?? 0, word(bytes, table + 40 * n + 20) ?? 0];
    end = Math.max(end, size + offset);
  }
  return end;
}

function word(bytes: Uint8Array, at: number): number | undefined {
  if (at + 4 > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}

function half(bytes: Uint8Array, at: number): number | undefined {
  return at + 2 > bytes.length ? undefined : bytes[at]! | (bytes[at + 1]! << 8);
}
