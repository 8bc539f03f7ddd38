/**
 * When a native operation will do: predicates that say whether the host's (WebAssembly's) result is the architecture's, bit for bit,
 * and raises no flag that FPSR does not hold already. They are the model of generated code, and are tested against soft-fp.ts.
 *
 * Values are host numbers; those of single precision are numbers that Math.fround() leaves alone. `r` is always the native result.
 * Native arithmetic rounds to nearest, knows no flush to zero and leaves a NaN's bits open, so each predicate asks four things:
 *
 * - FPCR.RMode is 0, where the result may be rounded or be a zero that cancellation made. DN and AHP do not matter.
 * - Under FPCR.FZ, no operand and no result is denormal.
 * - The result is finite, and is no NaN; and it is strictly above the smallest normal number in magnitude, because Arm underflows
 *   before rounding and 2^-1022 may have been tiny. Sums are exempt from this: a sum of two floating-point numbers that is tiny
 *   is exact. A zero is fine where an operand explains it.
 * - FPSR.IXC is set already, which is the normal state of a program that computes, or the result is exact. Each exactness test is right
 *   when it says yes and may err on the other side.
 */
import { FPCR, FPSR } from "./fp-env.ts";

/** Smallest normal numbers. */
export const MIN32: number = 2 ** -126;
export const MIN64: number = 2 ** -1022;

export function roundsNatively(fpcr: number): boolean {
  return (fpcr & FPCR.RMode) === 0;
}

export function mayBeInexact(fpsr: number): boolean {
  return (fpsr & FPSR.IXC) !== 0;
}

/** False for NaNs too. */
export function isFinite(r: number): boolean {
  return Math.abs(r) < Infinity;
}

/** False when flush to zero would make another number of `x`. */
export function survivesFlush(x: number, min: number, fpcr: number): boolean {
  return (fpcr & FPCR.FZ) === 0 || x === 0 || Math.abs(x) >= min;
}

/** Finite and not underflowed. */
function isOrdinary(r: number, min: number): boolean {
  return Math.abs(r) > min && isFinite(r);
}

/**
 * a + b = r without error, in the precision of all three. The rounded sum less the larger operand is exact (Dekker), so it equals the
 * smaller operand just when the sum was exact, and then the other difference is right as well: no need to ask which is larger.
 */
function sumIsExact(a: number, b: number, r: number): boolean {
  return r - a === b && r - b === a;
}

function sumSuffices(a: number, b: number, r: number, min: number, fpcr: number, fpsr: number): boolean {
  return (
    roundsNatively(fpcr) &&
    isFinite(r) &&
    survivesFlush(a, min, fpcr) &&
    survivesFlush(b, min, fpcr) &&
    survivesFlush(r, min, fpcr) &&
    (mayBeInexact(fpsr) || sumIsExact(a, b, r))
  );
}

export function nativeAdd64IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  return sumSuffices(a, b, r, MIN64, fpcr, fpsr);
}

/** The differences of the exactness test may be taken in either precision: where they decide they are exact. */
export function nativeAdd32IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  return sumSuffices(a, b, r, MIN32, fpcr, fpsr);
}

export function nativeSub64IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  return sumSuffices(a, -b, r, MIN64, fpcr, fpsr);
}

export function nativeSub32IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  return sumSuffices(a, -b, r, MIN32, fpcr, fpsr);
}

/** Products from here on have no bits below 2^-1006, so that {@link productError} loses none below the smallest denormal. */
export const RESOLVABLE: number = 2 ** -900;

/**
 * a × b − p, exact, for a product p = fl(a × b) of at least {@link RESOLVABLE} in magnitude: Veltkamp's splitting and Dekker's product.
 * Factors from 2^996 on overflow when split: the answer is then infinite or a NaN, which no caller takes for exact.
 */
export function productError(a: number, b: number, p: number): number {
  const aHigh = splitHigh(a);
  const aLow = a - aHigh;
  const bHigh = splitHigh(b);
  const bLow = b - bHigh;
  return aHigh * bHigh - p + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** The upper 26 bits. */
function splitHigh(x: number): number {
  const t = x * (2 ** 27 + 1);
  return t - (t - x);
}

/** p = a × b without error. */
function productIsExact(a: number, b: number, p: number): boolean {
  return Math.abs(p) >= RESOLVABLE && productError(a, b, p) === 0;
}

export function nativeMul64IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  if (!roundsNatively(fpcr) || !survivesFlush(a, MIN64, fpcr) || !survivesFlush(b, MIN64, fpcr)) return false;
  if (r === 0) return a === 0 || b === 0;
  return isOrdinary(r, MIN64) && (mayBeInexact(fpsr) || productIsExact(a, b, r));
}

/** The exact product of single-precision numbers is a double. */
export function nativeMul32IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  if (!roundsNatively(fpcr) || !survivesFlush(a, MIN32, fpcr) || !survivesFlush(b, MIN32, fpcr)) return false;
  if (r === 0) return a === 0 || b === 0;
  return isOrdinary(r, MIN32) && (mayBeInexact(fpsr) || a * b === r);
}

/** A quotient by zero is infinite or a NaN, so a finite `r` excludes it. */
export function nativeDiv64IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  if (!roundsNatively(fpcr) || !survivesFlush(a, MIN64, fpcr) || !survivesFlush(b, MIN64, fpcr)) return false;
  if (r === 0) return a === 0 || !isFinite(b);
  return isOrdinary(r, MIN64) && (mayBeInexact(fpsr) || (r * b === a && productIsExact(r, b, a)));
}

export function nativeDiv32IsExactEnough(a: number, b: number, r: number, fpcr: number, fpsr: number): boolean {
  if (!roundsNatively(fpcr) || !survivesFlush(a, MIN32, fpcr) || !survivesFlush(b, MIN32, fpcr)) return false;
  if (r === 0) return a === 0 || !isFinite(b);
  return isOrdinary(r, MIN32) && (mayBeInexact(fpsr) || r * b === a);
}

/** A root is never tiny. */
export function nativeSqrt64IsExactEnough(a: number, r: number, fpcr: number, fpsr: number): boolean {
  if (!roundsNatively(fpcr) || !isFinite(r) || !survivesFlush(a, MIN64, fpcr)) return false;
  return a === 0 || mayBeInexact(fpsr) || (r * r === a && productIsExact(r, r, a));
}

export function nativeSqrt32IsExactEnough(a: number, r: number, fpcr: number, fpsr: number): boolean {
  if (!roundsNatively(fpcr) || !isFinite(r) || !survivesFlush(a, MIN32, fpcr)) return false;
  return mayBeInexact(fpsr) || r * r === a;
}

/** f32.demote_f64. */
export function nativeF64ToF32IsExactEnough(a: number, r: number, fpcr: number, fpsr: number): boolean {
  if (a === 0) return true;
  return isOrdinary(r, MIN32) && (r === a || (mayBeInexact(fpsr) && roundsNatively(fpcr)));
}

/** f64.promote_f32 is exact in every mode; only NaNs and flush to zero are in the way. */
export function nativeF32ToF64IsExactEnough(a: number, fpcr: number): boolean {
  return a === a && survivesFlush(a, MIN32, fpcr);
}

/**
 * f64.convert_i64_s and the like, `r` then scaled by 2^-fbits if at all (exact). A round trip through i64.trunc_sat alone would take
 * 2^63 for 2^63 − 1: saturated results need a look. 32-bit integers are exact in double precision: no predicate.
 */
export function nativeInt64ToFpIsExactEnough(integer: bigint, r: number, fpcr: number, fpsr: number): boolean {
  return BigInt(r) === integer || (mayBeInexact(fpsr) && roundsNatively(fpcr));
}

/** f32.convert_i32_s and the like; both sides compared as doubles. */
export function nativeInt32ToF32IsExactEnough(integer: number, r: number, fpcr: number, fpsr: number): boolean {
  return r === integer || (mayBeInexact(fpsr) && roundsNatively(fpcr));
}

function toIntSuffices(
  operand: number, scaled: number, rounded: number, least: number, beyond: number, min: number, fpcr: number, fpsr: number,
): boolean {
  return rounded >= least && rounded < beyond && survivesFlush(operand, min, fpcr) && (mayBeInexact(fpsr) || rounded === scaled);
}

/**
 * i64.trunc_sat_f64_s and the like, applied to `rounded`, which is `scaled` (the operand × 2^fbits, in double precision) after
 * f64.nearest, floor, ceil or trunc as the instruction says; ties away from zero are trunc(x) and a step where |x − trunc(x)| ≥ 0.5.
 *
 * The integer type holds `least` up to but not including `beyond`, a power of two. Out of range saturates natively too, but raises.
 */
export function nativeF64ToIntIsExactEnough(
  operand: number, scaled: number, rounded: number, least: number, beyond: number, fpcr: number, fpsr: number,
): boolean {
  return toIntSuffices(operand, scaled, rounded, least, beyond, MIN64, fpcr, fpsr);
}

export function nativeF32ToIntIsExactEnough(
  operand: number, scaled: number, rounded: number, least: number, beyond: number, fpcr: number, fpsr: number,
): boolean {
  return toIntSuffices(operand, scaled, rounded, least, beyond, MIN32, fpcr, fpsr);
}

/** f64.nearest, floor, ceil, trunc; `exact` for FRINTX, the only one that may be Inexact. */
export function nativeRoundInt64IsExactEnough(a: number, r: number, exact: boolean, fpcr: number, fpsr: number): boolean {
  return a === a && survivesFlush(a, MIN64, fpcr) && (!exact || mayBeInexact(fpsr) || r === a);
}

export function nativeRoundInt32IsExactEnough(a: number, r: number, exact: boolean, fpcr: number, fpsr: number): boolean {
  return a === a && survivesFlush(a, MIN32, fpcr) && (!exact || mayBeInexact(fpsr) || r === a);
}

/** Comparisons, and f64.min and f64.max, whose zeros are Arm's. (For FMAXNM and FMINNM as well: without NaNs they are the same.) */
export function nativeOrder64IsEnough(a: number, b: number, fpcr: number): boolean {
  return a === a && b === b && survivesFlush(a, MIN64, fpcr) && survivesFlush(b, MIN64, fpcr);
}

export function nativeOrder32IsEnough(a: number, b: number, fpcr: number): boolean {
  return a === a && b === b && survivesFlush(a, MIN32, fpcr) && survivesFlush(b, MIN32, fpcr);
}
