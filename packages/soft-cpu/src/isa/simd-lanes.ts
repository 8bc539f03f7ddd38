/**
 * Lane-wise integer operations on 128-bit values for each of the four element sizes, as WebAssembly has them or, where it lacks
 * one (64-bit unsigned comparisons, minima and maxima, 8-bit products), as a short combination.
 *
 * An operand may appear twice in what a method returns: operands are pinned values (`Builder.let`) or constants.
 * Not hot: it runs while code is generated.
 */
import { apply, const32, constV128, type I32Expr, type I64Expr, type V128Expr } from "../ir/expr.ts";

export type Sign = "s" | "u";
type LaneShape = "i8x16" | "i16x8" | "i32x4" | "i64x2";

const SHAPES = ["i8x16", "i16x8", "i32x4", "i64x2"] as const;
const WIDENED = [
  { s: "i16x8.extend_low_i8x16_s", u: "i16x8.extend_low_i8x16_u" },
  { s: "i32x4.extend_low_i16x8_s", u: "i32x4.extend_low_i16x8_u" },
  { s: "i64x2.extend_low_i32x4_s", u: "i64x2.extend_low_i32x4_u" },
] as const;
const PRODUCT_LOW = [
  { s: "i16x8.extmul_low_i8x16_s", u: "i16x8.extmul_low_i8x16_u" },
  { s: "i32x4.extmul_low_i16x8_s", u: "i32x4.extmul_low_i16x8_u" },
  { s: "i64x2.extmul_low_i32x4_s", u: "i64x2.extmul_low_i32x4_u" },
] as const;

export const ZERO: V128Expr = constV128(0n);
export const ONES: V128Expr = constV128(-1n);

/** Sixteen byte indices from a function of the position. */
export const indices = (indexAt: (byte: number) => number): number[] => Array.from({ length: 16 }, (_, byte) => indexAt(byte));

/** A constant from a function that gives each byte. */
export function bytesOf(byteAt: (byte: number) => number): V128Expr {
  return constV128(indices(byteAt).reduceRight((bits, byte) => (bits << 8n) | BigInt(byte), 0n));
}

/** Bytes of `v` in a new order; an index below 0 gives a zero. */
export function pick(v: V128Expr, order: readonly number[]): V128Expr {
  // Indices with bit 7 set let the engine use one PSHUFB (or TBL) and nothing else.
  return apply("i8x16.swizzle", v, bytesOf((byte) => (order[byte]! < 0 ? 0x80 : order[byte]!)));
}

const by = (distance: I32Expr | number): I32Expr => (typeof distance === "number" ? const32(distance) : distance);

export class Lanes {
  readonly shape: LaneShape;
  /** As in the manual's `size` fields: the logarithm of the bytes. */
  readonly size: number;
  readonly bytes: number;
  readonly bits: number;
  readonly mask: bigint;

  constructor(size: number) {
    this.shape = SHAPES[size]!;
    this.size = size;
    this.bytes = 1 << size;
    this.bits = 8 << size;
    this.mask = (1n << BigInt(this.bits)) - 1n;
  }

  /** Lanes of twice the size. */
  get wide(): Lanes {
    return lanesOf(this.size + 1);
  }

  /** The same value in every lane. */
  constant(value: bigint): V128Expr {
    let bits = 0n;
    for (let at = 0; at < 128; at += this.bits) bits |= (value & this.mask) << BigInt(at);
    return constV128(bits);
  }

  /** The most negative value in every lane. */
  get minimum(): V128Expr {
    return this.constant(1n << BigInt(this.bits - 1));
  }

  splat(value: I32Expr | I64Expr): V128Expr {
    return apply(`${this.shape}.splat`, value);
  }

  add(a: V128Expr, b: V128Expr): V128Expr {
    return apply(`${this.shape}.add`, a, b);
  }

  sub(a: V128Expr, b: V128Expr): V128Expr {
    return apply(`${this.shape}.sub`, a, b);
  }

  neg(a: V128Expr): V128Expr {
    return apply(`${this.shape}.neg`, a);
  }

  abs(a: V128Expr): V128Expr {
    return apply(`${this.shape}.abs`, a);
  }

  /** Low halves of the products. */
  mul(a: V128Expr, b: V128Expr): V128Expr {
    const { shape } = this;
    if (shape !== "i8x16") return apply(`${shape}.mul`, a, b);
    const even = apply("v128.and", apply("i16x8.mul", a, b), LANES[1].constant(0x00ffn));
    // The upper byte of b in place, the upper byte of a moved down: their product is in place and nothing is under it.
    const odd = apply("i16x8.mul", apply("i16x8.shr_u", a, const32(8)), apply("v128.and", b, LANES[1].constant(0xff00n)));
    return apply("v128.or", even, odd);
  }

  /** Shifts by 0 … `bits` − 1. */
  shl(v: V128Expr, distance: I32Expr | number): V128Expr {
    return apply(`${this.shape}.shl`, v, by(distance));
  }

  /** Shifts by 0 … `bits` − 1. */
  shr(sign: Sign, v: V128Expr, distance: I32Expr | number): V128Expr {
    return apply(`${this.shape}.shr_${sign}`, v, by(distance));
  }

  /** Comparisons leave ones or zeros in a lane. */
  eq(a: V128Expr, b: V128Expr): V128Expr {
    return apply(`${this.shape}.eq`, a, b);
  }

  ne(a: V128Expr, b: V128Expr): V128Expr {
    return apply(`${this.shape}.ne`, a, b);
  }

  gt(sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
    const { shape } = this;
    if (shape !== "i64x2") return apply(`${shape}.gt_${sign}`, a, b);
    return sign === "s" ? apply("i64x2.gt_s", a, b) : apply("i64x2.gt_s", this.biased(a), this.biased(b));
  }

  ge(sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
    const { shape } = this;
    if (shape !== "i64x2") return apply(`${shape}.ge_${sign}`, a, b);
    return sign === "s" ? apply("i64x2.ge_s", a, b) : apply("i64x2.ge_s", this.biased(a), this.biased(b));
  }

  min(sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
    const { shape } = this;
    if (shape !== "i64x2") return apply(`${shape}.min_${sign}`, a, b);
    return apply("v128.bitselect", b, a, this.gt(sign, a, b));
  }

  max(sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
    const { shape } = this;
    if (shape !== "i64x2") return apply(`${shape}.max_${sign}`, a, b);
    return apply("v128.bitselect", a, b, this.gt(sign, a, b));
  }

  /** The sign bit turned over: unsigned values in the order of signed ones, and back. */
  biased(v: V128Expr): V128Expr {
    return apply("v128.xor", v, this.minimum);
  }

  /** The lanes of the lower half, extended into lanes of twice the size. Not of 64 bits. */
  widenLow(sign: Sign, v: V128Expr): V128Expr {
    return apply(WIDENED[this.size]![sign], v);
  }

  /** Full products of the lanes of the lower half, in lanes of twice the size. Not of 64 bits. */
  mulLow(sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
    return apply(PRODUCT_LOW[this.size]![sign], a, b);
  }

  /** The lower half of every lane of twice the size, packed into the low 64 bits; zeros above. */
  packLow(wide: V128Expr): V128Expr {
    return this.pack(wide, 0);
  }

  /** The upper half of every lane of twice the size, packed into the low 64 bits; zeros above. */
  packHigh(wide: V128Expr): V128Expr {
    return this.pack(wide, this.bytes);
  }

  private pack(wide: V128Expr, offset: number): V128Expr {
    const { bytes } = this;
    return pick(wide, indices((byte) => (byte < 8 ? Math.floor(byte / bytes) * 2 * bytes + (byte % bytes) + offset : -1)));
  }
}

const LANES = [new Lanes(0), new Lanes(1), new Lanes(2), new Lanes(3)] as const;

/** The lanes of a `size` field, 0 … 3. */
export const lanesOf = (size: number): Lanes => LANES[size]!;

/** Which element sizes an instruction has. */
export type Sizes = (size: number) => boolean;
export const B: Sizes = (size) => size === 0;
export const HS: Sizes = (size) => size === 1 || size === 2;
export const BH: Sizes = (size) => size < 2;
export const BHS: Sizes = (size) => size < 3;
export const S: Sizes = (size) => size === 2;
export const D: Sizes = (size) => size === 3;
export const BHSD: Sizes = () => true;
export const NONE: Sizes = () => false;
