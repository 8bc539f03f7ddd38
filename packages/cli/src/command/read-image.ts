/** Files that the user named. */
import { HostError, messageOf } from "@trapline/core";
import * as fs from "node:fs";
import { promisify } from "node:util";
import type { ImageFile } from "../boot/image-error.ts";

const read = promisify(fs.read);
const readFile = promisify(fs.readFile);

/** Threads that read a file again: those that Node has for files. */
const READERS = 4;

/** @throws HostError naming the option and the file */
export async function readImage(option: string, file: string): Promise<ImageFile> {
  try {
    const { bytes, stat } = await readWhole(file);
    return { name: file, bytes, ...(stat.isFile() ? { readAgain: (into) => readSame(file, stat, into) } : {}) };
  } catch (cause) {
    throw new HostError(`${option} ${file} cannot be read: ${messageOf(cause)}`, { subject: option, value: file, remedy: "check the path", cause });
  }
}

/**
 * In one piece, on another thread, which begins at once: this one has modules to load meanwhile, and comes back to its events late.
 * readFile would wait for it for each half MiB.
 */
async function readWhole(file: string): Promise<{ readonly bytes: Uint8Array; readonly stat: fs.BigIntStats }> {
  const descriptor = fs.openSync(file, "r");
  try {
    const stat = fs.fstatSync(descriptor, { bigint: true });
    const size = Number(stat.size); // 0 for pipes and the like
    const bytes = new Uint8Array(size);
    const bytesRead = size === 0 ? 0 : (await read(descriptor, bytes, 0, size, null)).bytesRead;
    if (size > 0 && bytesRead === size) return { bytes, stat };
    return { bytes: new Uint8Array(Buffer.concat([bytes.subarray(0, bytesRead), await readFile(descriptor)])), stat };
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The file as it was at `stat`, into memory. False when it is not, or cannot be read. */
async function readSame(file: string, stat: fs.BigIntStats, into: Uint8Array): Promise<boolean> {
  if (BigInt(into.length) !== stat.size) return false;
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(file, "r");
    const part = Math.ceil(into.length / READERS);
    const reads: Promise<{ bytesRead: number }>[] = [];
    for (let at = 0; at < into.length; at += part) reads.push(read(descriptor, into, at, Math.min(part, into.length - at), at));
    // All of them, whatever becomes of one: none may write there later.
    const ends = await Promise.allSettled(reads);
    const total = ends.reduce((sum, end) => sum + (end.status === "fulfilled" ? end.value.bytesRead : 0), 0);
    return total === into.length && isSame(stat, fs.fstatSync(descriptor, { bigint: true }));
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** The same file, unchanged since, as far as its times tell (they tick every few milliseconds): what was read from both is the same. */
function isSame(a: fs.BigIntStats, b: fs.BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}
