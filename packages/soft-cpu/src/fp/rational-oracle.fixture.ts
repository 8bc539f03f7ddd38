/**
 * IEEE 754 by the definition, for tests: a pattern is a fraction of bigints, an exact result is known by comparison with fractions, and the
 * two floating-point numbers around it are found by bisection over the patterns. Slow and obvious; shares nothing with the code it
 * judges but the names of rounding modes and flags.
 */
import { FPCR, FPRounding, FPRoundingMode, FPSR } from "./fp-env.ts";

/** Numerator and positive denominator. */
export type Fraction = readonly [bigint, bigint];

export interface OracleFormat {
  readonly width: 16 | 32 | 64;
  readonly fracBits: number;
  readonly expBits: number;
}

export const HALF: OracleFormat = { width: 16, fracBits: 10, expBits: 5 };
export const SINGLE: OracleFormat = { width: 32, fracBits: 23, expBits: 8 };
export const DOUBLE: OracleFormat = { width: 64, fracBits: 52, expBits: 11 };

export interface OracleResult {
  readonly bits: bigint;
  readonly flags: number;
}

export const signOf = (format: OracleFormat, bits: bigint): boolean => bits >> BigInt(format.width - 1) === 1n;
export const infinityOf = (format: OracleFormat): bigint => ((1n << BigInt(format.expBits)) - 1n) << BigInt(format.fracBits);
export const minNormalOf = (format: OracleFormat): bigint => 1n << BigInt(format.fracBits);
const magnitudeOf = (format: OracleFormat, bits: bigint): bigint => BigInt.asUintN(format.width - 1, bits);

export const isFiniteBits = (format: OracleFormat, bits: bigint): boolean => magnitudeOf(format, bits) < infinityOf(format);
export const isDenormalBits = (format: OracleFormat, bits: bigint): boolean =>
  magnitudeOf(format, bits) !== 0n && magnitudeOf(format, bits) < minNormalOf(format);

/** The value of a finite pattern; the pattern of infinity counts as the next binade's first number. */
export function valueOf(format: OracleFormat, bits: bigint): Fraction {
  const magnitude = magnitudeOf(format, bits);
  const exponent = magnitude >> BigInt(format.fracBits);
  const fraction = magnitude - (exponent << BigInt(format.fracBits));
  const significand = exponent === 0n ? fraction : fraction + (1n << BigInt(format.fracBits));
  const bias = (1n << BigInt(format.expBits - 1)) - 1n;
  const power = (exponent === 0n ? 1n : exponent) - bias - BigInt(format.fracBits);
  const signed = signOf(format, bits) ? -significand : significand;
  return power >= 0n ? [signed << power, 1n] : [signed, 1n << -power];
}

export const plus = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * d + c * b, b * d];
export const minus = (x: Fraction, [c, d]: Fraction): Fraction => plus(x, [-c, d]);
export const times = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * c, b * d];
export const over = ([a, b]: Fraction, [c, d]: Fraction): Fraction => (c < 0n ? [-a * d, -b * c] : [a * d, b * c]);
const magnitude = ([a, b]: Fraction): Fraction => [a < 0n ? -a : a, b];
const compare = ([a, b]: Fraction, [c, d]: Fraction): number => (a * d === c * b ? 0 : a * d < c * b ? -1 : 1);

/** How the exact result's magnitude compares with a positive fraction. */
type Comparison = (other: Fraction) => number;

/** A number other than zero, rounded as FPCR says or as `rounding` does, with the flags that raises. */
export function roundFraction(format: OracleFormat, x: Fraction, fpcr: number, rounding: FPRounding = FPRoundingMode(fpcr)): OracleResult {
  const exact = magnitude(x);
  return roundCompared(format, x[0] < 0n, (other) => compare(exact, other), fpcr, rounding);
}

/** The square root of a positive number. */
export function roundRoot(format: OracleFormat, x: Fraction, fpcr: number): OracleResult {
  return roundCompared(format, false, (other) => compare(x, times(other, other)), fpcr, FPRoundingMode(fpcr));
}

function roundCompared(format: OracleFormat, negative: boolean, exact: Comparison, fpcr: number, rounding: FPRounding): OracleResult {
  const infinity = infinityOf(format);
  const signBit = negative ? 1n << BigInt(format.width - 1) : 0n;
  const tiny = exact(valueOf(format, minNormalOf(format))) < 0;
  if (tiny && (fpcr & FPCR.FZ) !== 0 && format.width !== 16) return { bits: signBit, flags: FPSR.UFC };

  // The largest pattern that is not above the result.
  let below = 0n;
  let above = infinity;
  while (above - below > 1n) {
    const middle = (below + above) >> 1n;
    if (exact(valueOf(format, middle)) >= 0) below = middle;
    else above = middle;
  }
  const overflowed = exact(valueOf(format, infinity)) >= 0;
  const inexact = overflowed || exact(valueOf(format, below)) !== 0;
  const [sum, denominator] = plus(valueOf(format, below), valueOf(format, above));
  const toMiddle = exact([sum, denominator * 2n]);
  const nearest = toMiddle > 0 || (toMiddle === 0 && below % 2n === 1n);
  const up =
    rounding === FPRounding.TIEEVEN ? nearest
    : rounding === FPRounding.TIEAWAY ? toMiddle >= 0
    : rounding === FPRounding.POSINF ? !negative
    : rounding === FPRounding.NEGINF ? negative
    : rounding === FPRounding.ODD ? below % 2n === 0n
    : false;
  const rounded = inexact && up ? above : below;
  if (overflowed || (rounded === infinity && rounding !== FPRounding.ODD)) {
    const toInfinity = rounding === FPRounding.TIEEVEN || rounding === FPRounding.TIEAWAY || (up && rounding !== FPRounding.ODD);
    return { bits: signBit | (toInfinity ? infinity : infinity - 1n), flags: FPSR.OFC | FPSR.IXC };
  }
  const flags = inexact ? FPSR.IXC | (tiny ? FPSR.UFC : 0) : 0;
  return { bits: signBit | rounded, flags };
}

/** Rounded to an integer by comparing with its two neighbours. */
export function roundToIntegerFraction([n, d]: Fraction, rounding: FPRounding): { readonly integer: bigint; readonly inexact: boolean } {
  let floor = n / d;
  if (floor * d > n) floor -= 1n;
  const inexact = floor * d !== n;
  const toMiddle = compare([n, d], [2n * floor + 1n, 2n]);
  const up =
    rounding === FPRounding.TIEEVEN ? toMiddle > 0 || (toMiddle === 0 && floor % 2n !== 0n)
    : rounding === FPRounding.TIEAWAY ? toMiddle > 0 || (toMiddle === 0 && floor >= 0n)
    : rounding === FPRounding.POSINF ? true
    : rounding === FPRounding.NEGINF ? false
    : n < 0n;
  return { integer: inexact && up ? floor + 1n : floor, inexact };
}
