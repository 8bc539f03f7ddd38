/**
 * Comparisons and selections (DDI 0487 J1.3: FPCompare(), FPCompareEQ(), FPCompareGE(), FPCompareGT(), FPMax(), FPMin(), FPMaxNum(),
 * FPMinNum()).
 *
 * Under flush to zero, denormal operands are zeros here too and raise Input Denormal. Nothing is ever inexact. Less-than is
 * greater-than with the operands exchanged, and the absolute comparisons (FACGE, FACGT) compare FPAbs() of both.
 */
import { FPSR, type FpEnv } from "./fp-env.ts";
import { FPInfinity, FPZero, type Format, type Sign } from "./format.ts";
import { FPProcessNaNs, isNaNType } from "./nan.ts";
import { realOf } from "./real.ts";
import { FPRound } from "./round.ts";
import { FPType, FPUnpack, type Unpacked } from "./unpack.ts";

/** Results of FPCompare() as PSTATE's N, Z, C, V from bit 3 down. */
export const NZCV_LESS = 0b1000;
export const NZCV_EQUAL = 0b0110;
export const NZCV_GREATER = 0b0010;
export const NZCV_UNORDERED = 0b0011;

/** FPCompare(): quiet NaNs are Invalid Operation only when `signalNans` says so (FCMPE, FCCMPE). */
export function FPCompare<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, signalNans: boolean, env: FpEnv): number {
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  if (isUnordered(op1, op2, signalNans, env)) return NZCV_UNORDERED;
  const difference = order(op1, op2);
  return difference === 0 ? NZCV_EQUAL : difference < 0 ? NZCV_LESS : NZCV_GREATER;
}

/** FPCompareEQ(): like FCMP, quiet NaNs raise nothing. */
export function FPCompareEQ<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): boolean {
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  return !isUnordered(op1, op2, false, env) && order(op1, op2) === 0;
}

/** FPCompareGE(): any NaN is an Invalid Operation. */
export function FPCompareGE<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): boolean {
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  return !isUnordered(op1, op2, true, env) && order(op1, op2) >= 0;
}

/** FPCompareGT(): any NaN is an Invalid Operation. */
export function FPCompareGT<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): boolean {
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  return !isUnordered(op1, op2, true, env) && order(op1, op2) > 0;
}

export function FPMax<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return select(format, FPUnpack(format, bits1, env), FPUnpack(format, bits2, env), env, true);
}

export function FPMin<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  return select(format, FPUnpack(format, bits1, env), FPUnpack(format, bits2, env), env, false);
}

/** FPMaxNum(): a single quiet NaN gives way to the number, as IEEE 754-2008's maxNum; a signalling one does not. */
export function FPMaxNum<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  const [op1, op2] = numbersBeforeNaN(format, bits1, bits2, 1, env);
  return select(format, op1, op2, env, true);
}

/** FPMinNum(): see {@link FPMaxNum}. */
export function FPMinNum<T extends number | bigint>(format: Format<T>, bits1: T, bits2: T, env: FpEnv): T {
  const [op1, op2] = numbersBeforeNaN(format, bits1, bits2, 0, env);
  return select(format, op1, op2, env, false);
}

/** A quiet NaN beside anything else is replaced by the infinity that never wins. */
function numbersBeforeNaN<T extends number | bigint>(
  format: Format<T>,
  bits1: T,
  bits2: T,
  loserSign: Sign,
  env: FpEnv,
): readonly [Unpacked, Unpacked] {
  const op1 = FPUnpack(format, bits1, env);
  const op2 = FPUnpack(format, bits2, env);
  const loser = (): Unpacked => FPUnpack(format, FPInfinity(format, loserSign), env);
  if (op1.type === FPType.QNaN && op2.type !== FPType.QNaN) return [loser(), op2];
  if (op2.type === FPType.QNaN && op1.type !== FPType.QNaN) return [op1, loser()];
  return [op1, op2];
}

function select<T extends number | bigint>(format: Format<T>, op1: Unpacked, op2: Unpacked, env: FpEnv, larger: boolean): T {
  const nan = FPProcessNaNs(format, op1, op2, env);
  if (nan !== undefined) return nan;
  const difference = order(op1, op2);
  const chosen = (larger ? difference > 0 : difference < 0) ? op1 : op2;
  if (chosen.type === FPType.Infinity) return FPInfinity(format, chosen.sign);
  if (chosen.type === FPType.Zero) {
    // Zeros are equal but not the same: the maximum is the positive one, the minimum the negative.
    return FPZero(format, (larger ? op1.sign & op2.sign : op1.sign | op2.sign) as Sign);
  }
  return FPRound(format, realOf(chosen), env);
}

function isUnordered(op1: Unpacked, op2: Unpacked, signalNans: boolean, env: FpEnv): boolean {
  if (!isNaNType(op1.type) && !isNaNType(op2.type)) return false;
  if (signalNans || op1.type === FPType.SNaN || op2.type === FPType.SNaN) env.fpsr |= FPSR.IOC;
  return true;
}

/** Negative, zero or positive as op1 is less than, equal to or greater than op2; both zeros are equal. */
function order(op1: Unpacked, op2: Unpacked): number {
  if (op1.sig === 0 && op2.sig === 0) return 0;
  if (op1.sign !== op2.sign) return op1.sign === 1 ? -1 : 1;
  const magnitudes = op1.exp - op2.exp || op1.sig - op2.sig;
  return op1.sign === 0 ? magnitudes : -magnitudes;
}
