/**
 * Single and double precision as lanes.ts needs them: where their lanes are in memory, and which of the functions of soft-fp.ts,
 * fast-path.ts and fast-fma.ts are theirs. A table.
 */
import * as fma from "./fast-fma.ts";
import * as fast from "./fast-path.ts";
import type { FpEnv, FPRounding } from "./fp-env.ts";
import type { FpMemory } from "./fp-memory.ts";
import * as soft from "./soft-fp.ts";

type Unary<T> = (op: T, env: FpEnv) => T;
type Binary<T> = (op1: T, op2: T, env: FpEnv) => T;
type Test<T> = (op1: T, op2: T, env: FpEnv) => boolean;
/** Is the native `r` the architecture's? */
type Suffices = (a: number, b: number, r: number, fpcr: number, fpsr: number) => boolean;

export interface PrecisionKit<T extends number | bigint> {
  readonly numbers: (m: FpMemory) => Float32Array | Float64Array;
  readonly patterns: (m: FpMemory) => { [lane: number]: T };
  readonly round: (x: number) => number;
  /** What a comparison leaves in a lane. */
  readonly mask: (holds: boolean) => T;
  readonly zero: T;

  readonly addSuffices: Suffices;
  readonly subSuffices: Suffices;
  readonly mulSuffices: Suffices;
  readonly divSuffices: Suffices;
  readonly sqrtSuffices: (a: number, r: number, fpcr: number, fpsr: number) => boolean;
  readonly orderSuffices: (a: number, b: number, fpcr: number) => boolean;
  readonly nativeMulAdd: (addend: number, op1: number, op2: number, fpcr: number, fpsr: number) => number | undefined;

  readonly add: Binary<T>;
  readonly sub: Binary<T>;
  readonly mul: Binary<T>;
  readonly mulX: Binary<T>;
  readonly div: Binary<T>;
  readonly sqrt: Unary<T>;
  readonly mulAdd: (addend: T, op1: T, op2: T, env: FpEnv) => T;
  readonly neg: (op: T) => T;
  readonly abs: (op: T) => T;
  readonly max: Binary<T>;
  readonly min: Binary<T>;
  readonly maxNum: Binary<T>;
  readonly minNum: Binary<T>;
  readonly compareEq: Test<T>;
  readonly compareGe: Test<T>;
  readonly compareGt: Test<T>;
  readonly recipStep: Binary<T>;
  readonly rsqrtStep: Binary<T>;
  readonly recipEstimate: Unary<T>;
  readonly rsqrtEstimate: Unary<T>;
  readonly recpX: Unary<T>;
  readonly roundInt: (op: T, rounding: FPRounding, exact: boolean, env: FpEnv) => T;
}

export const SINGLE_KIT: PrecisionKit<number> = {
  numbers: (m) => m.f32,
  patterns: (m) => m.u32,
  round: Math.fround,
  mask: (holds) => (holds ? 0xffff_ffff : 0),
  zero: 0,
  addSuffices: fast.nativeAdd32IsExactEnough,
  subSuffices: fast.nativeSub32IsExactEnough,
  mulSuffices: fast.nativeMul32IsExactEnough,
  divSuffices: fast.nativeDiv32IsExactEnough,
  sqrtSuffices: fast.nativeSqrt32IsExactEnough,
  orderSuffices: fast.nativeOrder32IsEnough,
  nativeMulAdd: fma.nativeMulAdd32,
  add: soft.add32,
  sub: soft.sub32,
  mul: soft.mul32,
  mulX: soft.mulX32,
  div: soft.div32,
  sqrt: soft.sqrt32,
  mulAdd: soft.mulAdd32,
  neg: soft.neg32,
  abs: soft.abs32,
  max: soft.max32,
  min: soft.min32,
  maxNum: soft.maxNum32,
  minNum: soft.minNum32,
  compareEq: soft.compareEq32,
  compareGe: soft.compareGe32,
  compareGt: soft.compareGt32,
  recipStep: soft.recipStep32,
  rsqrtStep: soft.rsqrtStep32,
  recipEstimate: soft.recipEstimate32,
  rsqrtEstimate: soft.rsqrtEstimate32,
  recpX: soft.recpX32,
  roundInt: soft.roundInt32,
};

export const DOUBLE_KIT: PrecisionKit<bigint> = {
  numbers: (m) => m.f64,
  patterns: (m) => m.u64,
  round: (x) => x,
  mask: (holds) => (holds ? 0xffff_ffff_ffff_ffffn : 0n),
  zero: 0n,
  addSuffices: fast.nativeAdd64IsExactEnough,
  subSuffices: fast.nativeSub64IsExactEnough,
  mulSuffices: fast.nativeMul64IsExactEnough,
  divSuffices: fast.nativeDiv64IsExactEnough,
  sqrtSuffices: fast.nativeSqrt64IsExactEnough,
  orderSuffices: fast.nativeOrder64IsEnough,
  nativeMulAdd: fma.nativeMulAdd64,
  add: soft.add64,
  sub: soft.sub64,
  mul: soft.mul64,
  mulX: soft.mulX64,
  div: soft.div64,
  sqrt: soft.sqrt64,
  mulAdd: soft.mulAdd64,
  neg: soft.neg64,
  abs: soft.abs64,
  max: soft.max64,
  min: soft.min64,
  maxNum: soft.maxNum64,
  minNum: soft.minNum64,
  compareEq: soft.compareEq64,
  compareGe: soft.compareGe64,
  compareGt: soft.compareGt64,
  recipStep: soft.recipStep64,
  rsqrtStep: soft.rsqrtStep64,
  recipEstimate: soft.recipEstimate64,
  rsqrtEstimate: soft.rsqrtEstimate64,
  recpX: soft.recpX64,
  roundInt: soft.roundInt64,
};
