/** What specs of disks need: files in a folder that goes away, sectors that can be told apart, and a file that keeps a journal. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError } from "@trapline/core";
import { onTestFinished } from "vitest";
import type { BlockFile } from "./block-file.ts";
import { type Disk, SECTOR_BYTES } from "./disk.ts";
import { totalBytes } from "./pieces.ts";

/** Makes paths in a folder of the test's own. */
export function folder(): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), "trapline-disk-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return (name) => join(path, name);
}

/** `count` sectors that all say `tag`, 0 … 2^32 − 1, in each of their words. */
export function sectors(count: number, tag: number): Uint8Array {
  return new Uint8Array(new Uint32Array((count * SECTOR_BYTES) / 4).fill(tag).buffer);
}

/** Sectors as they are on a disk, each told by its first word. */
export function tags(disk: Disk, first = 0, count: number = disk.sizeBytes / SECTOR_BYTES - first): number[] {
  const bytes = new Uint8Array(count * SECTOR_BYTES);
  disk.read(first * SECTOR_BYTES, [bytes]);
  return tagsOf(bytes);
}

/** @throws RangeError for a sector whose words differ: one that was torn */
export function tagsOf(bytes: Uint8Array): number[] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return Array.from({ length: bytes.length / SECTOR_BYTES }, (_, sector) => {
    const own = words.subarray((sector * SECTOR_BYTES) / 4, ((sector + 1) * SECTOR_BYTES) / 4);
    if (own.some((word) => word !== own[0])) throw new RangeError(`sector ${sector} is torn`);
    return own[0]!;
  });
}

export type JournalEntry = { readonly position: number; readonly bytes: Uint8Array } | { readonly size: number };

/** A file in memory that knows what a power cut would leave: what was synced, and any of what was written since. */
export class JournalFile implements BlockFile {
  readonly path: string;
  /** What happened: "write POSITION+LENGTH", "resize SIZE", "sync". */
  readonly log: string[] = [];
  /** As it was when it was last synced, and what came since. */
  synced: Uint8Array;
  unsynced: JournalEntry[] = [];
  /** Called before each change. */
  before: () => void = () => {};
  /** What the next sync throws. */
  failure: string | undefined;
  private bytes: Uint8Array;
  private end: number;

  constructor(path: string, bytes: Uint8Array = new Uint8Array(0)) {
    this.path = path;
    this.bytes = bytes.slice();
    this.synced = bytes.slice();
    this.end = bytes.length;
  }

  size(): number {
    return this.end;
  }

  read(position: number, into: readonly Uint8Array[]): number {
    let done = 0;
    for (const piece of into) {
      const found = this.bytes.subarray(Math.min(position + done, this.end), Math.min(position + done + piece.length, this.end));
      piece.set(found);
      done += found.length;
    }
    return done;
  }

  write(position: number, from: readonly Uint8Array[]): void {
    const whole = new Uint8Array(totalBytes(from));
    let at = 0;
    for (const piece of from) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.change({ position, bytes: whole }, `write ${position}+${whole.length}`);
  }

  resize(size: number): void {
    this.change({ size }, `resize ${size}`);
  }

  sync(): void {
    this.before();
    this.log.push("sync");
    if (this.failure !== undefined) {
      const { failure } = this;
      this.failure = undefined;
      throw new HostError(failure, { subject: this.path });
    }
    this.synced = this.bytes.slice(0, this.end);
    this.unsynced = [];
  }

  async syncSoon(): Promise<void> {
    await Promise.resolve();
    this.sync();
  }

  close(): void {
    this.log.push("close");
  }

  /** What a crash leaves, if of the changes since the last sync only these reach the disk. */
  image(changes: readonly JournalEntry[]): Uint8Array {
    return changes.reduce<Uint8Array>((bytes, change) => applied(bytes, change), this.synced.slice());
  }

  private change(entry: JournalEntry, text: string): void {
    this.before();
    this.log.push(text);
    this.unsynced.push(entry);
    this.bytes = applied(this.bytes, entry);
    this.end = "size" in entry ? entry.size : Math.max(this.end, entry.position + entry.bytes.length);
  }
}

function applied(bytes: Uint8Array, entry: JournalEntry): Uint8Array {
  const size = "size" in entry ? entry.size : Math.max(bytes.length, entry.position + entry.bytes.length);
  let result = bytes;
  if (size !== bytes.length) {
    result = new Uint8Array(size);
    result.set(bytes.subarray(0, size));
  }
  if ("position" in entry) result.set(entry.bytes, entry.position);
  return result;
}
