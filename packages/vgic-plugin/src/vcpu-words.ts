/**
 * The four words of a vCPU that each interrupt reads or changes (vcpu-states.ts), and the bits of the last.
 */

/** Words of a vCPU: log2 of their count. */
export const VCPU_SHIFT = 2;
/** The best candidate of group 1, or NO_CANDIDATE. */
export const BEST = 0;
/** What is smaller is signalled: PMR, group enable, binary point and running priority as one candidate without INTID. */
export const LIMIT = 1;
/** ICC_AP1R0_EL1: one bit a level. */
export const ACTIVE_PRIORITIES = 2;
export const FLAGS = 3;

/** Lines as driven. */
export const IRQ_HIGH = 0x01;
export const FIQ_HIGH = 0x02;
/** End of interrupt only drops the priority (EOImode). */
export const SPLIT_EOI = 0x04;
/** Group 0 has a candidate or a running priority. */
export const GROUP0 = 0x08;
/** More candidates of group 1 wait in its queue. */
export const MORE = 0x10;
/** Bits 12:8: the bits of a level that are group priority in group 1, by the binary point. */
export const MASK_SHIFT = 8;
/** Bits 20:16: levels (priority >> 3) of group 1 below this one pass PMR, if the group is enabled; otherwise 0. */
export const OPEN_SHIFT = 16;
