/**
 * Saturating integer arithmetic on lanes (Arm ARM DDI 0487, shared/functions/common SatQ() and the FPSR.QC bit, C5.2.8).
 *
 * Every function here sets QC where a lane saturated, so lanes that are not part of an operand must hold zeros, for which
 * nothing saturates. Operands are pinned values, and so are results. Not hot.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, const32, type I32Expr, shuffle, type V128Expr } from "../ir/expr.ts";
import { FPSR } from "../state/layout.ts";
import { indices, type Lanes, type Sign } from "./simd-lanes.ts";

const QC_BIT = 27;

/** Sets FPSR.QC when any bit of `evidence` is set. */
export function setQC(c: Builder, evidence: V128Expr): void {
  const bit = apply("i32.shl", apply("v128.any_true", evidence), const32(QC_BIT));
  c.setState32(FPSR, apply("i32.or", c.state32(FPSR), bit));
}

/** The extreme value on the side of each lane's sign: the maximum of lanes that are not negative, the minimum of the others. */
export function extremeOf(lanes: Lanes, v: V128Expr): V128Expr {
  return apply("v128.xor", lanes.shr("s", v, lanes.bits - 1), lanes.constant(lanes.mask >> 1n));
}

export function addSaturated(c: Builder, lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  const { shape } = lanes;
  const sum = c.let(lanes.add(a, b));
  if (shape === "i8x16" || shape === "i16x8") {
    const result = c.let(apply(`${shape}.add_sat_${sign}`, a, b));
    setQC(c, apply("v128.xor", result, sum));
    return result;
  }
  if (sign === "u") {
    const wrapped = c.let(lanes.gt("u", a, sum));
    setQC(c, wrapped);
    return c.let(apply("v128.or", sum, wrapped));
  }
  // Overflow: the operands' signs agree and the sum's is another.
  const signs = apply("v128.and", apply("v128.xor", sum, a), apply("v128.xor", sum, b));
  return saturateWhere(c, lanes, lanes.shr("s", signs, lanes.bits - 1), a, sum);
}

export function subSaturated(c: Builder, lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  const { shape } = lanes;
  const difference = c.let(lanes.sub(a, b));
  if (shape === "i8x16" || shape === "i16x8") {
    const result = c.let(apply(`${shape}.sub_sat_${sign}`, a, b));
    setQC(c, apply("v128.xor", result, difference));
    return result;
  }
  if (sign === "u") {
    const wrapped = c.let(lanes.gt("u", b, a));
    setQC(c, wrapped);
    return c.let(apply("v128.andnot", difference, wrapped));
  }
  // Overflow: the operands' signs differ and the difference's is not the first's.
  const signs = apply("v128.and", apply("v128.xor", a, b), apply("v128.xor", a, difference));
  return saturateWhere(c, lanes, lanes.shr("s", signs, lanes.bits - 1), a, difference);
}

/** Where `overflow` has ones, the extreme value on the side of `a`; elsewhere `value`. */
function saturateWhere(c: Builder, lanes: Lanes, overflow: V128Expr, a: V128Expr, value: V128Expr): V128Expr {
  const where = c.let(overflow);
  setQC(c, where);
  return c.let(apply("v128.bitselect", extremeOf(lanes, a), value, where));
}

/** SQABS: the minimum has no positive counterpart. */
export function absSaturated(c: Builder, lanes: Lanes, v: V128Expr): V128Expr {
  return maximumForMinimum(c, lanes, c.let(lanes.abs(v)));
}

/** SQNEG. */
export function negSaturated(c: Builder, lanes: Lanes, v: V128Expr): V128Expr {
  const isMinimum = c.let(lanes.eq(v, lanes.minimum));
  setQC(c, isMinimum);
  return c.let(apply("v128.xor", lanes.neg(v), isMinimum));
}

/** SUQADD: signed `a` plus unsigned `b` as a signed number. With the sign turned over, this is the saturating unsigned sum. */
export function addUnsignedToSigned(c: Builder, lanes: Lanes, a: V128Expr, b: V128Expr): V128Expr {
  return lanes.biased(addFrom(c, lanes, "u", a, b));
}

/** USQADD: unsigned `a` plus signed `b` as an unsigned number. */
export function addSignedToUnsigned(c: Builder, lanes: Lanes, a: V128Expr, b: V128Expr): V128Expr {
  return lanes.biased(addFrom(c, lanes, "s", a, b));
}

function addFrom(c: Builder, lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  return addSaturated(c, lanes, sign, c.let(lanes.biased(a)), b);
}

/** Lanes of twice the size, brought into the range of `lanes`; what is left to do is to pack them. */
export function clampToNarrow(c: Builder, lanes: Lanes, from: Sign, to: Sign, value: V128Expr): V128Expr {
  const { wide } = lanes;
  const highest = wide.constant(to === "s" ? lanes.mask >> 1n : lanes.mask);
  const lowest = wide.constant(to === "s" ? -(lanes.mask >> 1n) - 1n : 0n);
  const raised = from === "s" ? c.let(wide.max("s", value, lowest)) : value;
  const clamped = c.let(wide.min(from, raised, highest));
  setQC(c, apply("v128.xor", clamped, value));
  return clamped;
}

/**
 * SQSHL, UQSHL and SQSHLU by an immediate of 0 … `bits` − 1: from signed or unsigned lanes into the range of `to`.
 * SQSHLU takes negative lanes to 0.
 */
export function shlSaturated(c: Builder, lanes: Lanes, from: Sign, to: Sign, value: V128Expr, distance: I32Expr): V128Expr {
  const isNegative = from === "s" && to === "u" ? c.let(lanes.shr("s", value, lanes.bits - 1)) : undefined;
  const shifted = c.let(lanes.shl(value, distance));
  const lost = c.let(lanes.ne(lanes.shr(to, shifted, distance), value));
  setQC(c, isNegative === undefined ? lost : apply("v128.or", lost, isNegative));
  if (to === "s") return c.let(apply("v128.bitselect", extremeOf(lanes, value), shifted, lost));
  const full = apply("v128.or", shifted, lost);
  return c.let(isNegative === undefined ? full : apply("v128.andnot", full, isNegative));
}

/** SQDMULL, by halves: twice the products of the lanes of the lower half, in lanes of twice the size. */
export function doubleProductLow(c: Builder, lanes: Lanes, a: V128Expr, b: V128Expr): V128Expr {
  // Only the square of the minimum, twice, is out of range, and nothing else gives that sum.
  const product = c.let(lanes.mulLow("s", a, b));
  return maximumForMinimum(c, lanes.wide, c.let(lanes.wide.add(product, product)));
}

/** The maximum where a lane is the minimum, which is what an overflow by one left there. */
function maximumForMinimum(c: Builder, lanes: Lanes, v: V128Expr): V128Expr {
  const overflow = c.let(lanes.eq(v, lanes.minimum));
  setQC(c, overflow);
  return c.let(apply("v128.xor", v, overflow));
}

/** SQDMULH and SQRDMULH: the upper halves of twice the products, of lanes of 16 or 32 bits. */
export function doubleProductHigh(c: Builder, lanes: Lanes, rounding: boolean, a: V128Expr, b: V128Expr): V128Expr {
  // Only the square of the minimum saturates: rounding adds nothing that would make another product overflow.
  const { minimum } = lanes;
  const overflow = c.let(apply("v128.and", lanes.eq(a, minimum), lanes.eq(b, minimum)));
  setQC(c, overflow);
  if (lanes.size === 1 && rounding) return c.let(apply("i16x8.q15mulr_sat_s", a, b));
  const low = doubled(c, lanes, rounding, lanes.mulLow("s", a, b));
  const high = doubled(c, lanes, rounding, apply(lanes.size === 1 ? "i32x4.extmul_high_i16x8_s" : "i64x2.extmul_high_i32x4_s", a, b));
  const { bytes } = lanes;
  const upperHalves = indices((byte) => Math.floor(byte / bytes) * 2 * bytes + bytes + (byte % bytes));
  return c.let(apply("v128.xor", shuffle(low, high, upperHalves), overflow));
}

function doubled(c: Builder, lanes: Lanes, rounding: boolean, product: V128Expr): V128Expr {
  const half = lanes.wide.constant(1n << BigInt(lanes.bits - 2));
  const rounded = c.let(rounding ? lanes.wide.add(product, half) : product);
  return c.let(lanes.wide.add(rounded, rounded));
}
