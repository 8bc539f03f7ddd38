/**
 * Floating point of Armv8.0-A in software: the shared functions of DDI 0487 J1.3 ("shared/functions/float"), one flat function for each
 * operation and format, made to be called from WebAssembly where the native operation would not do (fast-path.ts says when).
 *
 * Single precision is a `number` of 32 bits, double precision a `bigint` of 64, half precision a `number` of 16. Operands may be signed
 * or unsigned, results are unsigned. Flags are OR-ed into `env.fpsr`. Booleans may be 0 and 1. No function throws for any pattern.
 * A call costs 0.2 to 1 µs (bigints do the exact part); nothing is kept between calls.
 */
import * as arithmetic from "./arithmetic.ts";
import * as comparison from "./compare.ts";
import { FPConvert } from "./convert.ts";
import * as estimate from "./estimate.ts";
import { F16, F32, F64 } from "./format.ts";
import { FPRounding, FPRoundingMode, type FpEnv } from "./fp-env.ts";
import * as fused from "./fused.ts";
import { FixedToFP, FPRoundInt, FPToFixed } from "./integral.ts";

export { FPCR, FPRounding, FPRoundingMode, FPSR, type FpEnv } from "./fp-env.ts";
export { UnsignedRecipEstimate as unsignedRecipEstimate, UnsignedRSqrtEstimate as unsignedRSqrtEstimate } from "./estimate.ts";

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

/** FRINT*: `exact` is FRINTX. For FRINTI and FRINTX pass FPRoundingMode(env.fpcr). */
export const roundInt32 = (op: number, rounding: FPRounding, exact: boolean, env: FpEnv): number =>
  FPRoundInt(F32, op, rounding, exact, env);
export const roundInt64 = (op: bigint, rounding: FPRounding, exact: boolean, env: FpEnv): bigint =>
  FPRoundInt(F64, op, rounding, exact, env);

/** FCVT*S, FCVT*U: op × 2^fbits as a saturated 32-bit integer pattern. */
export const f32ToFixed32 = (op: number, fbits: number, unsigned: boolean, rounding: FPRounding, env: FpEnv): number =>
  Number(FPToFixed(F32, op, 32, unsigned, fbits, rounding, env));
export const f64ToFixed32 = (op: bigint, fbits: number, unsigned: boolean, rounding: FPRounding, env: FpEnv): number =>
  Number(FPToFixed(F64, op, 32, unsigned, fbits, rounding, env));
/** The same as a 64-bit integer pattern. */
export const f32ToFixed64 = (op: number, fbits: number, unsigned: boolean, rounding: FPRounding, env: FpEnv): bigint =>
  FPToFixed(F32, op, 64, unsigned, fbits, rounding, env);
export const f64ToFixed64 = (op: bigint, fbits: number, unsigned: boolean, rounding: FPRounding, env: FpEnv): bigint =>
  FPToFixed(F64, op, 64, unsigned, fbits, rounding, env);

/** SCVTF, UCVTF: a 32-bit integer pattern over 2^fbits. */
export const fixed32ToF32 = (op: number, fbits: number, unsigned: boolean, env: FpEnv): number =>
  FixedToFP(F32, BigInt(op), 32, unsigned, fbits, env);
export const fixed32ToF64 = (op: number, fbits: number, unsigned: boolean, env: FpEnv): bigint =>
  FixedToFP(F64, BigInt(op), 32, unsigned, fbits, env);
/** The same from a 64-bit integer pattern. */
export const fixed64ToF32 = (op: bigint, fbits: number, unsigned: boolean, env: FpEnv): number =>
  FixedToFP(F32, op, 64, unsigned, fbits, env);
export const fixed64ToF64 = (op: bigint, fbits: number, unsigned: boolean, env: FpEnv): bigint =>
  FixedToFP(F64, op, 64, unsigned, fbits, env);

/** FCVT, FCVTL, FCVTN between formats. */
export const f64ToF32 = (op: bigint, env: FpEnv): number => FPConvert(F64, F32, op, FPRoundingMode(env.fpcr), env);
/** FCVTXN: an inexact result has an odd last bit. */
export const f64ToF32Odd = (op: bigint, env: FpEnv): number => FPConvert(F64, F32, op, FPRounding.ODD, env);
export const f64ToF16 = (op: bigint, env: FpEnv): number => FPConvert(F64, F16, op, FPRoundingMode(env.fpcr), env);
export const f32ToF64 = (op: number, env: FpEnv): bigint => FPConvert(F32, F64, op, FPRoundingMode(env.fpcr), env);
export const f32ToF16: Unary32 = (op, env) => FPConvert(F32, F16, op, FPRoundingMode(env.fpcr), env);
export const f16ToF64 = (op: number, env: FpEnv): bigint => FPConvert(F16, F64, op, FPRoundingMode(env.fpcr), env);
export const f16ToF32: Unary32 = (op, env) => FPConvert(F16, F32, op, FPRoundingMode(env.fpcr), env);

/** FRECPE, FRSQRTE, FRECPX, FRECPS, FRSQRTS; URECPE and URSQRTE are re-exported above. */
export const recipEstimate32: Unary32 = (op, env) => estimate.FPRecipEstimate(F32, op, env);
export const recipEstimate64: Unary64 = (op, env) => estimate.FPRecipEstimate(F64, op, env);
export const rsqrtEstimate32: Unary32 = (op, env) => estimate.FPRSqrtEstimate(F32, op, env);
export const rsqrtEstimate64: Unary64 = (op, env) => estimate.FPRSqrtEstimate(F64, op, env);
export const recpX32: Unary32 = (op, env) => estimate.FPRecpX(F32, op, env);
export const recpX64: Unary64 = (op, env) => estimate.FPRecpX(F64, op, env);
export const recipStep32: Binary32 = (op1, op2, env) => fused.FPRecipStepFused(F32, op1, op2, env);
export const recipStep64: Binary64 = (op1, op2, env) => fused.FPRecipStepFused(F64, op1, op2, env);
export const rsqrtStep32: Binary32 = (op1, op2, env) => fused.FPRSqrtStepFused(F32, op1, op2, env);
export const rsqrtStep64: Binary64 = (op1, op2, env) => fused.FPRSqrtStepFused(F64, op1, op2, env);
