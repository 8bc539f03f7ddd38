/**
 * Floating-point rows one by one, interpreted and compiled: where results go and what is cleared, how elements pair, what raises what;
 * and that ordinary operands need no helper, which is what makes these rows fast.
 */
import { describe, expect, it } from "vitest";
import { D, d, S, s } from "../fp/fp-operands.fixture.ts";
import { FPCR, FPSR } from "../fp/fp-env.ts";
import { FpBench, X0_BEFORE } from "./fp-row.fixture.ts";

const ways = [
  { name: "interpreted", bench: new FpBench() },
  { name: "compiled", bench: new FpBench(true) },
] as const;

const { IOC, DZC, OFC, UFC, IXC, IDC } = FPSR;
const ALL = (1n << 128n) - 1n;
const singles = (...values: readonly number[]): bigint => values.reduceRight((all, value) => (all << 32n) | BigInt(s(value)), 0n);
const doubles = (low: number, high: number): bigint => (d(high) << 64n) | d(low);
const JUNK = 0x1111_1111_2222_2222_3333_3333_4444_4444n;

/** instruction, word, V1, V2, V0 after, FPSR after, FPCR. V0 is all ones before; the flags are clear. */
type VectorRow = readonly [text: string, word: number, v1: bigint, v2: bigint, v0: bigint, fpsr?: number, fpcr?: number];

// DDI 0487 C7.2.
const VECTORS: readonly VectorRow[] = [
  // moves: bits, whatever they mean; the rest is cleared
  ["fmov d0, d1", 0x1e60_4020, (JUNK << 64n) | D.snan, 0n, D.snan],
  ["fmov s0, s1", 0x1e20_4020, (JUNK << 32n) | BigInt(S.snan), 0n, BigInt(S.snan)],
  ["fabs d0, d1", 0x1e60_c020, D.snanNegative, 0n, D.snanNegative & ~(1n << 63n), 0, FPCR.DN],
  ["fneg s0, s1", 0x1e21_4020, BigInt(S.minDenormal), 0n, 0x8000_0001n, 0, FPCR.FZ],
  ["fmov d0, #-2.5", 0x1e70_9000, 0n, 0n, d(-2.5)],
  ["fmov s0, #1.0", 0x1e2e_1000, 0n, 0n, singles(1)],
  ["fabs v0.2d, v1.2d", 0x4ee0_f820, doubles(-1, -0), 0n, doubles(1, 0)],
  ["fneg v0.2s, v1.2s", 0x2ea0_f820, singles(1, -2, 3, 4), 0n, singles(-1, 2)],

  // arithmetic: what natively is right, and what is not
  ["fadd d0, d1, d2", 0x1e62_2820, d(1), d(2), d(3)], // exact: nothing to raise
  ["fadd d0, d1, d2", 0x1e62_2820, d(0.1), d(0.2), d(0.1 + 0.2), IXC],
  ["fadd d0, d1, d2", 0x1e62_2820, D.snan, D.qnanPayload, D.snan | (1n << 51n), IOC],
  ["fadd d0, d1, d2", 0x1e62_2820, d(1), D.qnanPayload, D.qnan, 0, FPCR.DN],
  ["fadd d0, d1, d2", 0x1e62_2820, d(1), D.minDenormal, d(1), IDC, FPCR.FZ],
  ["fsub d0, d1, d2", 0x1e62_3820, d(1), d(1), d(-0), 0, 2 << 22], // towards minus infinity
  ["fmul s0, s1, s2", 0x1e22_0820, singles(0), singles(-5), singles(-0)],
  ["fnmul d0, d1, d2", 0x1e62_8820, D.infinity, d(0), D.qnan | (1n << 63n), IOC], // the default NaN is negated, too
  ["fdiv d0, d1, d2", 0x1e62_1820, d(-1), d(0), D.minusInfinity, DZC],
  ["fmul d0, d1, d2", 0x1e62_0820, D.maxNormal, d(2), D.infinity, OFC | IXC],
  ["fmul d0, d1, d2", 0x1e62_0820, D.minNormal, d(0.3), d(2 ** -1022 * 0.3), UFC | IXC],
  ["fmaxnm d0, d1, d2", 0x1e62_6820, D.qnan, d(-1), d(-1)],
  ["fmax d0, d1, d2", 0x1e62_4820, d(-0), d(0), d(0)],

  // conversions between the formats
  ["fcvt d0, s1", 0x1e22_c020, (JUNK << 32n) | singles(0.5), 0n, d(0.5)],
  ["fcvt s0, d1", 0x1e62_4020, d(0.1), 0n, singles(0.1), IXC],
  ["fcvt s0, d1", 0x1e62_4020, d(-0), 0n, singles(-0)],
  ["fcvt h0, s1", 0x1e23_c020, singles(65520), 0n, 0x7c00n, OFC | IXC],
  ["fcvt h0, s1", 0x1e23_c020, singles(65536), 0n, 0x7c00n, 0, FPCR.AHP], // a number there
  ["fcvt d0, h1", 0x1ee2_c020, (JUNK << 16n) | 0x3c00n, 0n, d(1)],
  ["fcvtl v0.2d, v1.2s", 0x0e61_7820, singles(1, 2, 3, 4), 0n, doubles(1, 2)],
  ["fcvtl2 v0.2d, v1.4s", 0x4e61_7820, singles(1, 2, 3, 4), 0n, doubles(3, 4)],
  ["fcvtl v0.4s, v1.4h", 0x0e21_7820, 0x3c00_4000_bc00_0000n, 0n, singles(0, -1, 2, 1)],
  ["fcvtn v0.2s, v1.2d", 0x0e61_6820, doubles(1, -0), 0n, singles(1, -0)],
  ["fcvtn2 v0.4s, v1.2d", 0x4e61_6820, doubles(1, 2), 0n, (singles(1, 2) << 64n) | ((1n << 64n) - 1n)], // the lower half stays
  ["fcvtn2 v0.8h, v1.4s", 0x4e21_6820, singles(0, -1, 2, 1), 0n, (0x3c00_4000_bc00_0000n << 64n) | ((1n << 64n) - 1n)],
  ["fcvtxn v0.2s, v1.2d", 0x2e61_6820, doubles(1 + 2 ** -40, 1), 0n, singles(1 + 2 ** -23, 1), IXC], // to odd

  // pairs, elements, all lanes
  ["faddp v0.4s, v1.4s, v2.4s", 0x6e22_d420, singles(1, 2, 3, 4), singles(5, 6, 7, 8), singles(3, 7, 11, 15)],
  ["faddp v0.2s, v1.2s, v2.2s", 0x2e22_d420, singles(1, 2, 90, 91), singles(5, 6, 92, 93), singles(3, 11)],
  ["faddp v0.2d, v1.2d, v2.2d", 0x6e62_d420, doubles(1, 2), doubles(3, 4), doubles(3, 7)],
  ["faddp v0.4s, v1.4s, v2.4s", 0x6e22_d420, singles(0.1, 0.2, 3, 4), singles(5, 6, 7, 8), singles(0.1 + 0.2, 7, 11, 15), IXC],
  ["fminp v0.2s, v1.2s, v2.2s", 0x2ea2_f420, singles(1, -2, 90, 91), singles(NaN, 6, 92, 93), singles(-2, NaN)],
  ["faddp d0, v1.2d", 0x7e70_d820, doubles(1, 2), 0n, d(3)],
  ["faddp s0, v1.2s", 0x7e30_d820, singles(1, 2, 90, 91), 0n, singles(3)],
  ["fmaxv s0, v1.4s", 0x6e30_f820, singles(1, 7, 3, -4), 0n, singles(7)],
  ["fminnmv s0, v1.4s", 0x6eb0_c820, singles(1, 7, NaN, -4), 0n, singles(-4)],
  ["fmul v0.4s, v1.4s, v2.s[3]", 0x4fa2_9820, singles(1, 2, 3, 4), singles(90, 91, 92, 10), singles(10, 20, 30, 40)],
  ["fmul v0.2d, v1.2d, v2.d[1]", 0x4fc2_9820, doubles(1, 2), doubles(90, 10), doubles(10, 20)],
  ["fmulx v0.2s, v1.2s, v2.s[1]", 0x2fa2_9020, singles(0, 2, 90, 91), singles(92, Infinity), singles(2, Infinity)],
  ["fdiv v0.2s, v1.2s, v2.2s", 0x2e22_fc20, singles(1, 6, 0, 0), singles(1, 3, 0, 0), singles(1, 2)], // 0/0 is no lane's
  ["fcmgt s0, s1, s2", 0x7ea2_e420, singles(2, 90), singles(1, 91), 0xffff_ffffn],
  ["fcmeq v0.4s, v1.4s, v2.4s", 0x4e22_e420, singles(1, NaN, 0, 4), singles(1, NaN, -0, 5), 0xffffffff_00000000_ffffffffn],
  ["fcmge v0.2d, v1.2d, v2.2d", 0x6e62_e420, doubles(1, NaN), doubles(1, 0), (1n << 64n) - 1n, IOC],

  // integers in lanes
  ["fcvtzs v0.4s, v1.4s", 0x4ea1_b820, singles(-1.5, 1.5, 3e9, -3e9), 0n, 0x80000000_7fffffff_00000001_ffffffffn, IOC | IXC],
  ["fcvtms v0.2s, v1.2s", 0x0e21_b820, singles(-1.5, 1.5, 3e9, NaN), 0n, 0x00000001_fffffffen, IXC],
  ["fcvtau v0.2d, v1.2d", 0x6e61_c820, doubles(2.5, 2 ** 63), 0n, (1n << 127n) | 3n, IXC],
  ["fcvtzu d0, d1, #3", 0x7f7d_fc20, d(1.375), 0n, 11n],
  ["scvtf v0.4s, v1.4s", 0x4e21_d820, 0xffffffff_00000000_00000001_7fffff80n, 0n, singles(2147483520, 1, 0, -1)],
  ["ucvtf v0.2d, v1.2d", 0x6e61_d820, (1n << 127n) | 5n, 0n, doubles(5, 2 ** 63)],
  ["scvtf s0, s1, #1", 0x5f3f_e420, 0xffff_fffdn, 0n, singles(-1.5)],
];

/** instruction, word, V1, X0 after, FPSR after. */
type ToGeneralRow = readonly [text: string, word: number, v1: bigint, x0: bigint, fpsr?: number];

const TO_GENERAL: readonly ToGeneralRow[] = [
  ["fmov w0, s1", 0x1e26_0020, JUNK, 0x4444_4444n],
  ["fmov x0, d1", 0x9e66_0020, JUNK, 0x3333_3333_4444_4444n],
  ["fmov x0, v1.d[1]", 0x9eae_0020, JUNK, 0x1111_1111_2222_2222n],
  ["fcvtzs w0, s1", 0x1e38_0020, singles(-1.5), 0xffff_ffffn, IXC],
  ["fcvtzs x0, d1", 0x9e78_0020, d(-(2 ** 63)), 1n << 63n],
  ["fcvtzs x0, d1", 0x9e78_0020, d(2 ** 63), (1n << 63n) - 1n, IOC],
  ["fcvtzs x0, d1", 0x9e78_0020, D.qnan, 0n, IOC],
  ["fcvtns x0, d1", 0x9e60_0020, d(2.5), 2n, IXC],
  ["fcvtas x0, d1", 0x9e64_0020, d(-2.5), BigInt.asUintN(64, -3n), IXC],
  ["fcvtau w0, s1", 0x1e25_0020, singles(-0.25), 0n, IXC],
  ["fcvtau w0, s1", 0x1e25_0020, singles(-0.5), 0n, IOC],
  ["fcvtpu w0, d1", 0x1e69_0020, d(2 ** 32 - 1), 0xffff_ffffn],
  ["fcvtmu x0, s1", 0x9e31_0020, singles(2 ** 63), 1n << 63n],
  ["fcvtzs w0, s1, #7", 0x1e18_e420, singles(1.5), 192n],
  ["fcvtzu x0, d1, #64", 0x9e59_0020, d(0.5), 1n << 63n],
  ["fcvtzs xzr, d1", 0x9e78_003f, d(1.5), X0_BEFORE, IXC], // the flag is raised for nobody's result
];

/** instruction, word, X1, V0 after, FPSR after. V0 is all ones before. */
type FromGeneralRow = readonly [text: string, word: number, x1: bigint, v0: bigint, fpsr?: number];

const FROM_GENERAL: readonly FromGeneralRow[] = [
  ["fmov s0, w1", 0x1e27_0020, 0x1111_1111_2222_2222n, 0x2222_2222n],
  ["fmov d0, x1", 0x9e67_0020, 0x1111_1111_2222_2222n, 0x1111_1111_2222_2222n],
  ["fmov v0.d[1], x1", 0x9eaf_0020, 5n, (5n << 64n) | ((1n << 64n) - 1n)], // the lower half stays
  ["scvtf d0, w1", 0x1e62_0020, 0x1_ffff_ffffn, d(-1)],
  ["scvtf s0, w1", 0x1e22_0020, 0x0100_0001n, singles(2 ** 24), IXC],
  ["scvtf s0, w1", 0x1e22_0020, 0xff00_0000n, singles(-(2 ** 24))],
  ["scvtf s0, w1", 0x1e22_0020, 0x0200_0000n, singles(2 ** 25)], // more than 24 bits, but exact
  ["ucvtf s0, x1", 0x9e23_0020, (1n << 64n) - 1n, singles(2 ** 64), IXC],
  ["ucvtf d0, x1", 0x9e63_0020, (1n << 64n) - 1n, d(2 ** 64), IXC],
  ["scvtf d0, x1", 0x9e62_0020, (1n << 64n) - 1n, d(-1)],
  ["scvtf d0, x1, #64", 0x9e42_0020, 1n << 63n, d(-0.5)],
  ["ucvtf s0, w1, #9", 0x1e03_dc20, 0x300n, singles(1.5)],
];

/** instruction, word, V1, V2, N Z C V after, FPSR after, FPCR, N Z C V before. */
type FlagRow = readonly [text: string, word: number, v1: bigint, v2: bigint, nzcv: number, fpsr?: number, fpcr?: number, before?: number];

const FLAGS: readonly FlagRow[] = [
  ["fcmp d1, d2", 0x1e62_2020, d(1), d(2), 0b1000],
  ["fcmp d1, d2", 0x1e62_2020, d(0), d(-0), 0b0110],
  ["fcmp d1, d2", 0x1e62_2020, d(Infinity), d(2), 0b0010],
  ["fcmp d1, d2", 0x1e62_2020, D.qnan, d(2), 0b0011],
  ["fcmp d1, d2", 0x1e62_2020, d(1), D.snan, 0b0011, IOC],
  ["fcmpe d1, d2", 0x1e62_2030, D.qnan, d(2), 0b0011, IOC],
  ["fcmp s1, s2", 0x1e22_2020, singles(3), singles(2), 0b0010],
  ["fcmp d1, #0.0", 0x1e60_2028, d(-1), d(-2), 0b1000],
  ["fcmp d1, d2", 0x1e62_2020, D.minDenormal, d(0), 0b0110, IDC, FPCR.FZ],
  ["fcmp d1, d2", 0x1e62_2020, d(1), d(2), 0b1000, 0, FPCR.FZ],
  ["fccmp d1, d2, #5, ne", 0x1e62_1425, d(1), d(1), 0b0110],
  ["fccmp d1, d2, #5, ne", 0x1e62_1425, D.snan, d(1), 0b0101, 0, 0, 0b0100], // not compared, nothing raised
];

describe.each(ways)("$name", ({ bench }) => {
  it.each(VECTORS.map((row) => ({ row, text: row[0] })))("$text (%#)", ({ row: [_, word, v1, v2, v0, fpsr = 0, fpcr = 0] }) => {
    const after = bench.execute(word, { v: [ALL, v1, v2], fpcr });
    expect([after.v0.toString(16), after.fpsr]).toEqual([v0.toString(16), fpsr]);
  });

  it.each(TO_GENERAL.map((row) => ({ row, text: row[0] })))("$text (%#)", ({ row: [_, word, v1, x0, fpsr = 0] }) => {
    expect(bench.execute(word, { v: [ALL, v1] })).toMatchObject({ x0, v0: ALL, fpsr });
  });

  it.each(FROM_GENERAL.map((row) => ({ row, text: row[0] })))("$text (%#)", ({ row: [_, word, x1, v0, fpsr = 0] }) => {
    expect(bench.execute(word, { v: [ALL], x1 })).toMatchObject({ v0, x0: X0_BEFORE, fpsr });
  });

  it.each(FLAGS.map((row) => ({ row, text: row[0] })))("$text (%#)", ({ row: [_, word, v1, v2, nzcv, fpsr = 0, fpcr = 0, before = 0] }) => {
    expect(bench.execute(word, { v: [ALL, v1, v2], fpcr, nzcv: before })).toMatchObject({ nzcv, fpsr, v0: ALL });
  });

  it.each([
    ["fcsel d0, d1, d2, gt", 0x1e62_cc20, 0b0000, D.snan],
    ["fcsel d0, d1, d2, gt", 0x1e62_cc20, 0b0100, d(2)],
    ["fcsel s0, s1, s2, eq", 0x1e22_0c20, 0b0100, BigInt.asUintN(32, D.snan)],
  ])("%s (%#)", (_, word, nzcv, v0) => {
    expect(bench.execute(word, { v: [ALL, D.snan, d(2)], nzcv })).toMatchObject({ v0, nzcv, fpsr: 0 });
  });
});

it("reads an element that lies in the destination before it is written", () => {
  const [bench] = [ways[0].bench];
  // fmla v0.4s, v1.4s, v0.s[2]
  const after = bench.execute(0x4f80_1820, { v: [singles(1, 2, 10, 4), singles(1, 2, 3, 4)] });
  expect(after.v0).toBe(singles(11, 22, 40, 44));
  expect(after.calls).toBe(1); // Inexact was clear
});

/** With Inexact set and operands of everyday size, each of these has a native result. */
const NATIVE = [
  ["fadd d0, d1, d2", 0x1e62_2820], ["fsub s0, s1, s2", 0x1e22_3820], ["fmul d0, d1, d2", 0x1e62_0820], ["fdiv s0, s1, s2", 0x1e22_1820],
  ["fnmul s0, s1, s2", 0x1e22_8820], ["fsqrt d0, d1", 0x1e61_c020], ["fmax d0, d1, d2", 0x1e62_4820], ["fminnm s0, s1, s2", 0x1e22_7820],
  ["fmadd d0, d1, d2, d3", 0x1f42_0c20], ["fmsub s0, s1, s2, s3", 0x1f02_8c20], ["fnmadd d0, d1, d2, d3", 0x1f62_0c20],
  ["fcmp d1, d2", 0x1e62_2020], ["fcmpe s1, s2", 0x1e22_2030], ["fcmp d1, #0.0", 0x1e60_2028], ["fccmp d1, d2, #5, ne", 0x1e62_1425],
  ["frintn s0, s1", 0x1e24_4020], ["frinta d0, d1", 0x1e66_4020], ["frintx d0, d1", 0x1e67_4020], ["frinti s0, s1", 0x1e27_c020],
  ["fcvt d0, s1", 0x1e22_c020], ["fcvt s0, d1", 0x1e62_4020], ["fcvtzs w0, s1", 0x1e38_0020], ["fcvtns x0, d1", 0x9e60_0020],
  ["fcvtpu w0, d1", 0x1e69_0020], ["fcvtas x0, d1", 0x9e64_0020], ["fcvtzs w0, s1, #7", 0x1e18_e420], ["scvtf d0, w1", 0x1e62_0020],
  ["scvtf s0, x1", 0x9e22_0020], ["ucvtf d0, x1", 0x9e63_0020], ["scvtf d0, x1, #64", 0x9e42_0020], ["faddp d0, v1.2d", 0x7e70_d820],
  ["fadd v0.4s, v1.4s, v2.4s", 0x4e22_d420], ["fadd v0.2s, v1.2s, v2.2s", 0x0e22_d420], ["fmul v0.2d, v1.2d, v2.2d", 0x6e62_dc20],
  ["fmulx d0, d1, d2", 0x5e62_dc20], ["fdiv v0.2s, v1.2s, v2.2s", 0x2e22_fc20], ["fmla v0.4s, v1.4s, v2.4s", 0x4e22_cc20],
  ["fmla v0.2s, v1.2s, v2.2s", 0x0e22_cc20], ["fmls v0.2d, v1.2d, v2.2d", 0x4ee2_cc20], ["fabd v0.4s, v1.4s, v2.4s", 0x6ea2_d420],
  ["fcmeq v0.4s, v1.4s, v2.4s", 0x4e22_e420], ["facge v0.2d, v1.2d, v2.2d", 0x6e62_ec20], ["fcmle d0, d1, #0.0", 0x7ee0_d820],
  ["frecps v0.4s, v1.4s, v2.4s", 0x4e22_fc20], ["frsqrts v0.2d, v1.2d, v2.2d", 0x4ee2_fc20], ["fmaxnm v0.4s, v1.4s, v2.4s", 0x4e22_c420],
  ["faddp v0.2s, v1.2s, v2.2s", 0x2e22_d420], ["fmaxv s0, v1.4s", 0x6e30_f820], ["fmul v0.4s, v1.4s, v2.s[3]", 0x4fa2_9820],
  ["fmls d0, d1, v2.d[1]", 0x5fc2_5820], ["fsqrt v0.4s, v1.4s", 0x6ea1_f820], ["frintx v0.2d, v1.2d", 0x6e61_9820],
  ["fcvtzs v0.4s, v1.4s", 0x4ea1_b820], ["fcvtau v0.2d, v1.2d", 0x6e61_c820], ["scvtf v0.4s, v1.4s", 0x4e21_d820],
  ["fcvtl v0.2d, v1.2s", 0x0e61_7820], ["fcvtn v0.2s, v1.2d", 0x0e61_6820],
] as const;

describe("ordinary operands, once something was inexact, take no helper", () => {
  it.each(NATIVE)("%s", (_, word) => {
    // Patterns that are everyday numbers whether read as singles, as doubles or as integers.
    const halves = [0x3fd5_5555_3fd5_5555n, 0x3ff4_cccc_3ff4_ccccn, 0x4001_2345_4001_2345n, 0x3fe8_7654_3fe8_7654n];
    const v = halves.map((half) => (half << 64n) | half);
    expect(ways[0].bench.execute(word, { v, x1: 0x1234_5678_9abc_def1n, fpsr: IXC })).toMatchObject({ calls: 0, fpsr: IXC });
  });
});

it.each([
  ["fmadd s0, s1, s2, s3", 0x1f02_0c20],
  ["fmla v0.4s, v1.4s, v2.4s", 0x4e22_cc20],
])("a sum halfway between two singles takes none either, as long as it is exact: %s", (_, word) => {
  const addend = singles(2 ** 24, 2 ** 24 + 2, 2 ** 24, 2 ** 24 + 2);
  const { v0, calls } = ways[0].bench.execute(word, { v: [addend, singles(1, 1, 1, 1), singles(1, 1, 3, 3), addend], fpsr: IXC });
  expect(calls).toBe(0);
  expect(v0 & ((1n << 32n) - 1n)).toBe(singles(2 ** 24)); // ties to even
});
