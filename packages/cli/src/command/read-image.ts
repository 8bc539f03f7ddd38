/** Files that the user named. */
import { HostError, messageOf } from "@trapline/core";
import { readFile } from "node:fs/promises";
import type { ImageFile } from "../boot/image-error.ts";

/** @throws HostError naming the option and the file */
export async function readImage(option: string, file: string): Promise<ImageFile> {
  try {
    const bytes = await readFile(file);
    return { name: file, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  } catch (cause) {
    throw new HostError(`${option} ${file} cannot be read: ${messageOf(cause)}`, { subject: option, value: file, remedy: "check the path", cause });
  }
}
