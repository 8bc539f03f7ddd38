/**
 * From a real number to a bit pattern or an integer, with the exceptions that rounding raises (DDI 0487 J1.3: FPRound(), FPRoundCV(),
 * FPRoundBase()).
 *
 * Arm detects tininess before rounding: a result below the smallest normal number underflows even if it is then rounded up to it.
 * Under flush to zero such a result is a zero and raises Underflow alone. Hot within the slow path.
 */
import { FPCR, FPRounding, FPRoundingMode, FPSR, type FpEnv } from "./fp-env.ts";
import { FPInfinity, FPMaxNormal, FPZero, type Format, type Sign } from "./format.ts";
import { bitLength, floorShift, type Real, Residue, residueOf } from "./real.ts";

/** FPRound(): a real other than zero in the given format; half precision is IEEE's. */
export function FPRound<T extends number | bigint>(
  format: Format<T>,
  value: Real,
  env: FpEnv,
  rounding: FPRounding = FPRoundingMode(env.fpcr),
): T {
  return roundBase(format, value, env, rounding, false);
}

/** FPRoundCV(): for conversions between formats, the only ones where FPCR.AHP counts. */
export function FPRoundCV<T extends number | bigint>(format: Format<T>, value: Real, env: FpEnv, rounding: FPRounding): T {
  return roundBase(format, value, env, rounding, (env.fpcr & FPCR.AHP) !== 0);
}

/** A zero result of operands that were none: only rounding towards minus infinity makes it negative. */
export function exactZero<T extends number | bigint>(format: Format<T>, env: FpEnv): T {
  return FPZero(format, FPRoundingMode(env.fpcr) === FPRounding.NEGINF ? 1 : 0);
}

function roundBase<T extends number | bigint>(
  format: Format<T>,
  { mant, exp }: Real,
  env: FpEnv,
  rounding: FPRounding,
  alternativeHalf: boolean,
): T {
  const sign: Sign = mant < 0n ? 1 : 0;
  const magnitude = sign === 0 ? mant : -mant;
  const exponent = exp + bitLength(magnitude) - 1;
  if (exponent < format.minExp && (env.fpcr & FPCR.FZ) !== 0 && format.width !== 16) {
    env.fpsr |= FPSR.UFC;
    return FPZero(format, sign);
  }

  let biased = Math.max(exponent - format.minExp + 1, 0);
  const drop = Math.max(exponent, format.minExp) - format.fracBits - exp;
  const residue = residueOf(magnitude, drop);
  // At most 53 bits: from here on a number.
  let intMant = Number(floorShift(magnitude, drop));
  if (biased === 0 && residue !== Residue.None) env.fpsr |= FPSR.UFC;

  if (roundsAway(residue, intMant % 2 === 1, sign, rounding)) {
    intMant += 1;
    if (intMant === format.hidden) biased = 1; // rounded up from denormal to normal
    if (intMant === 2 * format.hidden) {
      biased += 1;
      intMant = format.hidden;
    }
  }
  if (rounding === FPRounding.ODD && residue !== Residue.None && intMant % 2 === 0) intMant += 1;

  if (alternativeHalf && format.width === 16) {
    if (biased > format.maxBiased) {
      env.fpsr |= FPSR.IOC;
      return format.pack(sign, format.maxBiased, format.hidden - 1); // saturates, and is not Inexact
    }
  } else if (biased >= format.maxBiased) {
    env.fpsr |= FPSR.OFC | FPSR.IXC;
    return overflowsToInfinity(sign, rounding) ? FPInfinity(format, sign) : FPMaxNormal(format, sign);
  }
  if (residue !== Residue.None) env.fpsr |= FPSR.IXC;
  return format.pack(sign, biased, intMant);
}

/** Whether a magnitude cut off to an integer has to grow by one. */
function roundsAway(residue: Residue, isOdd: boolean, sign: Sign, rounding: FPRounding): boolean {
  switch (rounding) {
    case FPRounding.TIEEVEN:
      return residue === Residue.AboveHalf || (residue === Residue.Half && isOdd);
    case FPRounding.TIEAWAY:
      return residue >= Residue.Half;
    case FPRounding.POSINF:
      return residue !== Residue.None && sign === 0;
    case FPRounding.NEGINF:
      return residue !== Residue.None && sign === 1;
    case FPRounding.ZERO:
    case FPRounding.ODD:
      return false;
  }
}

/** Also FPRecipEstimate()'s answer for denormals too small to have a reciprocal. */
export function overflowsToInfinity(sign: Sign, rounding: FPRounding): boolean {
  switch (rounding) {
    case FPRounding.POSINF:
      return sign === 0;
    case FPRounding.NEGINF:
      return sign === 1;
    case FPRounding.ZERO:
    case FPRounding.ODD:
      return false;
    default:
      return true;
  }
}

/** A real rounded to an integer, and whether that changed it. Raises nothing: what to raise is the caller's business. */
export function roundToInteger({ mant, exp }: Real, rounding: FPRounding): { readonly integer: bigint; readonly inexact: boolean } {
  const sign: Sign = mant < 0n ? 1 : 0;
  const magnitude = sign === 0 ? mant : -mant;
  const residue = residueOf(magnitude, -exp);
  const floor = floorShift(magnitude, -exp);
  const rounded = roundsAway(residue, (floor & 1n) === 1n, sign, rounding) ? floor + 1n : floor;
  return { integer: sign === 0 ? rounded : -rounded, inexact: residue !== Residue.None };
}
