/**
 * Which registers compiled code must have in locals, and which it must write back, a bit each (SP is bit 31).
 *
 * `dirty`: may differ from memory. Every exit writes the dirty ones back, so an exit reads them. `live`: read before they are
 * written, by an instruction or an exit. The entry loads what is live there; a call writes all back and what is live after it is
 * loaded again.
 */
import type { FlowGraph } from "./flow-graph.ts";
import type { Block, Region } from "./region.ts";

export interface Liveness {
  readonly dirtyIn: ReadonlyMap<number, number>;
  readonly liveIn: ReadonlyMap<number, number>;
}

const LINK_REGISTER = 1 << 30;

export const isCallBlock = ({ ending: { kind } }: Block): boolean => kind === "call" || kind === "indirect-call";

export function liveness({ blocks }: Region, graph: FlowGraph): Liveness {
  const dirtyIn = new Map<number, number>(graph.order.map((offset) => [offset, 0]));
  const liveIn = new Map<number, number>(graph.order.map((offset) => [offset, 0]));

  for (let changed = true; changed; ) {
    changed = false;
    for (const offset of graph.order) {
      const block = blocks.get(offset)!;
      const out = isCallBlock(block) ? 0 : block.instructions.reduce((dirty, { writes }) => dirty | writes, dirtyIn.get(offset)!);
      for (const to of block.successors) {
        const before = dirtyIn.get(to)!;
        if (!graph.isInside(offset, to) || (before | out) === before) continue;
        dirtyIn.set(to, before | out);
        changed = true;
      }
    }
  }

  for (let changed = true; changed; ) {
    changed = false;
    for (const offset of graph.order.toReversed()) {
      const live = liveAtStart(offset, blocks.get(offset)!, graph, dirtyIn.get(offset)!, liveIn);
      if (live === liveIn.get(offset)) continue;
      liveIn.set(offset, live);
      changed = true;
    }
  }
  return { dirtyIn, liveIn };
}

function liveAtStart(offset: number, block: Block, graph: FlowGraph, dirtyIn: number, liveIn: ReadonlyMap<number, number>): number {
  const dirtyBefore: number[] = [];
  let dirty = dirtyIn;
  for (const { writes } of block.instructions) {
    dirtyBefore.push(dirty);
    dirty |= writes;
  }
  let live = block.endReads;
  if (isCallBlock(block)) {
    live |= dirty & ~LINK_REGISTER;
  } else {
    // Every way out of the region writes back; so does the check of the budget where a loop begins.
    const exits = block.successors.length === 0 || block.ending.kind === "conditional" || block.ending.kind === "jump";
    if (exits) live |= dirty;
    for (const to of block.successors) {
      if (graph.isInside(offset, to)) live |= liveIn.get(to)! | (graph.loopHeads.has(to) ? dirty : 0);
      else live |= dirty;
    }
  }
  for (let index = block.instructions.length - 1; index >= 0; index--) {
    const { reads, writes, mayExit, readsFlags } = block.instructions[index]!;
    live = (live & ~writes) | reads;
    if (mayExit || readsFlags) live |= dirtyBefore[index]!;
  }
  return live | dirtyIn; // the check at the block's start, where it has one
}
