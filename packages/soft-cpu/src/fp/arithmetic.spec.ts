/** The basic operations: tables of corners, then the host for round-to-nearest and the rational oracle for every mode. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, anyFpcr, anyS, D, d, envOf, flagNames, fromD, fromS, S, s } from "./fp-operands.fixture.ts";
import {
  DOUBLE,
  type Fraction,
  isDenormalBits,
  isFiniteBits,
  minus,
  type OracleFormat,
  over,
  plus,
  roundFraction,
  roundRoot,
  SINGLE,
  times,
  valueOf,
} from "./rational-oracle.fixture.ts";
import { add32, add64, div32, div64, FPCR, mul32, mul64, mulX32, mulX64, sqrt32, sqrt64, sub32, sub64 } from "./soft-fp.ts";

const RP = 1 << 22;
const RM = 2 << 22;
const RZ = 3 << 22;
const { DN, FZ } = FPCR;
const OPS64 = { add64, sub64, mul64, mulX64, div64 };
const OPS32 = { add32, sub32, mul32, mulX32, div32 };

describe("double precision, corner by corner", () => {
  it.each([
    // operation, operands, FPCR, result, flags: DDI 0487 A1.5 and J1.3
    ["add64", d(0), d(-0), 0, d(0), "-"],
    ["add64", d(0), d(-0), RM, d(-0), "-"], // only rounding down makes this zero negative
    ["add64", d(-0), d(-0), RP, d(-0), "-"],
    ["sub64", d(1), d(1), 0, d(0), "-"],
    ["sub64", d(1), d(1), RM, d(-0), "-"],
    ["sub64", d(-0), d(0), 0, d(-0), "-"],
    ["add64", D.infinity, D.minusInfinity, 0, D.qnan, "IOC"],
    ["sub64", D.infinity, D.infinity, 0, D.qnan, "IOC"],
    ["sub64", D.infinity, D.minusInfinity, 0, D.infinity, "-"],
    ["add64", d(1), D.minusInfinity, 0, D.minusInfinity, "-"],
    ["add64", d(1), d(2 ** -53), 0, d(1), "IXC"], // halfway, to even
    ["add64", d(1), d(2 ** -53), RP, d(1 + 2 ** -52), "IXC"],
    ["add64", d(1), D.minDenormal, RP, d(1 + 2 ** -52), "IXC"], // far out of reach, still felt
    ["sub64", d(1), D.minDenormal, RZ, d(1 - 2 ** -53), "IXC"],
    ["add64", D.maxNormal, D.maxNormal, 0, D.infinity, "IXC OFC"],
    ["add64", D.maxNormal, D.maxNormal, RZ, D.maxNormal, "IXC OFC"],
    ["add64", D.maxNormal, d(1), 0, D.maxNormal, "IXC"], // would overflow only if rounded up
    ["add64", D.maxNormal, d(1), RP, D.infinity, "IXC OFC"],
    ["sub64", D.minNormal, D.minDenormal, 0, D.maxDenormal, "-"], // tiny, but exact: no underflow
    ["sub64", D.minNormal, D.minDenormal, FZ, D.minNormal, "IDC"],
    ["sub64", 0x0010_0000_0000_0001n, D.minNormal, FZ, d(0), "UFC"], // flushed results are not Inexact
    ["add64", D.minDenormal, d(-0), FZ, d(0), "IDC"],
    ["add64", D.qnanPayload, D.snan, 0, 0x7ff8_0000_0000_0001n, "IOC"], // a signalling NaN first, made quiet
    ["add64", D.qnan, D.qnanPayload, 0, D.qnan, "-"],
    ["sub64", d(1), D.qnanPayload, 0, D.qnanPayload, "-"], // a subtraction does not turn a NaN's sign
    ["add64", D.snanNegative, D.snan, 0, 0xfffc_0000_0000_0000n, "IOC"],
    ["add64", D.qnanPayload, d(1), DN, D.qnan, "-"],
    ["add64", D.snan, d(1), DN, D.qnan, "IOC"],
    ["add64", D.qnan, D.minDenormal, FZ, D.qnan, "IDC"],

    ["mul64", d(0), D.minusInfinity, 0, D.qnan, "IOC"],
    ["mulX64", d(0), D.minusInfinity, 0, d(-2), "-"],
    ["mulX64", D.infinity, d(0), 0, d(2), "-"],
    ["mulX64", d(3), d(-5), 0, d(-15), "-"],
    ["mulX64", D.minDenormal, D.infinity, FZ, d(2), "IDC"],
    ["mul64", d(-0), d(3), 0, d(-0), "-"],
    ["mul64", D.minusInfinity, d(-2), 0, D.infinity, "-"],
    ["mul64", D.maxNormal, d(2), RZ, D.maxNormal, "IXC OFC"],
    ["mul64", D.minNormal, d(0.5), 0, 0x0008_0000_0000_0000n, "-"],
    ["mul64", D.minNormal, d(0.5), FZ, d(0), "UFC"],
    ["mul64", D.minDenormal, d(0.5), 0, d(0), "IXC UFC"],
    ["mul64", D.minDenormal, d(0.5), RP, D.minDenormal, "IXC UFC"],
    ["mul64", D.minDenormal, d(-0.5), RM, 0x8000_0000_0000_0001n, "IXC UFC"],
    ["mul64", 0x0010_0000_0000_0001n, d(1 - 2 ** -53), 0, 0x0010_0000_0000_0000n, "IXC"], // just not tiny
    ["mul64", 0x001f_ffff_ffff_ffffn, d(0.5), 0, D.minNormal, "IXC UFC"], // tiny before rounding, normal after

    ["div64", d(1), d(0), 0, D.infinity, "DZC"],
    ["div64", d(-1), d(0), 0, D.minusInfinity, "DZC"],
    ["div64", d(1), D.minDenormal, FZ, D.infinity, "IDC DZC"],
    ["div64", d(1), D.minDenormal, 0, D.infinity, "IXC OFC"],
    ["div64", d(0), d(-0), 0, D.qnan, "IOC"],
    ["div64", D.infinity, D.infinity, 0, D.qnan, "IOC"],
    ["div64", D.infinity, d(-0), 0, D.minusInfinity, "-"], // exact: no Division by Zero
    ["div64", d(-3), D.infinity, 0, d(-0), "-"],
    ["div64", d(1), d(3), 0, d(1 / 3), "IXC"],
    ["div64", d(1), d(3), RP, d(1 / 3) + 1n, "IXC"],
    ["div64", D.minNormal, d(3), FZ, d(0), "UFC"],
    ["div64", D.minDenormal, 0x001f_ffff_ffff_ffffn, 0, d(2 ** -53 + 2 ** -105), "IXC"], // one bit over 53
    ["div64", D.minDenormal, D.maxNormal, RP, D.minDenormal, "IXC UFC"],
  ] as const)("%s(%s, %s), FPCR %s", (name, op1, op2, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([OPS64[name](op1, op2, env), flagNames(env.fpsr)]).toEqual([result, flags]);
  });

  it.each([
    [d(-0), 0, d(-0), "-"],
    [d(4), RP, d(2), "-"],
    [d(2), 0, d(Math.SQRT2), "IXC"],
    [d(2), RP, d(Math.SQRT2), "IXC"], // the host's is the larger neighbour
    [d(2), RZ, d(Math.SQRT2) - 1n, "IXC"],
    [d(-1), 0, D.qnan, "IOC"],
    [D.minusInfinity, 0, D.qnan, "IOC"],
    [D.infinity, 0, D.infinity, "-"],
    [D.minDenormal, 0, d(2 ** -537), "-"],
    [0x8000_0000_0000_0001n, FZ, d(-0), "IDC"],
    [D.snanNegative, 0, 0xfffc_0000_0000_0000n, "IOC"],
    [D.snanNegative, DN, D.qnan, "IOC"],
  ] as const)("sqrt64(%s), FPCR %s", (op, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([sqrt64(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
  });
});

describe("single precision, corner by corner", () => {
  it.each([
    ["add32", s(1), s(2 ** -24), 0, s(1), "IXC"],
    ["add32", s(1), s(2 ** -24), RP, s(1 + 2 ** -23), "IXC"],
    ["sub32", S.minNormal, S.minDenormal, 0, S.maxDenormal, "-"],
    ["mul32", S.maxNormal, s(-2), 0, S.minusInfinity, "IXC OFC"],
    ["mul32", S.maxNormal, s(-2), RP, 0xff7f_ffff, "IXC OFC"],
    ["mul32", 0x00ff_ffff, s(0.5), 0, S.minNormal, "IXC UFC"],
    ["mul32", 0x00ff_ffff, s(0.5), FZ, 0, "UFC"],
    ["mulX32", S.minusInfinity, s(-0), 0, s(2), "-"],
    ["div32", s(-0), s(-0), DN, S.qnan, "IOC"],
    ["div32", S.snanNegative, S.snan, 0, 0xffe0_0000, "IOC"],
    ["add32", S.qnanPayload, S.snan, 0, 0x7fc0_0001, "IOC"],
  ] as const)("%s(%s, %s), FPCR %s", (name, op1, op2, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([OPS32[name](op1, op2, env), flagNames(env.fpsr)]).toEqual([result, flags]);
    // WebAssembly hands over signed integers.
    expect(OPS32[name](op1 | 0, op2 | 0, envOf(fpcr))).toBe(result);
  });

  it("roots", () => {
    const env = envOf(RZ);
    expect([sqrt32(s(2), env), flagNames(env.fpsr)]).toEqual([0x3fb5_04f3, "IXC"]);
    expect(sqrt32(s(-0), envOf(0))).toBe(0x8000_0000);
  });
});

it("takes 64-bit patterns signed or unsigned and answers unsigned", () => {
  expect(add64(-0x8000_0000_0000_0000n, d(-0), envOf(0))).toBe(0x8000_0000_0000_0000n);
  expect(mul64(BigInt.asIntN(64, d(-3)), d(2), envOf(0))).toBe(d(-6));
});

it("adds flags to those that were there", () => {
  const env = { fpcr: 0, fpsr: 0x0800_0002 };
  add64(d(1), d(1e-30), env);
  expect(env.fpsr).toBe(0x0800_0012);
});

describe("agrees with the host where it rounds to nearest", () => {
  const BINARY64 = [
    [add64, (a: number, b: number) => a + b],
    [sub64, (a: number, b: number) => a - b],
    [mul64, (a: number, b: number) => a * b],
    [div64, (a: number, b: number) => a / b],
  ] as const;
  it("in double precision", () => {
    fc.assert(
      fc.property(anyD, anyD, fc.constantFrom(...BINARY64), (a, b, [soft, host]) => {
        expect(fromD(soft(a, b, envOf(0)))).toBe(host(fromD(a), fromD(b)));
        expect(fromD(sqrt64(a, envOf(0)))).toBe(Math.sqrt(fromD(a)));
      }),
      { numRuns: 4000 },
    );
  });

  const BINARY32 = [
    [add32, (a: number, b: number) => a + b],
    [sub32, (a: number, b: number) => a - b],
    [mul32, (a: number, b: number) => a * b],
    [div32, (a: number, b: number) => a / b],
  ] as const;
  it("in single precision: a double result, rounded again, is right for these", () => {
    fc.assert(
      fc.property(anyS, anyS, fc.constantFrom(...BINARY32), (a, b, [soft, host]) => {
        expect(fromS(soft(a, b, envOf(0)))).toBe(Math.fround(host(fromS(a), fromS(b))));
        expect(fromS(sqrt32(a, envOf(0)))).toBe(Math.fround(Math.sqrt(fromS(a))));
      }),
      { numRuns: 4000 },
    );
  });
});

describe("agrees with exact fractions in every mode, flags included", () => {
  type Exact = (x: Fraction, y: Fraction) => Fraction;
  type Soft = (a: bigint, b: bigint, env: { readonly fpcr: number; fpsr: number }) => bigint;
  const wide =
    (op: typeof add32): Soft =>
    (a, b, env) =>
      BigInt(op(Number(a), Number(b), env));
  const ROWS: readonly (readonly [OracleFormat, Soft, Exact])[] = [
    [DOUBLE, add64, plus],
    [DOUBLE, sub64, minus],
    [DOUBLE, mul64, times],
    [DOUBLE, div64, over],
    [SINGLE, wide(add32), plus],
    [SINGLE, wide(sub32), minus],
    [SINGLE, wide(mul32), times],
    [SINGLE, wide(div32), over],
  ];
  // The oracle knows numbers; zeros, infinities, NaNs and flushed operands are the tables' business.
  const isNumber = (format: OracleFormat, bits: bigint, fpcr: number): boolean =>
    isFiniteBits(format, bits) && valueOf(format, bits)[0] !== 0n && !(isDenormalBits(format, bits) && (fpcr & FZ) !== 0);

  it.each(ROWS)("row %#", (format, soft, exact) => {
    const operand = format === DOUBLE ? anyD : anyS.map(BigInt);
    fc.assert(
      fc.property(operand, operand, anyFpcr, (a, b, fpcr) => {
        fc.pre(isNumber(format, a, fpcr) && isNumber(format, b, fpcr));
        const value = exact(valueOf(format, a), valueOf(format, b));
        fc.pre(value[0] !== 0n);
        const env = envOf(fpcr);
        expect({ bits: soft(a, b, env), flags: env.fpsr }).toEqual(roundFraction(format, value, fpcr));
      }),
      { numRuns: 600 },
    );
  });

  it("roots", () => {
    fc.assert(
      fc.property(anyD, anyS.map(BigInt), anyFpcr, (a, b, fpcr) => {
        const positive = BigInt.asUintN(63, a);
        fc.pre(isNumber(DOUBLE, positive, fpcr) && isNumber(SINGLE, b, fpcr) && b < 0x8000_0000n);
        const env = envOf(fpcr);
        expect({ bits: sqrt64(positive, env), flags: env.fpsr }).toEqual(roundRoot(DOUBLE, valueOf(DOUBLE, positive), fpcr));
        const env32 = envOf(fpcr);
        expect({ bits: BigInt(sqrt32(Number(b), env32)), flags: env32.fpsr }).toEqual(roundRoot(SINGLE, valueOf(SINGLE, b), fpcr));
      }),
      { numRuns: 600 },
    );
  });
});
