/**
 * What floating-point lanes can have done to them natively, and whether that is the architecture's result in each: for rows of two and
 * three registers, by element, pairwise, scalar. Operands are pinned. Not hot itself; what it makes is.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, const32, constV128, type I32Expr, ifElse, shuffle, type V128Expr } from "../ir/expr.ts";
import { keepsDenormals, roundsQuietly } from "./fp-controls.ts";
import { fusedDoubles } from "./fp-helpers.ts";
import type { FpLanes } from "./simd-fp-lanes.ts";
import { indices } from "./simd-lanes.ts";

/** A native result, pinned, and whether all lanes of it will do. */
export interface NativeLanes {
  readonly result: V128Expr;
  readonly suffices: I32Expr;
}

export type Binary = (c: Builder, lanes: FpLanes, a: V128Expr, b: V128Expr) => NativeLanes;

export const sum = (which: "add" | "sub"): Binary => (c, lanes, a, b) => {
  const result = c.let(apply(`${lanes.type}.${which}`, a, b));
  return { result, suffices: apply("i32.and", roundsQuietly(c), lanes.all(lanes.areFinite(result))) };
};

export const absoluteDifference: Binary = (c, lanes, a, b) => {
  const result = c.let(lanes.abs(apply(`${lanes.type}.sub`, a, b)));
  return { result, suffices: apply("i32.and", roundsQuietly(c), lanes.all(lanes.areFinite(result))) };
};

/** Ordinary, or zero where an operand explains it. */
function areRight(lanes: FpLanes, result: V128Expr, zeros: V128Expr): I32Expr {
  return lanes.all(apply("v128.or", lanes.areOrdinary(result), apply("v128.and", lanes.areZero(result), zeros)));
}

const zeroFactors = (lanes: FpLanes, a: V128Expr, b: V128Expr): V128Expr => apply("v128.or", lanes.areZero(a), lanes.areZero(b));

/** FMULX too: it differs where zero meets infinity. */
export const product: Binary = (c, lanes, a, b) => {
  const result = c.let(apply(`${lanes.type}.mul`, a, b));
  return { result, suffices: apply("i32.and", roundsQuietly(c), areRight(lanes, result, zeroFactors(lanes, a, b))) };
};

export const quotient: Binary = (c, lanes, a, b) => {
  const result = c.let(apply(`${lanes.type}.div`, a, b));
  return { result, suffices: apply("i32.and", roundsQuietly(c), areRight(lanes, result, lanes.areZero(a))) };
};

/** Without NaNs FMAXNM is FMAX. */
export const extreme = (which: "max" | "min"): Binary => (c, lanes, a, b) => {
  const result = c.let(apply(`${lanes.type}.${which}`, a, b));
  return { result, suffices: apply("i32.and", keepsDenormals(c), lanes.all(lanes.areNumbers(result))) };
};

type Relation = "eq" | "ge" | "gt" | "le" | "lt";

/** Ones where it holds. FCMEQ would leave quiet NaNs alone, the others may not. */
export const comparison = (relation: Relation): Binary => (c, lanes, a, b) => {
  const areNumbers = lanes.all(apply("v128.and", lanes.areNumbers(a), lanes.areNumbers(b)));
  return { result: c.let(apply(`${lanes.type}.${relation}`, a, b)), suffices: apply("i32.and", keepsDenormals(c), areNumbers) };
};

export const absoluteComparison = (relation: Relation): Binary => (c, lanes, a, b) => {
  return comparison(relation)(c, lanes, c.let(lanes.abs(a)), c.let(lanes.abs(b)));
};

// ---------------------------------------------------------------------------------------------------------------------- fused

/** addend + a × b, rounded once. */
export function fused(c: Builder, lanes: FpLanes, addend: V128Expr, a: V128Expr, b: V128Expr): NativeLanes {
  const { result, suffices } = lanes.bits === 32 ? fusedSingles(c, lanes, addend, a, b) : fusedInDoubles(c, addend, a, b);
  return { result, suffices: apply("i32.and", suffices, areRight(lanes, result, zeroFactors(lanes, a, b))) };
}

function fusedInDoubles(c: Builder, addend: V128Expr, a: V128Expr, b: V128Expr): NativeLanes {
  return { result: c.let(fusedDoubles(addend, a, b)), suffices: roundsQuietly(c) };
}

const eachDouble = (value: bigint): V128Expr => constV128((value << 64n) | value);
const BEYOND_SINGLE = eachDouble(0x1fff_ffffn);
const HALFWAY = eachDouble(0x1000_0000n);
const UPPER_HALF = indices((byte) => (byte + 8) % 16);
const LOWER_HALVES = indices((byte) => (byte < 8 ? byte : byte + 8));

/** In double precision, two lanes at a time; see fusedSingle in fp-arithmetic.ts. Any lane that is inexact counts where any is halfway. */
function fusedSingles(c: Builder, lanes: FpLanes, addend: V128Expr, a: V128Expr, b: V128Expr): NativeLanes {
  const low = sumsInDouble(c, addend, a, b, (v) => v);
  let result: V128Expr = apply("f32x4.demote_f64x2_zero", low.sums);
  let { areHalfway, areInexact } = low;
  if (lanes.count === 4) {
    const high = sumsInDouble(c, addend, a, b, (v) => shuffle(v, v, UPPER_HALF));
    result = shuffle(result, apply("f32x4.demote_f64x2_zero", high.sums), LOWER_HALVES);
    areHalfway = apply("v128.or", areHalfway, high.areHalfway);
    areInexact = apply("v128.or", areInexact, high.areInexact);
  }
  const anyInexact = apply("v128.any_true", areInexact);
  const areRoundedOnce = ifElse(apply("v128.any_true", areHalfway), apply("i32.eqz", anyInexact), const32(1));
  return { result: c.let(result), suffices: apply("i32.and", roundsQuietly(c), areRoundedOnce) };
}

interface SumsInDouble {
  readonly sums: V128Expr;
  readonly areHalfway: V128Expr;
  readonly areInexact: V128Expr;
}

/** Of the two lanes that `order` brings down. */
function sumsInDouble(c: Builder, addend: V128Expr, a: V128Expr, b: V128Expr, order: (v: V128Expr) => V128Expr): SumsInDouble {
  const wide = (v: V128Expr): V128Expr => apply("f64x2.promote_low_f32x4", order(v));
  const products = c.let(apply("f64x2.mul", wide(a), wide(b)));
  const addends = c.let(wide(addend));
  const sums = c.let(apply("f64x2.add", products, addends));
  const leave = (x: V128Expr, y: V128Expr): V128Expr => apply("f64x2.eq", apply("f64x2.sub", sums, x), y);
  return {
    sums,
    areHalfway: apply("i64x2.eq", apply("v128.and", sums, BEYOND_SINGLE), HALFWAY),
    areInexact: apply("v128.not", apply("v128.and", leave(products, addends), leave(addends, products))),
  };
}

/** FRECPS: 2 − a × b. */
export const reciprocalStep: Binary = (c, lanes, a, b) => fused(c, lanes, lanes.constant(2), c.let(apply(`${lanes.type}.neg`, a)), b);

/** FRSQRTS: (3 − a × b) / 2, where halving what is ordinary and stays so is exact. */
export const reciprocalRootStep: Binary = (c, lanes, a, b) => {
  const { result: doubled, suffices } = fused(c, lanes, lanes.constant(3), c.let(apply(`${lanes.type}.neg`, a)), b);
  const result = c.let(apply(`${lanes.type}.mul`, doubled, lanes.constant(0.5)));
  return { result, suffices: apply("i32.and", suffices, lanes.all(lanes.areOrdinary(result))) };
};
