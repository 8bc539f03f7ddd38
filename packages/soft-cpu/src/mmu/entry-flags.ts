/**
 * What ENTRY_FLAGS of a data translation say (state/layout.ts). An access may use the entry's addend without asking when its
 * fast tag matches; else TAG_SLOW and these bits tell how to go on. An entry has a fast tag exactly when its right is granted
 * and nothing here forbids it: see FORBIDS_FAST_READ and FORBIDS_FAST_WRITE.
 */

/** The context's exception level may read. */
export const READABLE = 0x01;
export const WRITABLE = 0x02;
/** Elements must be aligned: Device memory, or SCTLR_EL1.A. */
export const ALIGNED_ONLY = 0x04;
/** Instructions of this page are decoded: a write must ask the code map. */
export const CODE = 0x08;
/** No RAM or ROM holds the whole page: the access goes to the bus, at SoftTlb.physicalAddress(). ADDEND means nothing. */
export const MMIO = 0x10;
/** Reads as RAM does, writes go to the bus. */
export const ROM = 0x20;
/** A watchpoint may lie in the page. */
export const WATCHED = 0x40;
/** Device memory: DC ZVA takes an alignment fault whatever SCTLR_EL1.A says. */
export const DEVICE = 0x80;

export const FORBIDS_FAST_READ: number = ALIGNED_ONLY | MMIO | WATCHED;
export const FORBIDS_FAST_WRITE: number = FORBIDS_FAST_READ | CODE | ROM;
