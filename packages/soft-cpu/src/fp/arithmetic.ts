/**
 * The four basic operations and the square root (DDI 0487 J1.3: FPAdd(), FPSub(), FPMul(), FPMulX(), FPDiv(), FPSqrt()).
 *
 * Each function handles NaNs, then infinities, then zeros, and leaves the rest to an exact operation and one rounding. The order in which
 * operands are unpacked does not matter: flags only accumulate. Slow path: the fast one is native (fast-path.ts).
 */
import { FPSR, type FpEnv } from "./fp-env.ts";
import { FPInfinity, FPZero, type Format, type Sign } from "./format.ts";
import { FPProcessNaN, FPProcessNaNs, invalid, isNaNType } from "./nan.ts";
import { add, divide, multiply, realOf, squareRoot } from "./real.ts";
import { exactZero, FPRound } from "./round.ts";
import { FPType, FPUnpack, type Unpacked } from "./unpack.ts";

export function FPAdd<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return sum(format, FPUnpack(format, bits1, env), FPUnpack(format, bits2, env), env, 0);
}

export function FPSub<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return sum(format, FPUnpack(format, bits1, env), FPUnpack(format, bits2, env), env, 1);
}

/** op1 + op2, or op1 - op2 when `negate` is 1: after the NaNs, whose sign a subtraction leaves alone. */
function sum<T extends number | bigint>(format: Format<T>, op1: Unpacked, op2: Unpacked, env: FpEnv, negate: Sign): T {
  const nan = FPProcessNaNs(format, op1, op2, env);
  if (nan !== undefined) return nan;
  const sign2 = (op2.sign ^ negate) as Sign;
  const inf1 = op1.type === FPType.Infinity;
  const inf2 = op2.type === FPType.Infinity;
  if (inf1 && inf2 && op1.sign !== sign2) return invalid(format, env);
  if (inf1) return FPInfinity(format, op1.sign);
  if (inf2) return FPInfinity(format, sign2);
  if (op1.type === FPType.Zero && op2.type === FPType.Zero && op1.sign === sign2) return FPZero(format, op1.sign);
  const result = add(realOf(op1), realOf(op2, sign2));
  return result.mant === 0n ? exactZero(format, env) : FPRound(format, result, env);
}

export function FPMul<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return product(format, bits1, bits2, env, false);
}

/** FPMulX(): a zero times an infinity is two with the product's sign, not an Invalid Operation. */
export function FPMulX<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return product(format, bits1, bits2, env, true);
}

function product<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv, extended: boolean): T {
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  const nan = FPProcessNaNs(format, op1, op2, env);
  if (nan !== undefined) return nan;
  const sign = (op1.sign ^ op2.sign) as Sign;
  const infinite = op1.type === FPType.Infinity || op2.type === FPType.Infinity;
  const zero = op1.type === FPType.Zero || op2.type === FPType.Zero;
  if (infinite && zero) return extended ? format.pack(sign, format.bias + 1, 0) : invalid(format, env);
  if (infinite) return FPInfinity(format, sign);
  if (zero) return FPZero(format, sign);
  return FPRound(format, multiply(op1, op2), env);
}

export function FPDiv<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  const nan = FPProcessNaNs(format, op1, op2, env);
  if (nan !== undefined) return nan;
  const sign = (op1.sign ^ op2.sign) as Sign;
  const inf1 = op1.type === FPType.Infinity;
  const inf2 = op2.type === FPType.Infinity;
  const zero1 = op1.type === FPType.Zero;
  const zero2 = op2.type === FPType.Zero;
  if ((inf1 && inf2) || (zero1 && zero2)) return invalid(format, env);
  if (inf1) return FPInfinity(format, sign);
  if (zero2) {
    env.fpsr |= FPSR.DZC;
    return FPInfinity(format, sign);
  }
  if (zero1 || inf2) return FPZero(format, sign);
  return FPRound(format, divide(op1, op2), env);
}

export function FPSqrt<T extends number | bigint>(format: Format<T>, bits: T, env: FpEnv): T {
  const op = FPUnpack(format, bits, env);
  if (isNaNType(op.type)) return FPProcessNaN(format, op, env);
  if (op.type === FPType.Zero) return FPZero(format, op.sign);
  if (op.sign === 1) return invalid(format, env);
  if (op.type === FPType.Infinity) return FPInfinity(format, 0);
  return FPRound(format, squareRoot(op), env);
}
