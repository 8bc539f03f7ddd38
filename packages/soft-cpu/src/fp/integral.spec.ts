/** Rounding to integers and conversions from and to them: tables, and comparison with fractions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, anyFpcr, anyS, D, d, envOf, flagNames, S, s } from "./fp-operands.fixture.ts";
import {
  DOUBLE,
  isDenormalBits,
  isFiniteBits,
  roundFraction,
  roundToIntegerFraction,
  signOf,
  SINGLE,
  times,
  valueOf,
} from "./rational-oracle.fixture.ts";
import {
  f32ToFixed32,
  f32ToFixed64,
  f64ToFixed32,
  f64ToFixed64,
  fixed32ToF32,
  fixed32ToF64,
  fixed64ToF32,
  fixed64ToF64,
  FPCR,
  FPRounding,
  FPSR,
  roundInt32,
  roundInt64,
} from "./soft-fp.ts";

const { TIEEVEN, POSINF, NEGINF, ZERO, TIEAWAY } = FPRounding;
const { DN, FZ } = FPCR;
const RP = 1 << 22;
const RZ = 3 << 22;
const MODES = [TIEEVEN, POSINF, NEGINF, ZERO, TIEAWAY] as const;

it.each([
  //  op       N  P  M  Z  A
  [2.5, 2, 3, 2, 2, 3],
  [-2.5, -2, -2, -3, -2, -3],
  [0.5, 0, 1, 0, 0, 1],
  [-0.5, -0, -0, -1, -0, -1],
  [1.5, 2, 2, 1, 1, 2],
  [0.49999999999999994, 0, 1, 0, 0, 0],
  [-1e-300, -0, -0, -1, -0, -0],
  [2 ** 51 + 0.5, 2 ** 51, 2 ** 51 + 1, 2 ** 51, 2 ** 51, 2 ** 51 + 1],
  [2 ** 60, 2 ** 60, 2 ** 60, 2 ** 60, 2 ** 60, 2 ** 60],
  [-0, -0, -0, -0, -0, -0],
])("rounds %s to an integral value to nearest, up, down, to zero, ties away", (op, ...results) => {
  const env = envOf(0);
  expect(MODES.map((mode) => roundInt64(d(op), mode, false, env))).toEqual(results.map(d));
  expect(env.fpsr).toBe(0); // Inexact is FRINTX's alone
  const exact = envOf(0);
  roundInt64(d(op), ZERO, true, exact);
  expect(exact.fpsr).toBe(Number.isInteger(op) ? 0 : FPSR.IXC);
});

it.each([
  [D.snan, 0, 0x7ff8_0000_0000_0001n, "IOC"],
  [D.qnanPayload, DN, D.qnan, "-"],
  [D.minusInfinity, 0, D.minusInfinity, "-"],
  [0x8000_0000_0000_0001n, FZ, d(-0), "IDC"], // flushed, so not Inexact
] as const)("FRINTX of %s, FPCR %s", (op, fpcr, result, flags) => {
  const env = envOf(fpcr);
  expect([roundInt64(op, TIEEVEN, true, env), flagNames(env.fpsr)]).toEqual([result, flags]);
});

describe("FPToFixed saturates, and says so with Invalid Operation alone", () => {
  const MIN64 = 0x8000_0000_0000_0000n;
  const MAX64 = 0x7fff_ffff_ffff_ffffn;
  const ALL64 = 0xffff_ffff_ffff_ffffn;
  it.each([
    // op, FPCR, S32, U32, S64, U64 (patterns, towards zero), each with its flags
    [d(1.5), 0, [1, "IXC"], [1, "IXC"], [1n, "IXC"], [1n, "IXC"]],
    [d(-1), 0, [0xffff_ffff, "-"], [0, "IOC"], [ALL64, "-"], [0n, "IOC"]],
    [d(-0.75), 0, [0, "IXC"], [0, "IXC"], [0n, "IXC"], [0n, "IXC"]], // zero is in range for unsigned types
    [d(2 ** 31), 0, [0x7fff_ffff, "IOC"], [0x8000_0000, "-"], [0x8000_0000n, "-"], [0x8000_0000n, "-"]],
    [d(2 ** 31 - 0.5), 0, [0x7fff_ffff, "IXC"], [0x7fff_ffff, "IXC"], [0x7fff_ffffn, "IXC"], [0x7fff_ffffn, "IXC"]],
    [d(-(2 ** 31) - 0.5), 0, [0x8000_0000, "IXC"], [0, "IOC"], [0xffff_ffff_8000_0000n, "IXC"], [0n, "IOC"]],
    [d(2 ** 32), 0, [0x7fff_ffff, "IOC"], [0xffff_ffff, "IOC"], [1n << 32n, "-"], [1n << 32n, "-"]],
    [d(-(2 ** 63)), 0, [0x8000_0000, "IOC"], [0, "IOC"], [MIN64, "-"], [0n, "IOC"]],
    [d(2 ** 63), 0, [0x7fff_ffff, "IOC"], [0xffff_ffff, "IOC"], [MAX64, "IOC"], [MIN64, "-"]],
    [d(2 ** 64), 0, [0x7fff_ffff, "IOC"], [0xffff_ffff, "IOC"], [MAX64, "IOC"], [ALL64, "IOC"]],
    [D.maxNormal, 0, [0x7fff_ffff, "IOC"], [0xffff_ffff, "IOC"], [MAX64, "IOC"], [ALL64, "IOC"]],
    [D.minusInfinity, 0, [0x8000_0000, "IOC"], [0, "IOC"], [MIN64, "IOC"], [0n, "IOC"]],
    [D.qnan, 0, [0, "IOC"], [0, "IOC"], [0n, "IOC"], [0n, "IOC"]],
    [D.minDenormal, 0, [0, "IXC"], [0, "IXC"], [0n, "IXC"], [0n, "IXC"]],
    [D.minDenormal, FZ, [0, "IDC"], [0, "IDC"], [0n, "IDC"], [0n, "IDC"]],
  ] as const)("%s, FPCR %s", (op, fpcr, ...wanted) => {
    const answers = [
      [f64ToFixed32, false] as const,
      [f64ToFixed32, true] as const,
      [f64ToFixed64, false] as const,
      [f64ToFixed64, true] as const,
    ].map(([convert, unsigned]) => {
      const env = envOf(fpcr);
      return [convert(op, 0, unsigned, ZERO, env), flagNames(env.fpsr)];
    });
    expect(answers).toEqual(wanted);
  });

  it("after rounding: what rounds into range is in range, and the other way round", () => {
    const env = envOf(0);
    expect(f64ToFixed32(d(2 ** 31 - 0.5), 0, false, TIEAWAY, env)).toBe(0x7fff_ffff);
    expect(flagNames(env.fpsr)).toBe("IOC");
    const env2 = envOf(0);
    expect(f32ToFixed32(s(-0.5), 0, true, TIEEVEN, env2)).toBe(0);
    expect(flagNames(env2.fpsr)).toBe("IXC");
  });

  it("scales by 2^fbits first", () => {
    const env = envOf(0);
    expect([f64ToFixed32(d(-1.5), 31, false, ZERO, env), flagNames(env.fpsr)]).toEqual([0x8000_0000, "IOC"]);
    expect(f32ToFixed64(s(0.5), 64, true, ZERO, envOf(0))).toBe(1n << 63n);
    expect(f32ToFixed32(s(1.25), 1, false, TIEEVEN, envOf(0))).toBe(2);
  });
});

describe("FixedToFP", () => {
  it.each([
    [fixed32ToF64(-1, 0, false, envOf(0)), d(-1)],
    [fixed32ToF64(-1, 0, true, envOf(0)), d(2 ** 32 - 1)],
    [fixed64ToF64(-1n, 0, true, envOf(0)), d(2 ** 64)],
    [fixed64ToF64(0x7fff_ffff_ffff_ffffn, 0, false, envOf(RZ)), d(2 ** 63) - 1n],
    [fixed64ToF64(0n, 0, false, envOf(2 << 22)), d(0)], // positive even when rounding down
    [fixed64ToF64(1n << 63n, 64, true, envOf(0)), d(0.5)],
    [fixed32ToF64(-0x8000_0000, 31, false, envOf(0)), d(-1)],
  ])("gives %s", (answer, wanted) => {
    expect(answer).toBe(wanted);
  });

  it("rounds once from 64 bits to single precision", () => {
    // Halfway between two singles but for the last bit, which a double would lose.
    const integer = (1n << 54n) + (1n << 30n) + 1n;
    const env = envOf(0);
    expect([fixed64ToF32(integer, 0, false, env), flagNames(env.fpsr)]).toEqual([s(2 ** 54) + 1, "IXC"]);
    expect(fixed32ToF32(0x0100_0001, 0, false, envOf(RP))).toBe(s(2 ** 24 + 2));
    expect(fixed32ToF32(0x0100_0001, 0, false, envOf(0))).toBe(s(2 ** 24));
  });

  it("agrees with fractions in every mode", () => {
    const anyInteger = fc
      .tuple(fc.bigInt(-(1n << 63n), (1n << 63n) - 1n), fc.integer({ min: 0, max: 63 }))
      .map(([bits, shift]) => bits >> BigInt(shift));
    fc.assert(
      fc.property(anyInteger, fc.integer({ min: 0, max: 64 }), fc.boolean(), anyFpcr, (value, fbits, unsigned, fpcr) => {
        const pattern = BigInt.asUintN(64, value);
        fc.pre(pattern !== 0n);
        const integer = unsigned ? pattern : BigInt.asIntN(64, pattern);
        const env = envOf(fpcr);
        const answer = { bits: fixed64ToF64(pattern, fbits, unsigned, env), flags: env.fpsr };
        expect(answer).toEqual(roundFraction(DOUBLE, [integer, 1n << BigInt(fbits)], fpcr));
        const env32 = envOf(fpcr);
        const answer32 = { bits: BigInt(fixed64ToF32(pattern, fbits, unsigned, env32)), flags: env32.fpsr };
        expect(answer32).toEqual(roundFraction(SINGLE, [integer, 1n << BigInt(fbits)], fpcr));
      }),
      { numRuns: 500 },
    );
  });
});

describe("agree with fractions in every mode", () => {
  it("FPToFixed", () => {
    const types = fc.constantFrom([32, false], [32, true], [64, false], [64, true]) as fc.Arbitrary<readonly [32 | 64, boolean]>;
    fc.assert(
      fc.property(anyD, anyS, types, fc.constantFrom(...MODES), fc.constantFrom(0, 1, 31, 64), (x, y, [width, unsigned], mode, fbits) => {
        const least = unsigned ? 0n : -(1n << BigInt(width - 1));
        const most = least + (1n << BigInt(width)) - 1n;
        for (const [format, bits] of [[DOUBLE, x], [SINGLE, BigInt(y)]] as const) {
          if (!isFiniteBits(format, bits)) continue;
          const { integer, inexact } = roundToIntegerFraction(times(valueOf(format, bits), [1n << BigInt(fbits), 1n]), mode);
          const saturated = integer < least ? least : integer > most ? most : integer;
          const flags = saturated !== integer ? FPSR.IOC : inexact ? FPSR.IXC : 0;
          const env = envOf(0);
          const answer =
            format === DOUBLE
              ? (width === 32 ? f64ToFixed32 : f64ToFixed64)(bits, fbits, unsigned, mode, env)
              : (width === 32 ? f32ToFixed32 : f32ToFixed64)(Number(bits), fbits, unsigned, mode, env);
          expect([BigInt(answer), env.fpsr]).toEqual([BigInt.asUintN(width, saturated), flags]);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("FPRoundInt", () => {
    fc.assert(
      fc.property(anyD, anyS, fc.constantFrom(...MODES), (x, y, mode) => {
        fc.pre(isFiniteBits(DOUBLE, x) && isFiniteBits(SINGLE, BigInt(y)));
        for (const [format, bits] of [[DOUBLE, x], [SINGLE, BigInt(y)]] as const) {
          const { integer, inexact } = roundToIntegerFraction(valueOf(format, bits), mode);
          const sign = signOf(format, bits) ? 1n << BigInt(format.width - 1) : 0n;
          const wanted = integer === 0n ? sign : roundFraction(format, [integer, 1n], 0).bits;
          const env = envOf(0);
          const answer = format === DOUBLE ? roundInt64(bits, mode, true, env) : BigInt(roundInt32(Number(bits), mode, true, env));
          expect([answer, env.fpsr]).toEqual([wanted, inexact ? FPSR.IXC : 0]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("denormal operands under flush to zero", () => {
    fc.assert(
      fc.property(anyD, fc.constantFrom(...MODES), (x, mode) => {
        const denormal = x & 0x800f_ffff_ffff_ffffn;
        fc.pre(isDenormalBits(DOUBLE, denormal));
        const env = envOf(FZ);
        expect(roundInt64(denormal, mode, true, env)).toBe(denormal & (1n << 63n));
        expect(f64ToFixed64(denormal, 64, false, mode, env)).toBe(0n);
        expect(flagNames(env.fpsr)).toBe("IDC");
      }),
      { numRuns: 200 },
    );
  });
});

it("single precision has corners of its own", () => {
  expect(f32ToFixed32(S.infinity, 0, true, ZERO, envOf(0))).toBe(0xffff_ffff);
  expect(roundInt32(S.snanNegative, ZERO, false, envOf(0))).toBe(0xffe0_0000);
  expect(roundInt32(S.maxNormal, NEGINF, true, envOf(0))).toBe(S.maxNormal);
});
