/**
 * A candidate in one number: level (priority >> 3) in bits 25:21, INTID in bits 20:1, group in bit 0. The smaller is the
 * better: more urgent first, then the lower INTID. Pure arithmetic, with literals for the reason in docs/adr/0023-interrupt-delivery.md.
 * Hot.
 */
export type Candidate = number;

const { clz32 } = Math;

/** Nothing: greater than every packed candidate. */
export const NO_CANDIDATE = 0x7fff_ffff;
/** Where in a candidate its level is. */
export const LEVEL_OF = 21;
/** Most INTID bits a candidate can hold. */
export const MAX_INTID_BITS = 20;

export function candidateOf(level: number, intid: number, group: number): Candidate {
  return (level << 21) | (intid << 1) | group;
}
/** Above all levels for NO_CANDIDATE. */
export function levelOf(candidate: Candidate): number {
  return candidate >>> 21;
}
/** 0x00 … 0xF8 */
export function priorityOf(candidate: Candidate): number {
  return (candidate >>> 21) << 3;
}
export function intidOf(candidate: Candidate): number {
  return (candidate >>> 1) & 0xf_ffff;
}
export function groupOf(candidate: Candidate): number {
  return candidate & 1;
}

/** Index of the lowest set bit; −1 when there is none. */
export function lowestBit(word: number): number {
  return 31 - clz32(word & -word);
}
