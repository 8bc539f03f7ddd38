/**
 * Which registers compiled code must have in locals, and which it must write back, a bit each (SP is bit 31).
 *
 * `dirty`: may differ from memory. Calls, returns and branches to other pages write those back. All other ways out share one exit,
 * which writes back whatever the region ever writes (`written`): so they read all of it. `live`: read before it is written, by an
 * instruction or an exit. The entry loads what is live there; what is live after a call is loaded again.
 */
import type { FlowGraph } from "./flow-graph.ts";
import type { Block, Region } from "./region.ts";

export interface Liveness {
  readonly written: number;
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

  let written = 0;
  for (const offset of graph.order) {
    const block = blocks.get(offset)!;
    for (const { writes } of block.instructions) written |= writes;
    if (isCallBlock(block)) written |= LINK_REGISTER;
  }

  for (let changed = true; changed; ) {
    changed = false;
    for (const offset of graph.order.toReversed()) {
      const live = liveAtStart(offset, blocks.get(offset)!, graph, written, dirtyIn.get(offset)!, liveIn);
      if (live === liveIn.get(offset)) continue;
      liveIn.set(offset, live);
      changed = true;
    }
  }
  return { written, dirtyIn, liveIn };
}

function liveAtStart(
  offset: number, block: Block, graph: FlowGraph, written: number, dirtyIn: number, liveIn: ReadonlyMap<number, number>,
): number {
  let live = block.endReads;
  const { kind } = block.ending;
  const dirty = block.instructions.reduce((set, { writes }) => set | writes, dirtyIn);
  if (isCallBlock(block)) {
    live |= dirty & ~LINK_REGISTER;
  } else {
    for (const to of block.successors) live |= graph.isInside(offset, to) ? liveIn.get(to)! : written;
    // A way out of the page, or of the region.
    if (kind === "indirect" || kind === "switch" || kind === "jump") live |= dirty;
    if (kind === "stop" || kind === "through" || kind === "conditional" || (kind === "jump" && block.successors.length === 0)) live |= written;
  }
  for (let index = block.instructions.length - 1; index >= 0; index--) {
    const { reads, writes, mayExit } = block.instructions[index]!;
    live = (live & ~writes) | reads;
    if (mayExit) live |= written;
  }
  return graph.loopHeads.has(offset) ? live | written : live;
}
