/**
 * Kernels in wrappings: gzip (RFC 1952), as distributions ship Image.gz, and EFI zboot (linux/drivers/firmware/efi/libstub/
 * zboot-header.S), a small EFI program around a compressed Image. Only gzip payloads: Node has no other that kernels use. Cold.
 */
import { messageOf } from "@trapline/core";
import { constants, gunzipSync } from "node:zlib";
import { imageError, type ImageFile, sizeText } from "./image-error.ts";

const ZBOOT_HEADER_BYTES = 0x40;
const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** The kernel inside, or the image itself. At most `limit` bytes. @throws ConfigError for damaged or unknown wrappings */
export function unpack(image: ImageFile, limit: number): ImageFile {
  return isZboot(image.bytes) ? unpackZboot(image, limit) : isGzip(image.bytes) ? gunzip(image, limit) : image;
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
  if (method !== "gzip") {
    throw imageError(image, `the zboot image is compressed with ${JSON.stringify(method)}`, "unpack it first, or take one compressed with gzip", { value: method });
  }
  return gunzip({ name: image.name, bytes: bytes.subarray(offset, offset + size) }, limit);
}

function gunzip({ name, bytes }: ImageFile, limit: number): ImageFile {
  try {
    const unpacked = gunzipSync(bytes, { maxOutputLength: limit, finishFlush: constants.Z_FINISH });
    return { name, bytes: new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength) };
  } catch (cause) {
    const tooLarge = (cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    const what = tooLarge ? `it unpacks to more than ${sizeText(limit)}` : `the gzip data is damaged or truncated (${messageOf(cause)})`;
    throw imageError({ name, bytes }, what, tooLarge ? "give the machine more memory" : "fetch it again");
  }
}
