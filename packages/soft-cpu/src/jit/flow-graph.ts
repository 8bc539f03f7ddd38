/**
 * The shape of a region: reverse post-order, dominators, loop heads and merge points, from which structured code is written
 * (after Ramsey, "Beyond Relooper", ICFP 2022). An edge back to a block that does not dominate its source is left out: it goes
 * through the interpreter.
 */
import type { Region } from "./region.ts";

export interface FlowGraph {
  /** Blocks that the entry reaches, in reverse post-order. */
  readonly order: readonly number[];
  /** Blocks that edges lead back to. */
  readonly loopHeads: ReadonlySet<number>;
  /** Blocks that several forward edges lead to. */
  readonly merges: ReadonlySet<number>;
  /** Blocks whose immediate dominator is the key, in reverse post-order. */
  readonly dominated: ReadonlyMap<number, readonly number[]>;
  /** May `from` branch to `to` inside the region? */
  isInside(from: number, to: number): boolean;
  isBackward(from: number, to: number): boolean;
}

export function flowGraph({ entry, blocks }: Region): FlowGraph {
  const order = reversePostOrder(entry, (offset) => blocks.get(offset)!.successors);
  const number = new Map(order.map((offset, index) => [offset, index]));
  const predecessors = new Map<number, number[]>(order.map((offset) => [offset, []]));
  for (const offset of order) for (const to of blocks.get(offset)!.successors) predecessors.get(to)!.push(offset);
  const dominator = dominators(entry, order, number, predecessors);
  const dominates = (above: number, below: number): boolean => {
    for (let at = below; ; at = dominator.get(at)!) {
      if (at === above) return true;
      if (at === entry) return false;
    }
  };
  const isBackward = (from: number, to: number): boolean => number.get(to)! <= number.get(from)!;
  const isInside = (from: number, to: number): boolean => number.has(to) && (!isBackward(from, to) || dominates(to, from));

  const loopHeads = new Set<number>();
  const merges = new Set<number>();
  const dominated = new Map<number, number[]>();
  for (const offset of order) {
    let forward = 0;
    for (const from of predecessors.get(offset)!) {
      if (!isInside(from, offset)) continue;
      if (isBackward(from, offset)) loopHeads.add(offset);
      else forward++;
    }
    if (forward > 1) merges.add(offset);
    if (offset === entry) continue;
    const above = dominator.get(offset)!;
    (dominated.get(above) ?? dominated.set(above, []).get(above)!).push(offset);
  }
  return { order, loopHeads, merges, dominated, isInside, isBackward };
}

function reversePostOrder(entry: number, successors: (offset: number) => readonly number[]): number[] {
  const order: number[] = [];
  const seen = new Set([entry]);
  // An explicit stack: a region is small, but nobody should have to prove it here.
  const stack = [{ offset: entry, next: 0 }];
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const to = successors(top.offset)[top.next++];
    if (to === undefined) {
      order.push(top.offset);
      stack.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      stack.push({ offset: to, next: 0 });
    }
  }
  return order.reverse();
}

/** Immediate dominators (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"). */
function dominators(
  entry: number, order: readonly number[], number: ReadonlyMap<number, number>, predecessors: ReadonlyMap<number, readonly number[]>,
): Map<number, number> {
  const dominator = new Map([[entry, entry]]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const offset of order) {
      if (offset === entry) continue;
      let common: number | undefined;
      for (const from of predecessors.get(offset)!) {
        if (!dominator.has(from)) continue;
        if (common === undefined) {
          common = from;
          continue;
        }
        let [a, b] = [from, common];
        while (a !== b) {
          while (number.get(a)! > number.get(b)!) a = dominator.get(a)!;
          while (number.get(b)! > number.get(a)!) b = dominator.get(b)!;
        }
        common = a;
      }
      if (dominator.get(offset) !== common) {
        dominator.set(offset, common!);
        changed = true;
      }
    }
  }
  return dominator;
}
