/**
 * Operations with a product and a sum and one rounding (DDI 0487 J1.3: FPMulAdd(), FPRecipStepFused(), FPRSqrtStepFused()).
 *
 * FMSUB, FNMADD and FNMSUB negate op1, the addend or both before they call FPMulAdd(), as the manual does, NaNs included.
 * FMADD is what compilers make of a*b+c, and WebAssembly has no fused operation: fast-fma.ts is the fast path.
 */
import type { FpEnv } from "./fp-env.ts";
import { FPInfinity, FPZero, type Format, type Sign } from "./format.ts";
import { FPProcessNaNs, FPProcessNaNs3, invalid } from "./nan.ts";
import { add, multiply, type Real, realOf } from "./real.ts";
import { exactZero, FPRound } from "./round.ts";
import { FPType, FPUnpack } from "./unpack.ts";

/** FPMulAdd(): addend + op1 × op2. */
export function FPMulAdd<T extends number | bigint>(format: Format<T>, addend: T, bits1: T, bits2: T, env: FpEnv): T {
  const opA = FPUnpack(format, addend, env);
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  const infP = op1.type === FPType.Infinity || op2.type === FPType.Infinity;
  const zeroP = op1.type === FPType.Zero || op2.type === FPType.Zero;
  // A quiet NaN as the addend does not hide an invalid product; a signalling one does.
  if (opA.type === FPType.QNaN && infP && zeroP) return invalid(format, env);
  const nan = FPProcessNaNs3(format, opA, op1, op2, env);
  if (nan !== undefined) return nan;
  const infA = opA.type === FPType.Infinity;
  const signP = (op1.sign ^ op2.sign) as Sign;
  if ((infP && zeroP) || (infA && infP && opA.sign !== signP)) return invalid(format, env);
  if (infA) return FPInfinity(format, opA.sign);
  if (infP) return FPInfinity(format, signP);
  if (opA.type === FPType.Zero && zeroP && opA.sign === signP) return FPZero(format, signP);
  const result = add(realOf(opA), multiply(op1, op2));
  return result.mant === 0n ? exactZero(format, env) : FPRound(format, result, env);
}

/** FPRecipStepFused(): 2 - op1 × op2, one step of Newton's towards a reciprocal (FRECPS). */
export function FPRecipStepFused<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return stepFused(format, bits1, bits2, env, { mant: 2n, exp: 0 }, 0);
}

/** FPRSqrtStepFused(): (3 - op1 × op2) / 2, one step of Newton's towards a reciprocal square root (FRSQRTS). */
export function FPRSqrtStepFused<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return stepFused(format, bits1, bits2, env, { mant: 3n, exp: 0 }, 1);
}

/** (constant - op1 × op2) / 2^halvings, where a zero times an infinity counts as zero. op1 is negated first, NaN or not. */
function stepFused<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv, constant: Real, halvings: number): T {
  const op1 = FPUnpack(format, format.neg(bits1), env);
  const op2 = FPUnpack(format, bits2, env);
  const nan = FPProcessNaNs(format, op1, op2, env);
  if (nan !== undefined) return nan;
  const infinite = op1.type === FPType.Infinity || op2.type === FPType.Infinity;
  const zero = op1.type === FPType.Zero || op2.type === FPType.Zero;
  if (infinite && !zero) return FPInfinity(format, (op1.sign ^ op2.sign) as Sign);
  const result = infinite ? constant : add(constant, multiply(op1, op2));
  return result.mant === 0n ? exactZero(format, env) : FPRound(format, { mant: result.mant, exp: result.exp - halvings }, env);
}
