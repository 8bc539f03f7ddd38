/**
 * Address → claimed range in constant time: a two-level table of 64 MiB chunks and 4 KiB pages (bench: bus/regions-*).
 *
 * An entry, at both levels, is 0 (nothing), a positive number (the only range that touches this chunk or page; the caller
 * checks its bounds) or a negative number (look one level deeper: a table of pages, or a page that several ranges share,
 * which is searched by halves). Addresses from 2^40 up are rare and searched by halves among the ranges up there.
 *
 * Memory: 64 KiB per chunk that two or more ranges touch, 4 bytes per chunk below the highest claim under 2^40.
 * Hot: `find`. Cold: everything else.
 */
import { type AddressRange, overlaps } from "./address-range.ts";

const PAGE_BITS = 12;
const CHUNK_BITS = 26;
const PAGE = 2 ** PAGE_BITS;
const CHUNK = 2 ** CHUNK_BITS;
const PAGES_PER_CHUNK = CHUNK / PAGE;
const NEAR_LIMIT = 2 ** 40;

export class RegionTable<R extends AddressRange> {
  /** All ranges, sorted by base; they never overlap. */
  private readonly sorted: R[] = [];
  private readonly byId: (R | undefined)[] = [undefined];
  private readonly freeIds: number[] = [];
  private readonly ids = new Map<R, number>();

  private chunks = new Int32Array(64);
  private readonly pageTables: Int32Array[] = [];
  private readonly sharedPages: R[][] = [];
  private readonly freePageTables: number[] = [];
  private readonly freeSharedPages: number[] = [];
  private far: readonly R[] = [];

  get all(): readonly R[] {
    return this.sorted;
  }

  /** The range that may hold `address`: undefined means none does, otherwise the caller checks the bounds. */
  find(address: number): R | undefined {
    if (address >= NEAR_LIMIT) return search(this.far, address);
    const page = (address / PAGE) | 0; // below 2^28, so the cut to an int32 is exact
    const chunk = page >>> (CHUNK_BITS - PAGE_BITS);
    if (chunk >= this.chunks.length) return undefined;
    let entry = this.chunks[chunk]!;
    if (entry < 0) entry = this.pageTables[~entry]![page & (PAGES_PER_CHUNK - 1)]!;
    if (entry < 0) return search(this.sharedPages[~entry]!, address);
    return this.byId[entry];
  }

  /** A range that overlaps `range`, if there is one. */
  conflict(range: AddressRange): R | undefined {
    const at = position(this.sorted, range.base);
    const before = this.sorted[at - 1];
    const after = this.sorted[at];
    if (before !== undefined && overlaps(before, range)) return before;
    return after !== undefined && overlaps(after, range) ? after : undefined;
  }

  /** The caller has checked that nothing conflicts. */
  insert(range: R): void {
    const id = this.freeIds.pop() ?? this.byId.length;
    this.byId[id] = range;
    this.ids.set(range, id);
    this.sorted.splice(position(this.sorted, range.base), 0, range);
    this.refresh(range);
  }

  remove(range: R): void {
    const id = this.ids.get(range);
    if (id === undefined) return;
    this.sorted.splice(this.sorted.indexOf(range), 1);
    this.ids.delete(range);
    this.byId[id] = undefined;
    this.freeIds.push(id);
    this.refresh(range);
  }

  /**
   * Writes again every entry that `range` touches, from the sorted list. Chunks inside it have no other range and are written at a
   * stroke: a window of 512 GiB has 8192 of them.
   */
  private refresh(range: R): void {
    const end = range.base + range.size;
    if (end > NEAR_LIMIT) this.far = this.sorted.filter((r) => r.base + r.size > NEAR_LIMIT);
    const firstChunk = Math.floor(range.base / CHUNK);
    const lastChunk = Math.floor((Math.min(end, NEAR_LIMIT) - 1) / CHUNK);
    if (firstChunk > lastChunk) return;
    this.growChunks(lastChunk);
    this.chunks.fill(this.ids.get(range) ?? 0, firstChunk + 1, lastChunk);
    this.refreshChunk(firstChunk, range);
    if (lastChunk !== firstChunk) this.refreshChunk(lastChunk, range);
  }

  private refreshChunk(chunk: number, range: R): void {
    const base = chunk * CHUNK;
    const inside = this.touching(base, CHUNK);
    const entry = this.chunks[chunk]!;
    if (inside.length <= 1) {
      if (entry < 0) this.dropPageTable(entry);
      this.chunks[chunk] = inside.length === 0 ? 0 : this.ids.get(inside[0]!)!;
      return;
    }
    const fresh = entry >= 0;
    const index = fresh ? (this.freePageTables.pop() ?? this.pageTables.length) : ~entry;
    const pages = fresh ? (this.pageTables[index] = new Int32Array(PAGES_PER_CHUNK)) : this.pageTables[index]!;
    this.chunks[chunk] = ~index;
    // A fresh table is filled for all its ranges, an existing one only where this range lies.
    for (const r of fresh ? inside : [range]) this.refreshPages(pages, base, r);
  }

  /** As {@link refresh}: pages inside the range have no other. */
  private refreshPages(pages: Int32Array, base: number, range: R): void {
    const first = Math.max(0, Math.floor((range.base - base) / PAGE));
    const last = Math.min(PAGES_PER_CHUNK - 1, Math.floor((range.base + range.size - 1 - base) / PAGE));
    pages.fill(this.ids.get(range) ?? 0, first + 1, last);
    this.refreshPage(pages, first, base + first * PAGE);
    if (last !== first) this.refreshPage(pages, last, base + last * PAGE);
  }

  private refreshPage(pages: Int32Array, page: number, base: number): void {
    const inside = this.touching(base, PAGE);
    const entry = pages[page]!;
    if (inside.length <= 1) {
      if (entry < 0) this.freeSharedPages.push(~entry);
      pages[page] = inside.length === 0 ? 0 : this.ids.get(inside[0]!)!;
      return;
    }
    const index = entry < 0 ? ~entry : (this.freeSharedPages.pop() ?? this.sharedPages.length);
    this.sharedPages[index] = inside;
    pages[page] = ~index;
  }

  private dropPageTable(entry: number): void {
    for (const page of this.pageTables[~entry]!) if (page < 0) this.freeSharedPages.push(~page);
    this.pageTables[~entry] = EMPTY_TABLE;
    this.freePageTables.push(~entry);
  }

  private touching(base: number, size: number): R[] {
    const found: R[] = [];
    const at = position(this.sorted, base);
    const before = this.sorted[at - 1];
    if (before !== undefined && before.base + before.size > base) found.push(before);
    for (let i = at; i < this.sorted.length && this.sorted[i]!.base < base + size; i++) found.push(this.sorted[i]!);
    return found;
  }

  private growChunks(chunk: number): void {
    if (chunk < this.chunks.length) return;
    const grown = new Int32Array(2 ** Math.ceil(Math.log2(chunk + 1)));
    grown.set(this.chunks);
    this.chunks = grown;
  }
}

const EMPTY_TABLE = new Int32Array(0);

/** Index of the first range whose base is at or above `address`. */
function position(sorted: readonly AddressRange[], address: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.base < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last range whose base is at or below `address`. */
function search<R extends AddressRange>(sorted: readonly R[], address: number): R | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.base <= address) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
