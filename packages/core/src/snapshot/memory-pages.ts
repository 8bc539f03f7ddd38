/** Guest memory in a snapshot: only the pages that are not all zero, as runs. */
import { SnapshotError } from "../errors.ts";
import type { GuestMemory, MemoryRegion } from "../memory/guest-memory.ts";

const PAGE = 4096;

/** Runs of non-zero pages of one region: [first page, count]. */
export interface RegionPages {
  readonly region: string;
  readonly runs: readonly (readonly [first: number, count: number])[];
}

export interface CapturedMemory {
  readonly index: readonly RegionPages[];
  /** The pages of all runs, one after the other. */
  readonly bytes: Uint8Array;
}

/** Copies what is not zero: needs as much host memory as the guest has touched. */
export function captureMemory(memory: GuestMemory): CapturedMemory {
  const index = memory.regions.map((region) => ({ region: region.name, runs: runsOf(memory, region) }));
  const parts = index.flatMap(({ runs }, at) => runs.map(([first, count]) => pagesOf(memory, memory.regions[at]!, first, count)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { index, bytes };
}

/** @throws SnapshotError, with nothing changed, when the index does not fit the memory or the bytes. */
export function restoreMemory(memory: GuestMemory, { index, bytes }: CapturedMemory): void {
  const targets = index.flatMap(({ region: name, runs }) => {
    const region = memory.regions.find((candidate) => candidate.name === name);
    return runs.map(([first, count]) => {
      const base = first * PAGE;
      const valid = region !== undefined && Number.isInteger(first) && first >= 0 && Number.isInteger(count) && count > 0 && base < region.size;
      if (!valid) throw damaged(`pages ${first}+${count} of ${name}`);
      return { address: region.base + base, length: Math.min(count * PAGE, region.size - base) };
    });
  });
  if (targets.reduce((sum, { length }) => sum + length, 0) !== bytes.length) throw damaged(`${bytes.length} bytes of memory`);
  memory.clear();
  let at = 0;
  for (const { address, length } of targets) {
    memory.copyIn(address, bytes.subarray(at, at + length));
    at += length;
  }
}

function pagesOf(memory: GuestMemory, region: MemoryRegion, first: number, count: number): Uint8Array {
  return memory.window(region.base + first * PAGE, Math.min(count * PAGE, region.size - first * PAGE))!;
}

function runsOf(memory: GuestMemory, region: MemoryRegion): [number, number][] {
  const runs: [number, number][] = [];
  const pages = Math.ceil(region.size / PAGE);
  for (let page = 0; page < pages; page++) {
    if (isZero(pagesOf(memory, region, page, 1))) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === page) last[1]++;
    else runs.push([page, 1]);
  }
  return runs;
}

function isZero(page: Uint8Array): boolean {
  if (page.length % 4 === 0) return new Uint32Array(page.buffer, page.byteOffset, page.length / 4).every((word) => word === 0);
  return page.every((byte) => byte === 0);
}

function damaged(what: string): SnapshotError {
  return new SnapshotError(`the snapshot names ${what}, which do not fit`, { value: what, remedy: "the file is damaged: take another" });
}
