/**
 * A disk in a raw file: byte n of the disk is byte n of the file. Sparse files stay sparse: nothing is written but what the
 * guest writes, and zeros only where there are none yet.
 *
 * Node cannot punch holes, so `discard` is not offered: a guest that believed it would trim for nothing.
 */
import { ConfigError, HostError } from "@trapline/core";
import type { BlockFile } from "./block-file.ts";
import { type Disk, SECTOR_BYTES } from "./disk.ts";
import { FlushGuard } from "./flush-guard.ts";
import { totalBytes } from "./pieces.ts";

/** What file systems allocate at once, and what host disks write at once. */
export const FILE_GRAIN_BYTES = 4096;
/** Zeros written at once. */
const ZEROS: Uint8Array = new Uint8Array(0x1_0000);

export class FileDisk implements Disk {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly discards = false;
  readonly grainBytes: number = FILE_GRAIN_BYTES;
  /** Bytes at the end of the file that make no whole sector and are left alone, 0 … 511. */
  readonly unusedBytes: number;
  private readonly file: BlockFile;
  private readonly guard: FlushGuard;
  private closed = false;

  /** Takes over `file`. @throws ConfigError when it has no sector; the file is closed then */
  constructor(file: BlockFile, readOnly: boolean) {
    this.name = file.path;
    this.readOnly = readOnly;
    this.file = file;
    this.guard = new FlushGuard(file.path);
    const bytes = file.size();
    this.unusedBytes = bytes % SECTOR_BYTES;
    this.sizeBytes = bytes - this.unusedBytes;
    if (this.sizeBytes > 0) return;
    file.close();
    throw tooSmall(file.path, bytes);
  }

  read(offset: number, into: readonly Uint8Array[]): void {
    const wanted = totalBytes(into);
    const found = this.file.read(offset, into);
    if (found < wanted) {
      throw new HostError(`${this.name} ends at byte ${offset + found}, and its disk has ${this.sizeBytes}`, {
        subject: this.name,
        value: offset + found,
        limit: this.sizeBytes,
        remedy: "somebody cut the file while it was in use: do not",
      });
    }
  }

  write(offset: number, from: readonly Uint8Array[]): void {
    this.file.write(offset, from);
  }

  discard(): void {}

  writeZeroes(offset: number, length: number): void {
    const found = new Uint8Array(Math.min(length, ZEROS.length));
    for (let done = 0; done < length; done += ZEROS.length) {
      const count = Math.min(ZEROS.length, length - done);
      const old = found.subarray(0, count);
      this.read(offset + done, [old]);
      if (Buffer.compare(old, ZEROS.subarray(0, count)) !== 0) this.file.write(offset + done, [ZEROS.subarray(0, count)]);
    }
  }

  flush(): void {
    this.guard.check();
    try {
      this.file.sync();
    } catch (error) {
      throw this.guard.failed(error);
    }
  }

  async flushSoon(): Promise<void> {
    this.guard.check();
    try {
      await this.file.syncSoon();
    } catch (error) {
      throw this.guard.failed(error);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      if (!this.readOnly) this.flush();
    } finally {
      this.file.close();
    }
  }
}

export function tooSmall(path: string, bytes: number): ConfigError {
  return new ConfigError(`${path} has ${bytes} bytes, and a disk has at least one sector of ${SECTOR_BYTES}`, {
    subject: path,
    value: bytes,
    limit: SECTOR_BYTES,
    remedy: "make it larger (truncate -s 1G FILE)",
  });
}
