/**
 * Guest memory in a snapshot: only the pages that are not one byte all over. Pages of zeros, all that a guest has not touched, are not even
 * named; pages of another byte (an erased flash) are named without their contents.
 *
 * Warm: looking for pages costs what reading the memory costs (about 0.1 s for 512 MiB); nothing is written that need not be, so the
 * host commits no page that the guest has not used.
 */
import { SnapshotError } from "../errors.ts";
import type { GuestMemory } from "../memory/guest-memory.ts";
import type { MemoryRegion } from "../memory/memory-region.ts";

const PAGE = 4096;
const PAGE_WORDS = PAGE / 4;
/** What `pageByte` says of a page whose bytes differ. */
const MIXED = -1;

type Run = readonly [first: number, count: number];

/** Pages of one region. */
export interface RegionPages {
  readonly region: string;
  /** Pages with contents: [first page, count]. */
  readonly runs: readonly Run[];
  /** Pages of one byte other than 0: [first page, count, byte]. */
  readonly fills: readonly (readonly [first: number, count: number, byte: number])[];
}

export interface CapturedMemory {
  readonly index: readonly RegionPages[];
  /** The pages of all runs, one after the other. */
  readonly bytes: Uint8Array;
}

/** Copies what has contents: needs as much host memory as the guest has touched. */
export function captureMemory(memory: GuestMemory): CapturedMemory {
  const index = memory.regions.map((region) => pagesOf(memory, region));
  const parts = index.flatMap(({ runs }, at) => runs.map(([first, count]) => windowOf(memory, memory.regions[at]!, first, count)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { index, bytes };
}

/** Bytes that the runs of an index stand for, the last page of each region counted whole: no captured memory is longer. */
export function indexedBytes(index: readonly RegionPages[]): number {
  return index.reduce((sum, { runs }) => sum + runs.reduce((pages, [, count]) => pages + count, 0) * PAGE, 0);
}

/** @throws SnapshotError, with nothing changed, when the index does not fit the memory or the bytes. */
export function restoreMemory(memory: GuestMemory, { index, bytes }: CapturedMemory): void {
  const plans = index.map((pages) => ({ pages, region: checkedRegion(memory, pages) }));
  const length = plans.reduce((sum, { pages, region }) => sum + pages.runs.reduce((all, [first, count]) => all + lengthOf(region, first, count), 0), 0);
  if (length !== bytes.length) throw damaged(`${bytes.length} bytes of memory`);
  let at = 0;
  for (const { pages, region } of plans) {
    clearOthers(memory, region, pages);
    for (const [first, count, byte] of pages.fills) windowOf(memory, region, first, count).fill(byte);
    for (const [first, count] of pages.runs) {
      const target = windowOf(memory, region, first, count);
      target.set(bytes.subarray(at, at + target.length));
      at += target.length;
    }
    memory.overwritten(region.base, region.size);
  }
}

function checkedRegion(memory: GuestMemory, { region: name, runs, fills }: RegionPages): MemoryRegion {
  const region = memory.regions.find((candidate) => candidate.name === name);
  for (const [first, count, byte = 0] of [...runs, ...fills] as (readonly [number, number, number?])[]) {
    const whole = [first, count, byte].every((value) => Number.isInteger(value) && value >= 0) && byte <= 0xff;
    if (region === undefined || !whole || count === 0 || first + count > pageCount(region)) throw damaged(`pages ${first}+${count} of ${name}`);
  }
  if (region === undefined) throw damaged(`memory ${name}`);
  return region;
}

/** Zeroes the pages that a snapshot does not name, where they are not zero yet. */
function clearOthers(memory: GuestMemory, region: MemoryRegion, { runs, fills }: RegionPages): void {
  const named = new Uint8Array(pageCount(region));
  for (const [first, count] of [...runs, ...fills]) named.fill(1, first, first + count);
  const words = wordsOf(memory, region);
  for (let page = 0; page < named.length; page++) {
    if (named[page] === 0 && pageByte(words, page) !== 0) windowOf(memory, region, page, 1).fill(0);
  }
}

function pagesOf(memory: GuestMemory, region: MemoryRegion): RegionPages {
  const runs: [number, number][] = [];
  const fills: [number, number, number][] = [];
  const words = wordsOf(memory, region);
  for (let page = 0; page < pageCount(region); page++) {
    const byte = pageByte(words, page);
    if (byte === 0) continue;
    const last = byte === MIXED ? runs.at(-1) : fills.at(-1);
    if (last !== undefined && last[0] + last[1] === page && (byte === MIXED || last[2] === byte)) last[1]++;
    else if (byte === MIXED) runs.push([page, 1]);
    else fills.push([page, 1, byte]);
  }
  return { region: region.name, runs, fills };
}

/** The byte that a page consists of, or MIXED. */
function pageByte(words: Int32Array, page: number): number {
  const from = page * PAGE_WORDS;
  const first = words[from]!;
  const byte = first & 0xff;
  if (first !== Math.imul(byte, 0x0101_0101)) return MIXED;
  for (let at = from; at < from + PAGE_WORDS; at += 4) {
    if (((words[at]! ^ first) | (words[at + 1]! ^ first) | (words[at + 2]! ^ first) | (words[at + 3]! ^ first)) !== 0) return MIXED;
  }
  return byte;
}

/** Whole pages: a region has 64 KiB units of the WebAssembly.Memory to itself, zero behind its end. */
function wordsOf(memory: GuestMemory, region: MemoryRegion): Int32Array {
  return new Int32Array(memory.wasm.buffer, region.wasmOffset, pageCount(region) * PAGE_WORDS);
}

function windowOf(memory: GuestMemory, region: MemoryRegion, first: number, count: number): Uint8Array {
  return memory.window(region.base + first * PAGE, lengthOf(region, first, count))!;
}

const pageCount = ({ size }: MemoryRegion): number => Math.ceil(size / PAGE);
const lengthOf = ({ size }: MemoryRegion, first: number, count: number): number => Math.min(count * PAGE, size - first * PAGE);

function damaged(what: string): SnapshotError {
  return new SnapshotError(`the snapshot names ${what}, which do not fit`, { value: what, remedy: "the file is damaged: take another" });
}
