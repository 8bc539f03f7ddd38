/**
 * Which accesses of a region look through a window: a page that the accesses by one base register saw last, kept with the context's
 * translations (WINDOWS in state/layout.ts). Where the page is the same again, a window spares the arithmetic of the look-up and, more
 * than that, takes the look-up's loads off the way from an address to its data. Where it is another, it was asked in vain, and moves.
 *
 * So a window is for bases that stay: the stack, literals, what a loop steps through, structures of which several fields are used.
 */
import { RECORD_PAGE_BYTES, SLOT_SP, WINDOW_BYTES, WINDOW_COUNT, WINDOWS } from "../state/layout.ts";
import type { FlowGraph } from "./flow-graph.ts";
import { BASE_PC, type Instruction, type Region } from "./region.ts";

const FRAME_POINTER = 29;
/** Accesses by one base in a region without a loop that are worth a window. */
const FIELDS = 3;

/** Windows of their own, everywhere; the first is none (WINDOWS). */
const SHARED: ReadonlyMap<number, number> = new Map([[SLOT_SP, 1], [FRAME_POINTER, 3], [BASE_PC, 5]]);
const FIRST_OF_REGIONS = 7;
/** A window for reads and one for writes, side by side: what may be read need not be writable. */
const PAIRS = (WINDOW_COUNT - FIRST_OF_REGIONS) >> 1;

/** Offset in the context of the window through which an instruction looks. */
export type WindowOf = (instruction: Instruction, isWrite: boolean) => number | undefined;

export function windowsOf({ entry, blocks }: Region, graph: FlowGraph, records: number): WindowOf {
  const counts = new Map<number, number>();
  let moved = 0;
  for (const { instructions } of blocks.values()) {
    for (const { base, writes, steps } of instructions) {
      if (base !== undefined) counts.set(base, (counts.get(base) ?? 0) + 1);
      moved |= writes & ~steps;
    }
  }
  const loops = graph.loopHeads.size > 0;
  const seed = Math.floor(records / RECORD_PAGE_BYTES) * 37 + (entry >> 2) * 5; // neighbours get windows of their own
  return ({ base }, isWrite) => {
    if (base === undefined) return undefined;
    const half = isWrite ? 1 : 0;
    const shared = SHARED.get(base);
    if (shared !== undefined) return WINDOWS + (shared + half) * WINDOW_BYTES;
    const stays = loops && (moved & (1 << base)) === 0;
    if (!stays && counts.get(base)! < FIELDS) return undefined;
    const pair = (seed + base) % PAIRS;
    return WINDOWS + (FIRST_OF_REGIONS + 2 * pair + half) * WINDOW_BYTES;
  };
}
