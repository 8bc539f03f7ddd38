/**
 * A disk that keeps what differs from another one, its base, in a file of its own (overlay-format.ts). The base is only read.
 *
 * It survives a crash at any moment: data goes to clusters that the table on disk does not name yet, or in place; a flush syncs
 * data, then writes the table, then syncs that. So a sector holds what was last flushed, or something written since, and never
 * anybody else's data. What was not flushed may be lost, as with a disk's own cache. Discarded clusters are used again; the
 * file does not shrink. Hot: `read` and `write`.
 */
import { ConfigError } from "@trapline/core";
import { basePrint } from "./base-print.ts";
import type { BlockFile } from "./block-file.ts";
import { CLUSTER_BYTES, clusterSize, eachCluster, MAX_CLUSTERED_BYTES } from "./clusters.ts";
import type { Disk } from "./disk.ts";
import * as format from "./overlay-format.ts";
import { isData, OverlayTable } from "./overlay-table.ts";
import { fillZero, PieceCursor, totalBytes } from "./pieces.ts";
import { StagedFlush } from "./staged-flush.ts";

/** Released clusters that may wait for a flush before one is made to get them back, instead of making the file longer: 256 MiB. */
const MAX_WAITING = 4096;

/** Where a run of bytes comes from, if not from a place in the file. */
const FROM_BASE = -1;
const FROM_ZEROS = -2;

export class OverlayDisk implements Disk {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly discards = true;
  readonly grainBytes: number = CLUSTER_BYTES;
  private readonly file: BlockFile;
  private readonly base: Disk;
  private readonly table: OverlayTable;
  private readonly flushes: StagedFlush;
  private closed = false;

  /**
   * Takes over `file` and `base`; an empty file is begun. Closes both when it throws.
   * @throws ConfigError when the file is no overlay, damaged, or of another base; HostError
   */
  constructor(file: BlockFile, base: Disk, readOnly = false) {
    this.name = file.path;
    this.sizeBytes = base.sizeBytes;
    this.readOnly = readOnly;
    this.file = file;
    this.base = base;
    this.flushes = new StagedFlush(file, () => this.flushStages());
    try {
      openHeader(file, base);
      this.table = new OverlayTable(file, this.sizeBytes);
    } catch (error) {
      file.close();
      base.close();
      throw error;
    }
  }

  read(offset: number, into: readonly Uint8Array[]): void {
    const cursor = new PieceCursor(into);
    let from = offset; // where a run of clusters begins that can be read at once,
    let source = FROM_BASE; // where it lies in the file, or FROM_BASE, FROM_ZEROS,
    let length = 0; // and its bytes
    eachCluster(offset, totalBytes(into), (cluster, start, count) => {
      const entry = this.table.get(cluster);
      const at = isData(entry) ? entry * CLUSTER_BYTES + start : entry === format.BASE_ENTRY ? FROM_BASE : FROM_ZEROS;
      if (at !== (source < 0 ? source : source + length)) {
        if (length > 0) this.readRun(source, from, cursor.take(length));
        from = cluster * CLUSTER_BYTES + start;
        source = at;
        length = 0;
      }
      length += count;
    });
    if (length > 0) this.readRun(source, from, cursor.take(length));
  }

  write(offset: number, from: readonly Uint8Array[]): void {
    const cursor = new PieceCursor(from);
    const begun: { readonly cluster: number; readonly entry: number }[] = [];
    let pieces: Uint8Array[] = []; // of one run, to be written at `position`
    let position = 0;
    let length = 0;
    try {
      eachCluster(offset, totalBytes(from), (cluster, start, count) => {
        const entry = this.table.get(cluster);
        const isNew = !isData(entry);
        const target = isNew ? this.allocate() : entry;
        if (isNew) begun.push({ cluster, entry: target });
        const at = target * CLUSTER_BYTES + (isNew ? 0 : start);
        if (length > 0 && at !== position + length) {
          this.file.write(position, pieces);
          pieces = [];
          length = 0;
        }
        if (length === 0) position = at;
        const more = isNew ? this.filledUp(cluster, entry, start, count, cursor.take(count)) : cursor.take(count);
        for (const piece of more) pieces.push(piece);
        length += isNew ? clusterSize(this.sizeBytes, cluster) : count;
      });
      if (length > 0) this.file.write(position, pieces);
    } catch (error) {
      for (const { entry } of begun) this.table.giveBack(entry);
      throw error;
    }
    for (const { cluster, entry } of begun) this.table.set(cluster, entry);
  }

  discard(offset: number, length: number): void {
    eachCluster(offset, length, (cluster, _start, count) => {
      if (count === clusterSize(this.sizeBytes, cluster)) this.table.set(cluster, format.ZERO_ENTRY);
    });
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): void {
    eachCluster(offset, length, (cluster, start, count) => {
      const entry = this.table.get(cluster);
      if (count === clusterSize(this.sizeBytes, cluster) && (mayUnmap || !isData(entry))) this.table.set(cluster, format.ZERO_ENTRY);
      else if (entry !== format.ZERO_ENTRY) this.write(cluster * CLUSTER_BYTES + start, [new Uint8Array(count)]);
    });
  }

  flush(): void {
    this.flushes.now();
  }

  flushSoon(): Promise<void> {
    return this.flushes.soon();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      if (!this.readOnly) this.flush();
    } finally {
      this.file.close();
      this.base.close();
    }
  }

  /** Bytes of one run from where they lie. */
  private readRun(source: number, offset: number, into: readonly Uint8Array[]): void {
    if (source === FROM_BASE) this.base.read(offset, into);
    else if (source === FROM_ZEROS) fillZero(into);
    else if (this.file.read(source, into) < totalBytes(into))
      throw format.damaged(this.name, `it ends before byte ${source + totalBytes(into)}`);
  }

  /** A new cluster's bytes: those written, and around them what it held before. */
  private filledUp(cluster: number, entry: number, start: number, count: number, written: readonly Uint8Array[]): readonly Uint8Array[] {
    const size = clusterSize(this.sizeBytes, cluster);
    if (count === size) return written;
    const before = new Uint8Array(start);
    const after = new Uint8Array(size - start - count);
    if (entry === format.BASE_ENTRY) {
      if (before.length > 0) this.base.read(cluster * CLUSTER_BYTES, [before]);
      if (after.length > 0) this.base.read(cluster * CLUSTER_BYTES + start + count, [after]);
    }
    return [before, ...written, after].filter((piece) => piece.length > 0);
  }

  private allocate(): number {
    if (this.table.isFull && this.table.waiting >= MAX_WAITING) this.flush();
    return this.table.allocate();
  }

  private *flushStages(): Generator<void, void, void> {
    const changes = this.table.takeChanges();
    yield; // data before metadata
    for (const { position, bytes } of changes.pages) this.file.write(position, [bytes]);
    if (changes.pages.length > 0) yield;
    this.table.reuse(changes);
  }
}

/** Begins an empty file, or checks that it belongs to the base. */
function openHeader(file: BlockFile, base: Disk): void {
  const { sizeBytes: diskBytes, name } = base;
  if (diskBytes > MAX_CLUSTERED_BYTES) {
    throw new ConfigError(`${name} has ${diskBytes} bytes, too many for an overlay`, {
      subject: name,
      other: file.path,
      value: diskBytes,
      limit: MAX_CLUSTERED_BYTES,
      remedy: "use a disk of at most 8 TiB",
    });
  }
  const print = basePrint(base);
  if (file.size() === 0) {
    file.write(0, [format.encodeHeader({ diskBytes, basePrint: print, baseName: name })]);
    file.resize(format.firstDataCluster(diskBytes) * CLUSTER_BYTES);
    file.sync();
    return;
  }
  const bytes = new Uint8Array(format.HEADER_BYTES);
  const header = format.decodeHeader(file.path, bytes.subarray(0, file.read(0, [bytes])));
  if (header.diskBytes === diskBytes && header.basePrint.every((byte, n) => byte === print[n])) return;
  const how = header.diskBytes === diskBytes ? "whose contents differ" : `of ${diskBytes} bytes`;
  throw new ConfigError(`${file.path} was begun over ${header.baseName} of ${header.diskBytes} bytes, not over ${name}, ${how}`, {
    subject: file.path,
    other: name,
    remedy: "use the base as it was; one that was written since is another",
  });
}
