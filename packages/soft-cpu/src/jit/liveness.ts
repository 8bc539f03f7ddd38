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

/** What a block does with registers, whatever comes before and after it. */
interface Effect {
  readonly isCall: boolean;
  /** Written somewhere in it. */
  readonly writes: number;
  /** Read before it writes them. */
  readonly reads: number;
  /** Written when it may first leave in its middle; everything, if it never may. */
  readonly writesBeforeExit: number;
  /** One of its ways leads out of the region's blocks. */
  readonly leaves: boolean;
  /** Numbers, in the graph's order, of the blocks that follow it within the region. */
  readonly next: readonly number[];
}

export function liveness({ blocks }: Region, graph: FlowGraph): Liveness {
  const { order, loopHeads } = graph;
  const numbers = new Map<number, number>();
  for (let index = 0; index < order.length; index++) numbers.set(order[index]!, index);
  const effects = order.map((offset) => effectOf(blocks.get(offset)!, graph, numbers));
  const dirty = new Int32Array(order.length);
  const live = new Int32Array(order.length);

  for (let changed = true; changed; ) {
    changed = false;
    for (let index = 0; index < effects.length; index++) {
      const { isCall, writes, next } = effects[index]!;
      if (isCall) continue; // everything was written back for it
      const out = dirty[index]! | writes;
      for (let way = 0; way < next.length; way++) {
        const to = next[way]!;
        if ((dirty[to]! | out) === dirty[to]) continue;
        dirty[to]! |= out;
        changed = true;
      }
    }
  }

  for (let changed = true; changed; ) {
    changed = false;
    for (let index = effects.length - 1; index >= 0; index--) {
      const { isCall, writes, reads, writesBeforeExit, leaves, next } = effects[index]!;
      const dirtyOut = dirty[index]! | writes;
      let out = isCall ? dirtyOut & ~LINK_REGISTER : leaves ? dirtyOut : 0;
      if (!isCall) for (let way = 0; way < next.length; way++) out |= live[next[way]!]!;
      let now = reads | (out & ~writes) | (dirty[index]! & ~writesBeforeExit);
      if (loopHeads.has(order[index]!)) now |= dirty[index]!;
      if (now === live[index]) continue;
      live[index] = now;
      changed = true;
    }
  }
  return { dirtyIn: byOffset(order, dirty), liveIn: byOffset(order, live) };
}

function byOffset(order: readonly number[], values: Int32Array): Map<number, number> {
  const map = new Map<number, number>();
  for (let index = 0; index < order.length; index++) map.set(order[index]!, values[index]!);
  return map;
}

function effectOf(block: Block, graph: FlowGraph, numbers: ReadonlyMap<number, number>): Effect {
  const { offset, instructions, successors, endReads } = block;
  const isCall = isCallBlock(block);
  let [writes, reads, writesBeforeExit] = [0, 0, -1];
  for (const instruction of instructions) {
    reads |= instruction.reads & ~writes;
    if (instruction.mayExit && writesBeforeExit === -1) writesBeforeExit = writes;
    writes |= instruction.writes;
  }
  reads |= endReads & ~writes;
  // An edge back to a block that does not dominate this one leaves, see flow-graph.ts.
  const next = successors.filter((to) => graph.isInside(offset, to));
  const leaves = next.length < successors.length || mayLeave(block);
  return { isCall, writes, reads, writesBeforeExit, leaves, next: next.map((to) => numbers.get(to)!) };
}

/** Does one of its ways lead out of the region's blocks? */
function mayLeave({ ending: { kind }, successors }: Block): boolean {
  return successors.length < (kind === "conditional" ? 2 : 1) || kind === "indirect" || kind === "switch";
}
