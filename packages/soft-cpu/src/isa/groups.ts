/** Groups of encodings, by bits 28:25 (Arm ARM DDI 0487, C4.1): what can be said of a word without looking for its row. */

/** Data processing on immediates, on registers, and scalar FP and Advanced SIMD: neither branches nor accesses memory, allocated or not. */
export function isDataProcessing(word: number): boolean {
  const group = (word >>> 25) & 0xf;
  return (group & 0b1110) === 0b1000 || (group & 0b0101) === 0b0101;
}

/** Loads and stores, prefetches among them. */
export function isLoadOrStore(word: number): boolean {
  return ((word >>> 25) & 0b0101) === 0b0100;
}

/** MRS and MSR (register). */
export function isSystemRegisterMove(word: number): boolean {
  return (word & 0xffd0_0000) >>> 0 === 0xd510_0000;
}
