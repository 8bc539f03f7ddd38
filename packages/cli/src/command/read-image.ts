/** Files that the user named. */
import { HostError, messageOf } from "@trapline/core";
import * as fs from "node:fs";
import { promisify } from "node:util";
import type { ImageFile } from "../boot/image-error.ts";

const read = promisify(fs.read);
const readFile = promisify(fs.readFile);

/** @throws HostError naming the option and the file */
export async function readImage(option: string, file: string): Promise<ImageFile> {
  try {
    return { name: file, bytes: await readWhole(file) };
  } catch (cause) {
    throw new HostError(`${option} ${file} cannot be read: ${messageOf(cause)}`, { subject: option, value: file, remedy: "check the path", cause });
  }
}

/**
 * In one piece, on another thread, which begins at once: this one has modules to load meanwhile, and comes back to its events late.
 * readFile would wait for it for each half MiB.
 */
async function readWhole(file: string): Promise<Uint8Array> {
  const descriptor = fs.openSync(file, "r");
  try {
    const { size } = fs.fstatSync(descriptor); // 0 for pipes and the like
    const bytes = new Uint8Array(size);
    const bytesRead = size === 0 ? 0 : (await read(descriptor, bytes, 0, size, null)).bytesRead;
    if (size > 0 && bytesRead === size) return bytes;
    return new Uint8Array(Buffer.concat([bytes.subarray(0, bytesRead), await readFile(descriptor)]));
  } finally {
    fs.closeSync(descriptor);
  }
}
