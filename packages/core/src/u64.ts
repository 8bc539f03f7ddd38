/**
 * Unsigned 64-bit values, whole, without paying for bigint on every exit (docs/adr/0005-64-bit-values.md).
 *
 * A `U64` is a number when it is at most 2^53 − 1 and a bigint above. That form is unique, so `===` compares, and the
 * usual case (an INTID, a 32-bit register, an address) is a plain small number. Never arithmetic on a bare `U64`: take
 * the words with {@link lo32} and {@link hi32}, or {@link toBigint} where speed does not matter.
 */
export type U64 = number | bigint;

const TWO_32 = 0x1_0000_0000;

/** Builds the value from two unsigned 32-bit words. */
export function u64(hi: number, lo: number): U64 {
  return hi >>> 0 < 0x20_0000 ? (hi >>> 0) * TWO_32 + (lo >>> 0) : (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** The unique form of `value` modulo 2^64. */
export function fromBigint(value: bigint): U64 {
  const whole = BigInt.asUintN(64, value);
  return whole <= 0x1f_ffff_ffff_ffffn ? Number(whole) : whole;
}

/** The value as a bigint, whichever form it has. */
export function toBigint(value: U64): bigint {
  return typeof value === "bigint" ? value : BigInt(value);
}

/** Bits 31:0, as an unsigned number. */
export function lo32(value: U64): number {
  return typeof value === "number" ? value >>> 0 : Number(value & 0xffff_ffffn);
}

/** Bits 63:32, as an unsigned number. */
export function hi32(value: U64): number {
  return typeof value === "number" ? Math.floor(value / TWO_32) >>> 0 : Number(value >> 32n);
}

/** Keeps the low `bytes` (1, 2, 4 or 8) of `value`. */
export function truncate(value: U64, bytes: number): U64 {
  if (bytes === 8) return value;
  const low = lo32(value);
  return bytes === 4 ? low : low & (bytes === 2 ? 0xffff : 0xff);
}
