/**
 * The rules that derive everything else from the word of an interrupt (irq-state.ts; Arm IHI 0069, "Interrupt states").
 *
 * - The wire has a *level*; an edge-triggered interrupt *latches* its rising edges, software and messages latch too.
 * - pending := latch, or level while level-triggered. It is derived, never stored: the wire is never copied into the latch.
 * - acknowledge: active := 1, latch := 0. A level that is still high makes it active and pending.
 * - An active interrupt is not signalled again before it is deactivated, pending or not.
 * - Pending is recorded whatever is disabled.
 *
 * Hot.
 */
import type { Candidate } from "./candidate.ts";
import { ACTIVE, ANY_HIGH, EDGE, ENABLED, LATCH, LEVEL_SHIFT, PLACE_MASK, TARGET_SHIFT } from "./irq-state.ts";

/** @param target as the word has it */
export function irqWord(flags: number, priority: number, target: number): number {
  return flags | ((priority >>> 3) << LEVEL_SHIFT) | (target << TARGET_SHIFT);
}

export function isPending(word: number): boolean {
  return (word & LATCH) !== 0 || ((word & EDGE) === 0 && (word & ANY_HIGH) !== 0);
}

/** Would it be signalled, if group enables, priority and target allow? */
export function isCandidate(word: number): boolean {
  return (word & (ENABLED | ACTIVE)) === ENABLED && ((word & LATCH) !== 0 || ((word & EDGE) === 0 && (word & ANY_HIGH) !== 0));
}

/** Would it be filed, if it were pending? */
export function isWanted(word: number): boolean {
  return (word & (ENABLED | ACTIVE)) === ENABLED && word >>> TARGET_SHIFT !== 0;
}

/**
 * Where the interrupt is to be filed: the bits of group, level and target, 0 for nowhere. What changed without changing this,
 * no vCPU can see.
 */
export function placeOf(word: number): number {
  if ((word & (ENABLED | ACTIVE)) !== ENABLED || word >>> TARGET_SHIFT === 0) return 0; // as isWanted, which V8 would not see into here
  return (word & LATCH) !== 0 || ((word & EDGE) === 0 && (word & ANY_HIGH) !== 0) ? word & PLACE_MASK : 0;
}

/** What is filed at a place that is not 0. */
export function candidateAt(place: number, intid: number): Candidate {
  return ((place & 0x1f00) << 13) | (intid << 1) | ((place >>> 7) & 1);
}
