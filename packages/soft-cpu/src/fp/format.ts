/**
 * The three binary interchange formats: how a bit pattern splits into sign, biased exponent and fraction (DDI 0487 A1.4.2 to A1.4.4;
 * FPZero(), FPInfinity(), FPMaxNormal(), FPDefaultNaN(), FPNeg(), FPAbs()).
 *
 * A pattern is an unsigned `number` for half and single precision and a `bigint` for double precision, which is what a WebAssembly
 * i64 looks like in JavaScript. Patterns may come in signed (WebAssembly has no unsigned type) and always leave unsigned.
 * A fraction has at most 52 bits, so it is a `number` in every format, and so is a significand with its hidden bit.
 */

export type Sign = 0 | 1;

/** The fields of a pattern; what they mean is {@link FPUnpack}'s business. */
export interface Fields {
  readonly sign: Sign;
  readonly biased: number;
  readonly frac: number;
}

/** A binary interchange format whose patterns are of type `T`. */
export interface Format<T extends number | bigint> {
  readonly width: 16 | 32 | 64;
  /** F of the manual: bits of the fraction. */
  readonly fracBits: number;
  /** 2^F: the hidden bit's weight in a significand. */
  readonly hidden: number;
  /** minimum_exp of the manual: the exponent of the smallest normal number. */
  readonly minExp: number;
  readonly bias: number;
  /** 2^E - 1: the biased exponent of infinities and NaNs. */
  readonly maxBiased: number;
  fields(bits: T): Fields;
  /** `frac` may carry the hidden bit; it is dropped. */
  pack(sign: Sign, biased: number, frac: number): T;
  neg(bits: T): T;
  abs(bits: T): T;
}

export const F16: Format<number> = {
  width: 16,
  fracBits: 10,
  hidden: 2 ** 10,
  minExp: -14,
  bias: 15,
  maxBiased: 31,
  fields: (bits) => ({ sign: ((bits >>> 15) & 1) as Sign, biased: (bits >>> 10) & 0x1f, frac: bits & 0x3ff }),
  pack: (sign, biased, frac) => (sign << 15) | (biased << 10) | (frac & 0x3ff),
  neg: (bits) => (bits ^ 0x8000) & 0xffff,
  abs: (bits) => bits & 0x7fff,
};

export const F32: Format<number> = {
  width: 32,
  fracBits: 23,
  hidden: 2 ** 23,
  minExp: -126,
  bias: 127,
  maxBiased: 255,
  fields: (bits) => ({ sign: (bits >>> 31) as Sign, biased: (bits >>> 23) & 0xff, frac: bits & 0x7f_ffff }),
  pack: (sign, biased, frac) => ((sign << 31) | (biased << 23) | (frac & 0x7f_ffff)) >>> 0,
  neg: (bits) => (bits ^ 0x8000_0000) >>> 0,
  abs: (bits) => bits & 0x7fff_ffff,
};

// A 64-bit pattern is taken apart through memory: two 32-bit reads cost a tenth of shifting and masking a bigint.
const scratch = new DataView(new ArrayBuffer(8));
const SIGN64 = 1n << 63n;

export const F64: Format<bigint> = {
  width: 64,
  fracBits: 52,
  hidden: 2 ** 52,
  minExp: -1022,
  bias: 1023,
  maxBiased: 2047,
  fields: (bits) => {
    scratch.setBigUint64(0, bits, true);
    const high = scratch.getUint32(4, true);
    return { sign: (high >>> 31) as Sign, biased: (high >>> 20) & 0x7ff, frac: (high & 0xf_ffff) * 2 ** 32 + scratch.getUint32(0, true) };
  },
  pack: (sign, biased, frac) => {
    scratch.setUint32(0, frac, true);
    scratch.setUint32(4, (sign << 31) | (biased << 20) | ((frac / 2 ** 32) & 0xf_ffff), true);
    return scratch.getBigUint64(0, true);
  },
  neg: (bits) => BigInt.asUintN(64, bits ^ SIGN64),
  abs: (bits) => BigInt.asUintN(63, bits),
};

export function FPZero<T extends number | bigint>(format: Format<T>, sign: Sign): T {
  return format.pack(sign, 0, 0);
}

export function FPInfinity<T extends number | bigint>(format: Format<T>, sign: Sign): T {
  return format.pack(sign, format.maxBiased, 0);
}

export function FPMaxNormal<T extends number | bigint>(format: Format<T>, sign: Sign): T {
  return format.pack(sign, format.maxBiased - 1, format.hidden - 1);
}

/** Positive and quiet with an otherwise empty fraction: FEAT_AFP, which can make it negative, is absent. */
export function FPDefaultNaN<T extends number | bigint>(format: Format<T>): T {
  return format.pack(0, format.maxBiased, format.hidden / 2);
}
