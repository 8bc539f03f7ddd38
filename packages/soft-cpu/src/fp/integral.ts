/**
 * Rounding to an integral value, and conversions to and from integers and fixed-point numbers (DDI 0487 J1.3: FPRoundInt(), FPToFixed(),
 * FixedToFP(), SatQ()).
 *
 * Integer patterns are unsigned bigints of 32 or 64 bits. The advertised architecture has no 16-bit fixed-point numbers (they come
 * with FEAT_FP16), no FEAT_FRINTTS and no FJCVTZS.
 */
import { type FPRounding, FPRounding as Rounding, FPSR, type FpEnv } from "./fp-env.ts";
import { FPInfinity, FPZero, type Format } from "./format.ts";
import { FPProcessNaN, isNaNType } from "./nan.ts";
import { realOf, type Real } from "./real.ts";
import { FPRound, roundToInteger } from "./round.ts";
import { FPType, FPUnpack } from "./unpack.ts";

/** FPRoundInt(): `exact` raises Inexact when the value changes (FRINTX only). A result of zero keeps the operand's sign. */
export function FPRoundInt<T extends number | bigint>(format: Format<T>, bits: T, rounding: FPRounding, exact: boolean, env: FpEnv): T {
  const op = FPUnpack(format, bits, env);
  if (isNaNType(op.type)) return FPProcessNaN(format, op, env);
  if (op.type === FPType.Infinity) return FPInfinity(format, op.sign);
  if (op.type === FPType.Zero) return FPZero(format, op.sign);
  const { integer, inexact } = roundToInteger(realOf(op), rounding);
  if (inexact && exact) env.fpsr |= FPSR.IXC;
  return integer === 0n ? FPZero(format, op.sign) : FPRound(format, { mant: integer, exp: 0 }, env, Rounding.ZERO);
}

/**
 * FPToFixed(): op × 2^fbits as an integer of `width` bits. What does not fit saturates and is an Invalid Operation, not Inexact;
 * a NaN becomes zero.
 */
export function FPToFixed<T extends number | bigint>(
  format: Format<T>,
  bits: T,
  width: 32 | 64,
  unsigned: boolean,
  fbits: number,
  rounding: FPRounding,
  env: FpEnv,
): bigint {
  const op = FPUnpack(format, bits, env);
  if (isNaNType(op.type)) {
    env.fpsr |= FPSR.IOC;
    return 0n;
  }
  const least = unsigned ? 0n : -(1n << BigInt(width - 1));
  const most = (1n << BigInt(unsigned ? width : width - 1)) - 1n;
  if (op.type === FPType.Infinity) {
    env.fpsr |= FPSR.IOC;
    return BigInt.asUintN(width, op.sign === 1 ? least : most);
  }
  const value: Real = realOf(op);
  const { integer, inexact } = roundToInteger({ mant: value.mant, exp: value.exp + fbits }, rounding);
  if (integer < least || integer > most) {
    env.fpsr |= FPSR.IOC;
    return BigInt.asUintN(width, integer < least ? least : most);
  }
  if (inexact) env.fpsr |= FPSR.IXC;
  return BigInt.asUintN(width, integer);
}

/** FixedToFP(): an integer pattern of `width` bits over 2^fbits. A zero is positive in every rounding mode. */
export function FixedToFP<T extends number | bigint>(
  format: Format<T>,
  pattern: bigint,
  width: 32 | 64,
  unsigned: boolean,
  fbits: number,
  env: FpEnv,
): T {
  const integer = unsigned ? BigInt.asUintN(width, pattern) : BigInt.asIntN(width, pattern);
  return integer === 0n ? FPZero(format, 0) : FPRound(format, { mant: integer, exp: -fbits }, env);
}
