/** Bit fields of 32-bit values, in the manuals' order: `[hi:lo]`, both inclusive. */

/** Bits [hi:lo] of `value`, shifted down; unsigned. */
export function extract(value: number, hi: number, lo: number): number {
  return ((value >>> lo) & mask(hi - lo + 1)) >>> 0;
}

/** `value` with bits [hi:lo] replaced by the low bits of `field`; unsigned. */
export function insert(value: number, hi: number, lo: number, field: number): number {
  const m = mask(hi - lo + 1);
  return ((value & ~(m << lo)) | ((field & m) << lo)) >>> 0;
}

/** True when bit `n` is one. */
export function bit(value: number, n: number): boolean {
  return ((value >>> n) & 1) === 1;
}

/** `count` ones, 0 … 32. */
function mask(count: number): number {
  return count >= 32 ? -1 : (1 << count) - 1;
}
