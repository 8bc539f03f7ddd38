/**
 * Where the flags are at each point of a region. Most are never asked for, so compiled code keeps the operands of the last
 * comparison instead, in three locals: its kind, a and b. Exits leave those three in memory, and `settleFlags` makes the flags
 * of them when somebody looks (the interpreter, or an instruction that reads flags whose comparison is not at hand).
 */
import { pendingKind } from "../interpreter/settle-flags.ts";
import type { FlowGraph } from "./flow-graph.ts";
import { isCallBlock } from "./liveness.ts";
import type { Block, Region } from "./region.ts";

/** In memory, as the four flags. */
export const IN_MEMORY = 0;
/** In memory, perhaps as a comparison. */
export const PENDING = -1;
/** In the locals or in memory: the local of the kind tells (0: in memory, perhaps as a comparison). */
export const MIXED = -2;
/** One of these, or the kind of the comparison in the locals (1 … 6). */
export type FlagState = number;

export function afterInstruction(state: FlagState, instruction: Block["instructions"][number]): FlagState {
  const settled = instruction.readsFlags ? IN_MEMORY : state;
  if (!instruction.writesFlags) return settled;
  return instruction.comparison === undefined ? IN_MEMORY : pendingKind(instruction.comparison);
}

function merge(a: FlagState | undefined, b: FlagState): FlagState {
  if (a === undefined || a === b) return b;
  const inMemory = (state: FlagState): boolean => state === IN_MEMORY || state === PENDING;
  return inMemory(a) && inMemory(b) ? PENDING : MIXED;
}

/** The state at the start of each block. */
export function flagStates({ entry, blocks }: Region, graph: FlowGraph): ReadonlyMap<number, FlagState> {
  const states = new Map<number, FlagState>([[entry, PENDING]]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const offset of graph.order) {
      const block = blocks.get(offset)!;
      let state = block.instructions.reduce(afterInstruction, states.get(offset) ?? PENDING);
      if (isCallBlock(block)) state = PENDING;
      else if (block.ending.kind === "conditional" && block.ending.readsFlags) state = IN_MEMORY;
      for (const to of block.successors) {
        if (!graph.isInside(offset, to)) continue;
        const merged = merge(states.get(to), state);
        if (merged === states.get(to)) continue;
        states.set(to, merged);
        changed = true;
      }
    }
  }
  return states;
}
