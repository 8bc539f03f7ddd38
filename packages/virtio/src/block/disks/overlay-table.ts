/**
 * The table of an overlay in memory: where each cluster of the disk lies in the file, which pages changed since they were
 * written, and which clusters of the file are free.
 *
 * A cluster that an entry let go may still be named by the table on disk. It is handed out again only after the next table
 * has been written and synced (`takeChanges`, then `reuse`): otherwise a crash could show one cluster's data in another.
 *
 * Memory: 4 bytes for each cluster in pages that say anything, at most 64 MiB for each TiB of disk. Hot: `get`.
 */
import { Buffer } from "node:buffer";
import type { BlockFile } from "./block-file.ts";
import { CLUSTER_BYTES } from "./clusters.ts";
import * as format from "./overlay-format.ts";

interface TablePage {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** What a flush has to write. */
export interface TableChanges {
  /** Copies, as they were when they were taken. */
  readonly pages: readonly { readonly position: number; readonly bytes: Uint8Array }[];
  /** Free once the pages are safe. */
  readonly released: readonly number[];
}

/** Table pages read at once. */
const PAGES_PER_READ = 256;
/** That many of a disk to which nothing was written. */
const NOTHING: Uint8Array = new Uint8Array(PAGES_PER_READ * format.TABLE_PAGE_BYTES);

export class OverlayTable {
  private readonly pages = new Map<number, TablePage>();
  private readonly changed = new Set<number>();
  /** Clusters of the file that nothing names. */
  private readonly free: number[] = [];
  /** Let go, but perhaps still named on disk. */
  private released: number[] = [];
  /** The cluster behind the last one of the file. */
  private end: number;

  /** Reads and checks the table. @throws ConfigError when it names clusters that cannot be, HostError */
  constructor(file: BlockFile, diskBytes: number) {
    const first = format.firstDataCluster(diskBytes);
    this.end = Math.max(first, Math.ceil(file.size() / CLUSTER_BYTES));
    const used = new Uint8Array(this.end);
    const clusters = format.clusterCount(diskBytes);
    const read = new Uint8Array(NOTHING.length);
    for (let page = 0; page < format.tablePages(diskBytes); page += PAGES_PER_READ) {
      read.fill(0, file.read(format.tablePageAt(page), [read]));
      if (Buffer.compare(read, NOTHING) === 0) continue;
      for (let n = 0; n < PAGES_PER_READ; n++) {
        const bytes = read.subarray(n * format.TABLE_PAGE_BYTES, (n + 1) * format.TABLE_PAGE_BYTES);
        const entries = Math.min(format.ENTRIES_PER_PAGE, clusters - (page + n) * format.ENTRIES_PER_PAGE);
        if (entries <= 0) break;
        this.load(file.path, page + n, bytes.slice(), entries, first, used);
      }
    }
    for (let cluster = this.end - 1; cluster >= first; cluster--) if (used[cluster] === 0) this.free.push(cluster);
  }

  /** The entry of a cluster of the disk. */
  get(cluster: number): number {
    const page = this.pages.get(Math.floor(cluster / format.ENTRIES_PER_PAGE));
    return page === undefined ? format.BASE_ENTRY : page.view.getUint32(4 * (cluster % format.ENTRIES_PER_PAGE), true);
  }

  /** Points a cluster of the disk elsewhere; what it pointed at is released. */
  set(cluster: number, entry: number): void {
    const before = this.get(cluster);
    if (before === entry) return;
    if (isData(before)) this.released.push(before);
    const index = Math.floor(cluster / format.ENTRIES_PER_PAGE);
    let page = this.pages.get(index);
    if (page === undefined) this.pages.set(index, (page = pageOf(new Uint8Array(format.TABLE_PAGE_BYTES))));
    page.view.setUint32(4 * (cluster % format.ENTRIES_PER_PAGE), entry, true);
    this.changed.add(index);
  }

  /** A free cluster of the file; the lowest of those known when it was opened, or a new one at its end. */
  allocate(): number {
    return this.free.pop() ?? this.end++;
  }

  /** A cluster that was allocated and that no entry ever named. */
  giveBack(cluster: number): void {
    this.free.push(cluster);
  }

  /** True when the next cluster can only be had by making the file longer. */
  get isFull(): boolean {
    return this.free.length === 0;
  }

  /** Clusters that wait for the next flush to be free. */
  get waiting(): number {
    return this.released.length;
  }

  /** Everything changed since it was last called. */
  takeChanges(): TableChanges {
    const pages = [...this.changed]
      .toSorted((a, b) => a - b)
      .map((index) => ({ position: format.tablePageAt(index), bytes: this.pages.get(index)!.bytes.slice() }));
    const { released } = this;
    this.changed.clear();
    this.released = [];
    return { pages, released };
  }

  /** What `takeChanges` gave is safe. */
  reuse({ released }: TableChanges): void {
    for (const cluster of released) this.free.push(cluster);
  }

  private load(path: string, index: number, bytes: Uint8Array, entries: number, first: number, used: Uint8Array): void {
    const page = pageOf(bytes);
    let saysAnything = false;
    for (let n = 0; n < entries; n++) {
      const entry = page.view.getUint32(4 * n, true);
      saysAnything ||= entry !== format.BASE_ENTRY;
      if (!isData(entry)) continue;
      const cluster = index * format.ENTRIES_PER_PAGE + n;
      if (entry < first || entry >= this.end)
        throw format.damaged(path, `cluster ${cluster} is said to lie at ${entry}, and it has clusters ${first} to ${this.end - 1}`);
      if (used[entry] === 1) throw format.damaged(path, `two clusters are said to lie at ${entry}`);
      used[entry] = 1;
    }
    if (saysAnything) this.pages.set(index, page);
  }
}

/** The entry names a cluster of the file. */
export function isData(entry: number): boolean {
  return entry !== format.BASE_ENTRY && entry !== format.ZERO_ENTRY;
}

function pageOf(bytes: Uint8Array): TablePage {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
