/**
 * Conversions between the formats (DDI 0487 J1.3: FPConvert(); A1.4.2 for alternative half precision).
 *
 * Half precision is IEEE's or, under FPCR.AHP, Arm's alternative without infinities and NaNs: there a NaN becomes a zero and an
 * infinity the largest number, both Invalid Operation. Flush to zero does not concern half-precision operands and results.
 */
import { FPCR, type FPRounding, FPSR, type FpEnv } from "./fp-env.ts";
import { FPDefaultNaN, FPInfinity, FPZero, type Format } from "./format.ts";
import { FPConvertNaN, isNaNType } from "./nan.ts";
import { realOf } from "./real.ts";
import { FPRoundCV } from "./round.ts";
import { FPType, FPUnpackCV } from "./unpack.ts";

export function FPConvert<T extends number | bigint, U extends number | bigint>(
  from: Format<T>,
  to: Format<U>,
  bits: T,
  rounding: FPRounding,
  env: FpEnv,
): U {
  const op = FPUnpackCV(from, bits, env);
  const toAlternativeHalf = to.width === 16 && (env.fpcr & FPCR.AHP) !== 0;
  if (isNaNType(op.type)) {
    if (op.type === FPType.SNaN || toAlternativeHalf) env.fpsr |= FPSR.IOC;
    if (toAlternativeHalf) return FPZero(to, op.sign);
    return (env.fpcr & FPCR.DN) !== 0 ? FPDefaultNaN(to) : FPConvertNaN(from, to, op);
  }
  if (op.type === FPType.Infinity) {
    if (!toAlternativeHalf) return FPInfinity(to, op.sign);
    env.fpsr |= FPSR.IOC;
    return to.pack(op.sign, to.maxBiased, to.hidden - 1);
  }
  if (op.type === FPType.Zero) return FPZero(to, op.sign);
  return FPRoundCV(to, realOf(op), env, rounding);
}
