/**
 * Floating point of Armv8.0-A in software: the shared functions of DDI 0487 J1.3 ("shared/functions/float"), one flat function for each
 * operation and format, made to be called from WebAssembly where the native operation would not do (fast-path.ts says when).
 *
 * Single precision is a `number` of 32 bits, double precision a `bigint` of 64, half precision a `number` of 16. Operands may be signed
 * or unsigned, results are unsigned. Flags are OR-ed into `env.fpsr`. Booleans may be 0 and 1. No function throws for any pattern.
 * A call costs about 0.2 to 0.6 µs (bigints do the exact part); nothing is kept between calls.
 */
import * as arithmetic from "./arithmetic.ts";
import * as comparison from "./compare.ts";
import { F32, F64 } from "./format.ts";
import type { FpEnv } from "./fp-env.ts";
import * as fused from "./fused.ts";

export { FPCR, FPRounding, FPRoundingMode, FPSR, type FpEnv } from "./fp-env.ts";

type Unary32 = (op: number, env: FpEnv) => number;
type Unary64 = (op: bigint, env: FpEnv) => bigint;
type Binary32 = (op1: number, op2: number, env: FpEnv) => number;
type Binary64 = (op1: bigint, op2: bigint, env: FpEnv) => bigint;
type Test32 = (op1: number, op2: number, env: FpEnv) => boolean;
type Test64 = (op1: bigint, op2: bigint, env: FpEnv) => boolean;

export const add32: Binary32 = (op1, op2, env) => arithmetic.FPAdd(F32, op1, op2, env);
export const add64: Binary64 = (op1, op2, env) => arithmetic.FPAdd(F64, op1, op2, env);
export const sub32: Binary32 = (op1, op2, env) => arithmetic.FPSub(F32, op1, op2, env);
export const sub64: Binary64 = (op1, op2, env) => arithmetic.FPSub(F64, op1, op2, env);
export const mul32: Binary32 = (op1, op2, env) => arithmetic.FPMul(F32, op1, op2, env);
export const mul64: Binary64 = (op1, op2, env) => arithmetic.FPMul(F64, op1, op2, env);
/** FMULX. */
export const mulX32: Binary32 = (op1, op2, env) => arithmetic.FPMulX(F32, op1, op2, env);
export const mulX64: Binary64 = (op1, op2, env) => arithmetic.FPMulX(F64, op1, op2, env);
export const div32: Binary32 = (op1, op2, env) => arithmetic.FPDiv(F32, op1, op2, env);
export const div64: Binary64 = (op1, op2, env) => arithmetic.FPDiv(F64, op1, op2, env);
export const sqrt32: Unary32 = (op, env) => arithmetic.FPSqrt(F32, op, env);
export const sqrt64: Unary64 = (op, env) => arithmetic.FPSqrt(F64, op, env);

/** addend + op1 × op2, rounded once. FMSUB passes neg(op1), FNMADD also neg(addend), FNMSUB neg(addend) alone. */
export const mulAdd32 = (addend: number, op1: number, op2: number, env: FpEnv): number => fused.FPMulAdd(F32, addend, op1, op2, env);
export const mulAdd64 = (addend: bigint, op1: bigint, op2: bigint, env: FpEnv): bigint => fused.FPMulAdd(F64, addend, op1, op2, env);

/** FPNeg(), FPAbs(): of any pattern, NaNs included; no flags. */
export const neg32 = (op: number): number => F32.neg(op);
export const neg64 = (op: bigint): bigint => F64.neg(op);
export const abs32 = (op: number): number => F32.abs(op);
export const abs64 = (op: bigint): bigint => F64.abs(op);

export const max32: Binary32 = (op1, op2, env) => comparison.FPMax(F32, op1, op2, env);
export const max64: Binary64 = (op1, op2, env) => comparison.FPMax(F64, op1, op2, env);
export const min32: Binary32 = (op1, op2, env) => comparison.FPMin(F32, op1, op2, env);
export const min64: Binary64 = (op1, op2, env) => comparison.FPMin(F64, op1, op2, env);
export const maxNum32: Binary32 = (op1, op2, env) => comparison.FPMaxNum(F32, op1, op2, env);
export const maxNum64: Binary64 = (op1, op2, env) => comparison.FPMaxNum(F64, op1, op2, env);
export const minNum32: Binary32 = (op1, op2, env) => comparison.FPMinNum(F32, op1, op2, env);
export const minNum64: Binary64 = (op1, op2, env) => comparison.FPMinNum(F64, op1, op2, env);

/** N, Z, C, V in bits 3 to 0. `signalNans`: FCMPE and FCCMPE. */
export const compare32 = (op1: number, op2: number, signalNans: boolean, env: FpEnv): number =>
  comparison.FPCompare(F32, op1, op2, signalNans, env);
export const compare64 = (op1: bigint, op2: bigint, signalNans: boolean, env: FpEnv): number =>
  comparison.FPCompare(F64, op1, op2, signalNans, env);
export const compareEq32: Test32 = (op1, op2, env) => comparison.FPCompareEQ(F32, op1, op2, env);
export const compareEq64: Test64 = (op1, op2, env) => comparison.FPCompareEQ(F64, op1, op2, env);
export const compareGe32: Test32 = (op1, op2, env) => comparison.FPCompareGE(F32, op1, op2, env);
export const compareGe64: Test64 = (op1, op2, env) => comparison.FPCompareGE(F64, op1, op2, env);
export const compareGt32: Test32 = (op1, op2, env) => comparison.FPCompareGT(F32, op1, op2, env);
export const compareGt64: Test64 = (op1, op2, env) => comparison.FPCompareGT(F64, op1, op2, env);

/** FRECPS, FRSQRTS. */
export const recipStep32: Binary32 = (op1, op2, env) => fused.FPRecipStepFused(F32, op1, op2, env);
export const recipStep64: Binary64 = (op1, op2, env) => fused.FPRecipStepFused(F64, op1, op2, env);
export const rsqrtStep32: Binary32 = (op1, op2, env) => fused.FPRSqrtStepFused(F32, op1, op2, env);
export const rsqrtStep64: Binary64 = (op1, op2, env) => fused.FPRSqrtStepFused(F64, op1, op2, env);
