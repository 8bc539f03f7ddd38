/**
 * Which NaN an operation answers with (DDI 0487 A1.5.5 and J1.3: FPProcessNaN(), FPProcessNaNs(), FPProcessNaNs3(), FPConvertNaN()).
 *
 * Signalling NaNs win over quiet ones, then the first operand over the second; a signalling NaN raises Invalid Operation and
 * becomes quiet; FPCR.DN replaces all by the default NaN. The other operands' order rules of FEAT_AFP are absent. Not hot.
 */
import { FPCR, FPSR, type FpEnv } from "./fp-env.ts";
import { FPDefaultNaN, type Format } from "./format.ts";
import { FPType, type Unpacked } from "./unpack.ts";

export function isNaNType(type: FPType): boolean {
  return type >= FPType.QNaN;
}

/** Invalid Operation that no NaN operand caused. */
export function invalid<T extends number | bigint>(format: Format<T>, env: FpEnv): T {
  env.fpsr |= FPSR.IOC;
  return FPDefaultNaN(format);
}

/** FPProcessNaN(): the result of an operation whose operand is the NaN `op`. */
export function FPProcessNaN<T extends number | bigint>(format: Format<T>, op: Unpacked, env: FpEnv): T {
  if (op.type === FPType.SNaN) env.fpsr |= FPSR.IOC;
  if ((env.fpcr & FPCR.DN) !== 0) return FPDefaultNaN(format);
  return format.pack(op.sign, format.maxBiased, quieted(format, op.sig));
}

/** FPProcessNaNs(): the NaN to answer with, or undefined when neither operand is one. */
export function FPProcessNaNs<T extends number | bigint>(format: Format<T>, op1: Unpacked, op2: Unpacked, env: FpEnv): T | undefined {
  if (!isNaNType(op1.type) && !isNaNType(op2.type)) return undefined;
  if (op1.type === FPType.SNaN) return FPProcessNaN(format, op1, env);
  if (op2.type === FPType.SNaN) return FPProcessNaN(format, op2, env);
  return FPProcessNaN(format, op1.type === FPType.QNaN ? op1 : op2, env);
}

/** FPProcessNaNs3(): as FPProcessNaNs() for the three operands of a fused operation, the addend first. */
export function FPProcessNaNs3<T extends number | bigint>(
  format: Format<T>,
  addend: Unpacked,
  op1: Unpacked,
  op2: Unpacked,
  env: FpEnv,
): T | undefined {
  if (!isNaNType(addend.type) && !isNaNType(op1.type) && !isNaNType(op2.type)) return undefined;
  const operands = [addend, op1, op2];
  const nan = operands.find((op) => op.type === FPType.SNaN) ?? operands.find((op) => op.type === FPType.QNaN);
  return nan && FPProcessNaN(format, nan, env);
}

/** FPConvertNaN(): the payload's top bits move to another format; bits that do not fit are lost, new ones are zeros. */
export function FPConvertNaN<T extends number | bigint, U extends number | bigint>(from: Format<T>, to: Format<U>, op: Unpacked): U {
  const aligned = Math.floor(op.sig * (to.hidden / from.hidden));
  return to.pack(op.sign, to.maxBiased, quieted(to, aligned));
}

function quieted<T extends number | bigint>(format: Format<T>, frac: number): number {
  const quietBit = format.hidden / 2;
  return frac >= quietBit ? frac : frac + quietBit;
}
