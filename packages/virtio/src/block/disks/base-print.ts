/**
 * Tells whether a disk is still the one that an overlay was begun over: a SHA-256 of its size, its first 2 MiB and samples of
 * the rest. Whoever mounts a file system for writing changes its superblock, and the usual ones, of a bare disk or of a first
 * partition at 1 MiB, lie in what is looked at whole. A change elsewhere may go unnoticed. Costs a few milliseconds. Cold.
 */
import { createHash } from "node:crypto";
import { type Disk, SECTOR_BYTES } from "./disk.ts";

const HEAD_BYTES = 0x20_0000;
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/** 32 bytes. */
export function basePrint(disk: Disk): Uint8Array {
  const { sizeBytes } = disk;
  const hash = createHash("sha256").update(`${sizeBytes}\n`);
  const add = (offset: number, length: number): void => {
    const bytes = new Uint8Array(Math.min(length, sizeBytes - offset));
    if (bytes.length > 0) disk.read(offset, [bytes]);
    hash.update(bytes);
  };
  add(0, Math.min(HEAD_BYTES, sizeBytes));
  for (let n = 1; n <= SAMPLES && sizeBytes > HEAD_BYTES; n++) {
    const end = HEAD_BYTES + Math.floor(((sizeBytes - HEAD_BYTES) * n) / SAMPLES);
    add(Math.max(HEAD_BYTES, Math.floor((end - SAMPLE_BYTES) / SECTOR_BYTES) * SECTOR_BYTES), SAMPLE_BYTES);
  }
  return hash.digest();
}
