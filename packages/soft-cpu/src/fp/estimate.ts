/**
 * First guesses for Newton's method, eight bits good, defined to the bit (DDI 0487 J1.3: FPRecipEstimate(), RecipEstimate(),
 * FPRSqrtEstimate(), RecipSqrtEstimate(), UnsignedRecipEstimate(), UnsignedRSqrtEstimate(), FPRecpX()).
 *
 * They look at the top eight bits of the fraction (the root at seven) and are never Inexact, save where the reciprocal overflows. The
 * 12-bit estimates of FEAT_RPRES are absent. Not hot.
 */
import { FPCR, FPRoundingMode, FPSR, type FpEnv } from "./fp-env.ts";
import { FPInfinity, FPMaxNormal, FPZero, type Format } from "./format.ts";
import { FPProcessNaN, invalid, isNaNType } from "./nan.ts";
import { overflowsToInfinity } from "./round.ts";
import { FPType, FPUnpack } from "./unpack.ts";

/** RecipEstimate(): 256 … 511 for 0.5 … 1.0 in, the same for 1.0 … 2.0 out. */
function RecipEstimate(a: number): number {
  const b = Math.floor(2 ** 19 / (a * 2 + 1));
  return (b + 1) >> 1;
}

/** RecipSqrtEstimate(): 128 … 511 for 0.25 … 1.0 in, 256 … 511 for 1.0 … 2.0 out. */
function RecipSqrtEstimate(a: number): number {
  // The middle of the interval that the estimate answers for; above 0.5 the last bit of `a` does not count.
  const middle = a < 256 ? a * 2 + 1 : ((a & ~1) + 1) * 2;
  let b = 512;
  while (middle * (b + 1) * (b + 1) < 2 ** 28) b += 1;
  return (b + 1) >> 1;
}

/** Computed once: the search above takes hundreds of steps. */
const RECIP_SQRT: readonly number[] = Array.from({ length: 512 }, (_, a) => (a < 128 ? 0 : RecipSqrtEstimate(a)));

/** FPRecipEstimate() (FRECPE). */
export function FPRecipEstimate<T extends number | bigint>(format: Format<T>, bits: T, env: FpEnv): T {
  const op = FPUnpack(format, bits, env);
  if (isNaNType(op.type)) return FPProcessNaN(format, op, env);
  if (op.type === FPType.Infinity) return FPZero(format, op.sign);
  if (op.type === FPType.Zero) {
    env.fpsr |= FPSR.DZC;
    return FPInfinity(format, op.sign);
  }
  const { hidden, bias } = format;
  let { biased: exp, frac } = format.fields(bits);
  if (exp === 0 && frac < hidden / 4) {
    // Below 2^-128 (2^-1024): the reciprocal is too large.
    env.fpsr |= FPSR.OFC | FPSR.IXC;
    return overflowsToInfinity(op.sign, FPRoundingMode(env.fpcr)) ? FPInfinity(format, op.sign) : FPMaxNormal(format, op.sign);
  }
  if ((env.fpcr & FPCR.FZ) !== 0 && exp >= 2 * bias - 1) {
    // From 2^126 (2^1022) on the reciprocal is denormal.
    env.fpsr |= FPSR.UFC;
    return FPZero(format, op.sign);
  }
  if (exp === 0) {
    // The leading one becomes the hidden bit; with two zeros in front the exponent is one less.
    if (frac < hidden / 2) {
      exp = -1;
      frac *= 2;
    }
    frac = frac * 2 - hidden;
  }
  const estimate = RecipEstimate(256 + Math.floor(frac / (hidden / 256)));
  const resultFrac = (estimate & 0xff) * (hidden / 256);
  const resultExp = 2 * bias - 1 - exp;
  if (resultExp > 0) return format.pack(op.sign, resultExp, resultFrac);
  // A denormal result: the hidden one moves into the fraction.
  return format.pack(op.sign, 0, (hidden + resultFrac) / (resultExp === 0 ? 2 : 4));
}

/** FPRSqrtEstimate() (FRSQRTE). */
export function FPRSqrtEstimate<T extends number | bigint>(format: Format<T>, bits: T, env: FpEnv): T {
  const op = FPUnpack(format, bits, env);
  if (isNaNType(op.type)) return FPProcessNaN(format, op, env);
  if (op.type === FPType.Zero) {
    env.fpsr |= FPSR.DZC;
    return FPInfinity(format, op.sign);
  }
  if (op.sign === 1) return invalid(format, env);
  if (op.type === FPType.Infinity) return FPZero(format, 0);
  const { hidden, bias } = format;
  let { biased: exp, frac } = format.fields(bits);
  if (exp === 0) {
    exp = 1;
    while (frac < hidden) {
      frac *= 2;
      exp -= 1;
    }
    frac -= hidden;
  }
  // An even biased exponent stands for an odd power of two: 0.5 … 1.0, else 0.25 … 0.5.
  const topBits = 256 + Math.floor(frac / (hidden / 256));
  const estimate = RECIP_SQRT[(exp & 1) === 0 ? topBits : topBits >> 1] as number;
  const resultExp = Math.floor((3 * bias - 1 - exp) / 2);
  return format.pack(0, resultExp, (estimate & 0xff) * (hidden / 256));
}

/** FPRecpX() (FRECPX): the exponent upside down, a scale factor that brings a number near one. */
export function FPRecpX<T extends number | bigint>(format: Format<T>, bits: T, env: FpEnv): T {
  const op = FPUnpack(format, bits, env);
  if (isNaNType(op.type)) return FPProcessNaN(format, op, env);
  const { biased } = format.fields(bits);
  return format.pack(op.sign, biased === 0 ? format.maxBiased - 1 : format.maxBiased - biased, 0);
}

/** UnsignedRecipEstimate() (URECPE): of a fraction in 0.5 … 1.0; below that it saturates. */
export function UnsignedRecipEstimate(operand: number): number {
  const top = operand >>> 23;
  return top < 256 ? 0xffff_ffff : RecipEstimate(top) * 2 ** 23;
}

/** UnsignedRSqrtEstimate() (URSQRTE): of a fraction in 0.25 … 1.0; below that it saturates. */
export function UnsignedRSqrtEstimate(operand: number): number {
  const top = operand >>> 23;
  return top < 128 ? 0xffff_ffff : (RECIP_SQRT[top] as number) * 2 ** 23;
}
