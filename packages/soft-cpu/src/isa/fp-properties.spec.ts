/**
 * Floating-point rows against soft-fp.ts, for any operands and any FPCR, with Inexact set and clear: scalars and vectors, interpreted
 * and compiled. That soft-fp.ts is the manual's is the matter of its own specs and of the golden vectors. The seed of a failure is printed.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, anyFpcr, anyS } from "../fp/fp-operands.fixture.ts";
import * as soft from "../fp/soft-fp.ts";
import { FpBench } from "./fp-row.fixture.ts";

type Env = soft.FpEnv;
type Double = (n: bigint, m: bigint, a: bigint, env: Env) => bigint;
type Single = (n: number, m: number, a: number, env: Env) => number;

/** Text with the single's registers, its word, what it computes of V1, V2 and the addend. A double is the same with bit 22 set. */
type Row = readonly [text: string, word: number, single: Single, double: Double];

const mask32 = (holds: boolean): number => (holds ? 0xffff_ffff : 0);
const mask64 = (holds: boolean): bigint => (holds ? 0xffff_ffff_ffff_ffffn : 0n);
const { neg32, neg64, abs32, abs64 } = soft;

const SCALAR: readonly Row[] = [
  ["fadd s0, s1, s2", 0x1e22_2820, (n, m, _, env) => soft.add32(n, m, env), (n, m, _, env) => soft.add64(n, m, env)],
  ["fsub s0, s1, s2", 0x1e22_3820, (n, m, _, env) => soft.sub32(n, m, env), (n, m, _, env) => soft.sub64(n, m, env)],
  ["fmul s0, s1, s2", 0x1e22_0820, (n, m, _, env) => soft.mul32(n, m, env), (n, m, _, env) => soft.mul64(n, m, env)],
  ["fnmul s0, s1, s2", 0x1e22_8820, (n, m, _, env) => neg32(soft.mul32(n, m, env)), (n, m, _, env) => neg64(soft.mul64(n, m, env))],
  ["fdiv s0, s1, s2", 0x1e22_1820, (n, m, _, env) => soft.div32(n, m, env), (n, m, _, env) => soft.div64(n, m, env)],
  ["fmax s0, s1, s2", 0x1e22_4820, (n, m, _, env) => soft.max32(n, m, env), (n, m, _, env) => soft.max64(n, m, env)],
  ["fminnm s0, s1, s2", 0x1e22_7820, (n, m, _, env) => soft.minNum32(n, m, env), (n, m, _, env) => soft.minNum64(n, m, env)],
  ["fsqrt s0, s1", 0x1e21_c020, (n, _m, _, env) => soft.sqrt32(n, env), (n, _m, _, env) => soft.sqrt64(n, env)],
  ["fmadd s0, s1, s2, s3", 0x1f02_0c20, (n, m, a, env) => soft.mulAdd32(a, n, m, env), (n, m, a, env) => soft.mulAdd64(a, n, m, env)],
  [
    "fmsub s0, s1, s2, s3", 0x1f02_8c20,
    (n, m, a, env) => soft.mulAdd32(a, neg32(n), m, env), (n, m, a, env) => soft.mulAdd64(a, neg64(n), m, env),
  ],
  [
    "fnmadd s0, s1, s2, s3", 0x1f22_0c20,
    (n, m, a, env) => soft.mulAdd32(neg32(a), neg32(n), m, env), (n, m, a, env) => soft.mulAdd64(neg64(a), neg64(n), m, env),
  ],
  [
    "fnmsub s0, s1, s2, s3", 0x1f22_8c20,
    (n, m, a, env) => soft.mulAdd32(neg32(a), n, m, env), (n, m, a, env) => soft.mulAdd64(neg64(a), n, m, env),
  ],
  [
    "frinta s0, s1", 0x1e26_4020,
    (n, _m, _, env) => soft.roundInt32(n, 4, false, env), (n, _m, _, env) => soft.roundInt64(n, 4, false, env),
  ],
  [
    "frintx s0, s1", 0x1e27_4020,
    (n, _m, _, env) => soft.roundInt32(n, soft.FPRoundingMode(env.fpcr), true, env),
    (n, _m, _, env) => soft.roundInt64(n, soft.FPRoundingMode(env.fpcr), true, env),
  ],
];

/** The vector forms of four singles; two doubles have bit 22 set. The addend is V0. */
const VECTOR: readonly Row[] = [
  ["fadd v0.4s, v1.4s, v2.4s", 0x4e22_d420, (n, m, _, env) => soft.add32(n, m, env), (n, m, _, env) => soft.add64(n, m, env)],
  ["fmulx v0.4s, v1.4s, v2.4s", 0x4e22_dc20, (n, m, _, env) => soft.mulX32(n, m, env), (n, m, _, env) => soft.mulX64(n, m, env)],
  ["fdiv v0.4s, v1.4s, v2.4s", 0x6e22_fc20, (n, m, _, env) => soft.div32(n, m, env), (n, m, _, env) => soft.div64(n, m, env)],
  ["fmla v0.4s, v1.4s, v2.4s", 0x4e22_cc20, (n, m, a, env) => soft.mulAdd32(a, n, m, env), (n, m, a, env) => soft.mulAdd64(a, n, m, env)],
  [
    "fmls v0.4s, v1.4s, v2.4s", 0x4ea2_cc20,
    (n, m, a, env) => soft.mulAdd32(a, neg32(n), m, env), (n, m, a, env) => soft.mulAdd64(a, neg64(n), m, env),
  ],
  [
    "fabd v0.4s, v1.4s, v2.4s", 0x6ea2_d420,
    (n, m, _, env) => abs32(soft.sub32(n, m, env)), (n, m, _, env) => abs64(soft.sub64(n, m, env)),
  ],
  [
    "fcmeq v0.4s, v1.4s, v2.4s", 0x4e22_e420,
    (n, m, _, env) => mask32(soft.compareEq32(n, m, env)), (n, m, _, env) => mask64(soft.compareEq64(n, m, env)),
  ],
  [
    "facge v0.4s, v1.4s, v2.4s", 0x6e22_ec20,
    (n, m, _, env) => mask32(soft.compareGe32(abs32(n), abs32(m), env)),
    (n, m, _, env) => mask64(soft.compareGe64(abs64(n), abs64(m), env)),
  ],
  [
    "fcmle v0.4s, v1.4s, #0.0", 0x6ea0_d820,
    (n, _m, _, env) => mask32(soft.compareGe32(0, n, env)), (n, _m, _, env) => mask64(soft.compareGe64(0n, n, env)),
  ],
  ["frecps v0.4s, v1.4s, v2.4s", 0x4e22_fc20, (n, m, _, env) => soft.recipStep32(n, m, env), (n, m, _, env) => soft.recipStep64(n, m, env)],
  [
    "frsqrts v0.4s, v1.4s, v2.4s", 0x4ea2_fc20,
    (n, m, _, env) => soft.rsqrtStep32(n, m, env), (n, m, _, env) => soft.rsqrtStep64(n, m, env),
  ],
  ["fmaxnm v0.4s, v1.4s, v2.4s", 0x4e22_c420, (n, m, _, env) => soft.maxNum32(n, m, env), (n, m, _, env) => soft.maxNum64(n, m, env)],
  ["fsqrt v0.4s, v1.4s", 0x6ea1_f820, (n, _m, _, env) => soft.sqrt32(n, env), (n, _m, _, env) => soft.sqrt64(n, env)],
  [
    "frinta v0.4s, v1.4s", 0x6e21_8820,
    (n, _m, _, env) => soft.roundInt32(n, 4, false, env), (n, _m, _, env) => soft.roundInt64(n, 4, false, env),
  ],
  ["frecpe v0.4s, v1.4s", 0x4ea1_d820, (n, _m, _, env) => soft.recipEstimate32(n, env), (n, _m, _, env) => soft.recipEstimate64(n, env)],
  [
    "fcvtau v0.4s, v1.4s", 0x6e21_c820,
    (n, _m, _, env) => soft.f32ToFixed32(n, 0, true, 4, env), (n, _m, _, env) => soft.f64ToFixed64(n, 0, true, 4, env),
  ],
  [
    "scvtf v0.4s, v1.4s", 0x4e21_d820,
    (n, _m, _, env) => soft.fixed32ToF32(n, 0, false, env), (n, _m, _, env) => soft.fixed64ToF64(n, 0, false, env),
  ],
];

const RUNS = 50;
const benches = [new FpBench(), new FpBench(true)];
const anyFpsr = fc.constantFrom(0, soft.FPSR.IXC, soft.FPSR.IXC | soft.FPSR.QC);
/** Often what programs run with. */
const controls = fc.oneof(fc.constant(0), anyFpcr);
const DOUBLE = 1 << 22;

const joined = (lanes: readonly (bigint | number)[], bits: number): bigint => {
  return lanes.reduceRight<bigint>((all, lane) => (all << BigInt(bits)) | BigInt(lane), 0n);
};
const vectors = <T>(lane: fc.Arbitrary<T>, count: number): fc.Arbitrary<T[][]> => {
  return fc.array(fc.array(lane, { minLength: count, maxLength: count }), { minLength: 4, maxLength: 4 });
};

/** Lanes of V0 … V3; the addend is in V3, or V0. */
function check<T extends number | bigint>(
  word: number, lane: fc.Arbitrary<T>, bits: 32 | 64, addend: 0 | 3, compute: (n: T, m: T, a: T, env: Env) => T, live: number,
): void {
  fc.assert(
    fc.property(vectors(lane, 128 / bits), controls, anyFpsr, (v, fpcr, fpsr) => {
      const env = { fpcr, fpsr };
      const lanes = Array.from({ length: live }, (_, i) => compute(v[1]![i]!, v[2]![i]!, v[addend]![i]!, env));
      const before = { v: v.map((register) => joined(register, bits)), fpcr, fpsr };
      for (const bench of benches) {
        const after = bench.execute(word, before);
        expect([after.v0, after.fpsr]).toEqual([joined(lanes, bits), env.fpsr]);
      }
    }),
    { numRuns: RUNS },
  );
}

describe.each(SCALAR)("%s", (_, word, single, double) => {
  it("is right in single precision", () => check(word, anyS, 32, 3, single, 1));
  it("is right in double precision", () => check(word | DOUBLE, anyD, 64, 3, double, 1));
});

const HALF = ~(1 << 30);

describe.each(VECTOR)("%s", (_, word, single, double) => {
  it("is right in four singles", () => check(word, anyS, 32, 0, single, 4));
  it("is right in two singles, and clears the rest", () => check(word & HALF, anyS, 32, 0, single, 2));
  it("is right in two doubles", () => check(word | DOUBLE, anyD, 64, 0, double, 2));
});
