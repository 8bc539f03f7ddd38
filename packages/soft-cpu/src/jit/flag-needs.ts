/**
 * Where the flags must be in memory. Most are never asked for, so compiled code leaves the operands of a comparison there instead
 * (PENDING_FLAGS), of which `settleFlags` makes the flags when somebody looks: the interpreter, or an instruction that reads flags whose
 * comparison is not at hand. And it leaves not even those before an instruction that sets the flags anew.
 */
import type { FlowGraph } from "./flow-graph.ts";
import type { Block, Region } from "./region.ts";

/** May somebody look at the flags that a block begins with? */
export type FlagNeeds = ReadonlyMap<number, boolean>;

export function flagNeeds({ blocks }: Region, graph: FlowGraph): FlagNeeds {
  const needs = new Map<number, boolean>(graph.order.map((offset) => [offset, graph.loopHeads.has(offset)])); // a loop may end with the budget
  for (let changed = true; changed; ) {
    changed = false;
    for (const offset of graph.order.toReversed()) {
      const block = blocks.get(offset)!;
      if (needs.get(offset)! || !beginsWithNeed(block, needs, graph)) continue;
      needs.set(offset, true);
      changed = true;
    }
  }
  return needs;
}

function beginsWithNeed(block: Block, needs: FlagNeeds, graph: FlowGraph): boolean {
  for (const { mayExit, readsFlags, writesFlags } of block.instructions) {
    if (mayExit || readsFlags) return true;
    if (writesFlags) return false;
  }
  return endsWithNeed(block, needs, graph);
}

/** May somebody look at the flags that a block's instructions leave? */
export function endsWithNeed({ offset, ending, successors }: Block, needs: FlagNeeds, graph: FlowGraph): boolean {
  const goesOn = (ending.kind === "conditional" && !ending.readsFlags && successors.length === 2)
    || ((ending.kind === "jump" || ending.kind === "through") && successors.length === 1);
  return !goesOn || successors.some((to) => !graph.isInside(offset, to) || needs.get(to)!);
}
