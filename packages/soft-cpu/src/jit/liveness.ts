/**
 * Which registers compiled code must have in locals, and which it must write back, a bit each (SP is bit 31).
 *
 * `dirty`: may differ from memory. Whoever leaves writes those back, and so reads them. `live`: read before it is written, by an
 * instruction or on the way out. The entry loads what is live there; what is live after a call is loaded again.
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
      const live = liveAtStart(blocks.get(offset)!, graph, dirtyIn.get(offset)!, liveIn);
      if (live === liveIn.get(offset)) continue;
      liveIn.set(offset, live);
      changed = true;
    }
  }
  return { dirtyIn, liveIn };
}

function liveAtStart(block: Block, graph: FlowGraph, dirtyIn: number, liveIn: ReadonlyMap<number, number>): number {
  const { offset, instructions, successors } = block;
  let dirty = dirtyIn;
  const dirtyBefore = instructions.map(({ writes }) => {
    const before = dirty;
    dirty |= writes;
    return before;
  });
  let live = block.endReads;
  if (isCallBlock(block)) {
    live |= dirty & ~LINK_REGISTER;
  } else {
    for (const to of successors) live |= graph.isInside(offset, to) ? liveIn.get(to)! : dirty;
    if (mayLeave(block)) live |= dirty;
  }
  for (let index = instructions.length - 1; index >= 0; index--) {
    const { reads, writes, mayExit } = instructions[index]!;
    live = (live & ~writes) | reads;
    if (mayExit) live |= dirtyBefore[index]!;
  }
  return graph.loopHeads.has(offset) ? live | dirtyIn : live;
}

/** Does one of its ways lead out of the region's blocks? */
function mayLeave({ ending: { kind }, successors }: Block): boolean {
  return successors.length < (kind === "conditional" ? 2 : 1) || kind === "indirect" || kind === "switch";
}
