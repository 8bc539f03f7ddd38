/**
 * A disk in the host's memory, empty or over another disk that is only read (a machine's `snapshot: true`). Gone when closed.
 *
 * Memory: clusters of 64 KiB that were written, up to a limit; and over a base one bit a cluster for those that a guest has
 * emptied. A write beyond the limit fails as on a full thin disk. Hot: `read` and `write`.
 */
import { ConfigError, HostError } from "@trapline/core";
import { CLUSTER_BYTES, clusterSize, eachCluster, MAX_CLUSTERED_BYTES } from "./clusters.ts";
import { type Disk, SECTOR_BYTES } from "./disk.ts";
import { fillZero, gather, PieceCursor, scatter, totalBytes } from "./pieces.ts";

/** Host memory of one disk unless told: 1 GiB. */
export const DEFAULT_MEMORY_LIMIT = 0x4000_0000;
/** What a Map can hold: 1 TiB. */
const MAX_MEMORY_LIMIT: number = 2 ** 40;

/** How large the disk is, what lies below it, and how much memory it may take. */
export interface MemoryDiskOptions {
  /** Multiple of 512, up to 8 TiB. Default: that of `base`. */
  readonly sizeBytes?: number;
  /** Read wherever nothing was written. It is closed with this disk. */
  readonly base?: Disk;
  /** Host memory for contents, bytes, 64 KiB … 1 TiB; writes beyond it fail. Default 1 GiB. */
  readonly limitBytes?: number;
  readonly readOnly?: boolean;
}

export class MemoryDisk implements Disk {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly discards = true;
  readonly grainBytes: number;
  private readonly base: Disk | undefined;
  private readonly limitBytes: number;
  private readonly clusters = new Map<number, Uint8Array>();
  /** Over a base: bit n of byte m is set when cluster 8·m + n was emptied and reads as zeros, whatever the base says. */
  private readonly emptied: Uint8Array;

  /** @throws ConfigError for a size or a limit that cannot be */
  constructor({ base, sizeBytes = base?.sizeBytes ?? 0, limitBytes = DEFAULT_MEMORY_LIMIT, readOnly = false }: MemoryDiskOptions) {
    this.name = base === undefined ? `a disk of ${sizeBytes} bytes of memory` : `the memory over ${base.name}`;
    checkSize(this.name, sizeBytes);
    checkMemoryLimit(this.name, limitBytes);
    this.base = base;
    this.sizeBytes = sizeBytes;
    this.limitBytes = limitBytes;
    this.readOnly = readOnly;
    this.grainBytes = base === undefined ? SECTOR_BYTES : CLUSTER_BYTES;
    this.emptied = new Uint8Array(base === undefined ? 0 : Math.ceil(sizeBytes / CLUSTER_BYTES / 8));
  }

  /** Host memory that the contents take, bytes. */
  get usedBytes(): number {
    return this.clusters.size * CLUSTER_BYTES;
  }

  read(offset: number, into: readonly Uint8Array[]): void {
    const cursor = new PieceCursor(into);
    eachCluster(offset, totalBytes(into), (cluster, start, count) => {
      const pieces = cursor.take(count);
      const bytes = this.clusters.get(cluster);
      if (bytes !== undefined) scatter(bytes.subarray(start, start + count), pieces);
      else if (this.showsBase(cluster)) this.base!.read(cluster * CLUSTER_BYTES + start, pieces);
      else fillZero(pieces);
    });
  }

  write(offset: number, from: readonly Uint8Array[]): void {
    const cursor = new PieceCursor(from);
    eachCluster(offset, totalBytes(from), (cluster, start, count) => {
      gather(cursor.take(count), this.writable(cluster, this.isWhole(cluster, count)), start);
    });
  }

  discard(offset: number, length: number): void {
    eachCluster(offset, length, (cluster, _start, count) => {
      if (this.isWhole(cluster, count)) this.empty(cluster);
    });
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): void {
    eachCluster(offset, length, (cluster, start, count) => {
      const isOwn = this.clusters.has(cluster);
      if (this.isWhole(cluster, count) && (mayUnmap || !isOwn)) this.empty(cluster);
      else if (isOwn || this.showsBase(cluster)) this.writable(cluster, false).fill(0, start, start + count);
    });
  }

  flush(): void {}

  close(): void {
    this.clusters.clear();
    this.base?.close();
  }

  /**
   * The cluster's own bytes; new ones begin with what it holds now, unless all of it is about to be overwritten.
   * @throws HostError beyond the limit
   */
  private writable(cluster: number, isOverwritten: boolean): Uint8Array {
    let bytes = this.clusters.get(cluster);
    if (bytes !== undefined) return bytes;
    if (this.usedBytes + CLUSTER_BYTES > this.limitBytes) {
      throw new HostError(`${this.name} has used its ${this.limitBytes} bytes`, {
        subject: this.name,
        value: this.usedBytes + CLUSTER_BYTES,
        limit: this.limitBytes,
        remedy: "allow it more, or let the guest discard what it deletes",
      });
    }
    bytes = new Uint8Array(CLUSTER_BYTES);
    if (!isOverwritten && this.showsBase(cluster))
      this.base!.read(cluster * CLUSTER_BYTES, [bytes.subarray(0, clusterSize(this.sizeBytes, cluster))]);
    this.clusters.set(cluster, bytes);
    return bytes;
  }

  private empty(cluster: number): void {
    this.clusters.delete(cluster);
    if (this.base !== undefined) this.emptied[cluster >> 3]! |= 1 << (cluster & 7);
  }

  /** Where it has no bytes of its own: the base shows through. */
  private showsBase(cluster: number): boolean {
    return this.base !== undefined && (this.emptied[cluster >> 3]! & (1 << (cluster & 7))) === 0;
  }

  private isWhole(cluster: number, count: number): boolean {
    return count === clusterSize(this.sizeBytes, cluster);
  }
}

function checkSize(name: string, sizeBytes: number): void {
  if (Number.isInteger(sizeBytes) && sizeBytes >= SECTOR_BYTES && sizeBytes <= MAX_CLUSTERED_BYTES && sizeBytes % SECTOR_BYTES === 0)
    return;
  throw new ConfigError(`${name} cannot have ${sizeBytes} bytes`, {
    subject: name,
    value: sizeBytes,
    limit: MAX_CLUSTERED_BYTES,
    remedy: "use a multiple of 512 up to 8 TiB",
  });
}

/** @throws ConfigError for a limit that is none */
export function checkMemoryLimit(name: string, limitBytes: number): void {
  if (limitBytes >= CLUSTER_BYTES && limitBytes <= MAX_MEMORY_LIMIT) return;
  throw new ConfigError(`${name} cannot be limited to ${limitBytes} bytes of memory`, {
    subject: name,
    value: limitBytes,
    limit: MAX_MEMORY_LIMIT,
    remedy: "allow it from 64 KiB to 1 TiB",
  });
}
