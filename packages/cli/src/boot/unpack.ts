/**
 * Kernels in wrappings: gzip (RFC 1952), as distributions ship Image.gz, and EFI zboot (linux/drivers/firmware/efi/libstub/
 * zboot-header.S), a small EFI program around a compressed Image. gzip is unpacked, and zstd by a Node that can; what else kernels are
 * packed with is named, with the command that unpacks it (docs/adr/0045-packed-kernels.md). Cold.
 */
import { messageOf } from "@trapline/core";
import * as zlib from "node:zlib";
import { imageError, type ImageFile, sizeText } from "./image-error.ts";

const ZBOOT_HEADER_BYTES = 0x40;
/** How files begin that are packed as a whole, and the program that unpacks them. */
const PACKED: readonly (readonly [magic: readonly number[], format: string, program: string])[] = [
  [[0x28, 0xb5, 0x2f, 0xfd], "zstd", "zstd -d"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz", "xz -d"],
  [[0x02, 0x21, 0x4c, 0x18], "lz4", "lz4 -d"],
  [[0x04, 0x22, 0x4d, 0x18], "lz4", "lz4 -d"],
  [[0x89, 0x4c, 0x5a, 0x4f], "lzo", "lzop -d"],
  [[0x5d, 0x00, 0x00], "lzma", "xz -d --format=lzma"],
  [[0x42, 0x5a, 0x68], "bzip2", "bzip2 -d"],
];
/** What a zboot header calls them (linux/drivers/firmware/efi/libstub/Makefile.zboot). */
const ZBOOT_METHODS: Readonly<Record<string, string>> = { zstd22: "zstd", xzkern: "xz" };
const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** The kernel inside, or the image itself. At most `limit` bytes. @throws ConfigError for damaged or unknown wrappings */
export function unpack(image: ImageFile, limit: number): ImageFile {
  if (isZboot(image.bytes)) return unpackZboot(image, limit);
  if (isGzip(image.bytes)) return gunzip(image, limit);
  const packed = PACKED.find(([magic]) => magic.every((byte, at) => image.bytes[at] === byte));
  if (packed === undefined) return image;
  const [, format, program] = packed;
  return format === "zstd" ? unzstd(image, limit, `${program} <FILE >Image`) : refusePacked(image, `the file is packed with ${format}`, format, `${program} <FILE >Image`);
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** "MZ" of an EFI program, then "zimg". */
function isZboot(bytes: Uint8Array): boolean {
  return bytes.length >= ZBOOT_HEADER_BYTES && ascii(bytes.subarray(0, 2)) === "MZ" && ascii(bytes.subarray(4, 8)) === "zimg";
}

function unpackZboot(image: ImageFile, limit: number): ImageFile {
  const { bytes } = image;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [offset, size] = [view.getUint32(8, true), view.getUint32(12, true)];
  const method = ascii(bytes.subarray(24, 56)).replace(/\0.*$/s, "");
  if (offset + size > bytes.length) {
    const message = `the zboot image is truncated: it has ${sizeText(bytes.length)}, its payload ends at ${sizeText(offset + size)}`;
    throw imageError(image, message, "fetch it again", { value: bytes.length, limit: offset + size });
  }
  const payload = { name: image.name, bytes: bytes.subarray(offset, offset + size) };
  if (method === "gzip") return gunzip(payload, limit);
  const format = ZBOOT_METHODS[method] ?? method;
  const program = PACKED.find(([, name]) => name === format)?.[2];
  const cut = `tail -c +${offset + 1} FILE | head -c ${size}`;
  const command = program === undefined ? `${cut} gives the packed kernel` : `${cut} | ${program} >Image`;
  return format === "zstd" ? unzstd(payload, limit, command) : refusePacked(image, `the zboot image is packed with ${JSON.stringify(method)}`, method, command);
}

function refusePacked(image: ImageFile, what: string, value: string, command: string): never {
  throw imageError(image, what, `unpack it first (${command}), or take one packed with gzip`, { value });
}

/** In Node since 22.15 and 23.8. */
const zstd = (zlib as { readonly zstdDecompressSync?: (bytes: Uint8Array, options: { readonly maxOutputLength: number; readonly params: Record<number, number> }) => Uint8Array }).zstdDecompressSync;
/** ZSTD_d_windowLogMax: kernels are packed with a window of 128 MiB. */
const WINDOW = { 100: 27 } as const;

function unzstd(image: ImageFile, limit: number, command: string): ImageFile {
  if (zstd === undefined) throw imageError(image, "it is packed with zstd, which this Node cannot unpack", `use Node 22.15 or later, or unpack it first (${command})`, { value: "zstd" });
  return unpackBy("zstd", image, limit, (bytes, maxOutputLength) => zstd(bytes, { maxOutputLength, params: WINDOW }));
}

function gunzip(image: ImageFile, limit: number): ImageFile {
  return unpackBy("gzip", image, limit, (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength, finishFlush: zlib.constants.Z_FINISH }));
}

function unpackBy(format: string, { name, bytes }: ImageFile, limit: number, unpacker: (bytes: Uint8Array, maxOutputLength: number) => Uint8Array): ImageFile {
  try {
    const unpacked = unpacker(bytes, limit);
    return { name, bytes: new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength) };
  } catch (cause) {
    const tooLarge = (cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    const what = tooLarge ? `it unpacks to more than ${sizeText(limit)}` : `the ${format} data is damaged or truncated (${messageOf(cause)})`;
    throw imageError({ name, bytes }, what, tooLarge ? "give the machine more memory" : "fetch it again");
  }
}
