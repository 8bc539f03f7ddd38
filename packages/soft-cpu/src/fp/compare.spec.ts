/** Comparisons, maxima and minima: tables, and the host for the order of numbers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, anyS, D, d, envOf, flagNames, fromD, fromS, S, s } from "./fp-operands.fixture.ts";
import {
  abs32,
  abs64,
  compare32,
  compare64,
  compareEq32,
  compareEq64,
  compareGe32,
  compareGe64,
  compareGt32,
  compareGt64,
  FPCR,
  max32,
  max64,
  maxNum32,
  maxNum64,
  min32,
  min64,
  minNum32,
  minNum64,
  neg32,
  neg64,
} from "./soft-fp.ts";

const { DN, FZ } = FPCR;

it.each([
  // op1, op2, FPCR, NZCV, flags of FCMP, of FCMPE; EQ, GE, GT and the flags of GE and GT
  [d(1), d(2), 0, 0b1000, "-", "-", false, false, false, "-"],
  [d(2), d(1), 0, 0b0010, "-", "-", false, true, true, "-"],
  [d(-2), d(1), 0, 0b1000, "-", "-", false, false, false, "-"],
  [d(-1), d(-2), 0, 0b0010, "-", "-", false, true, true, "-"],
  [d(0), d(-0), 0, 0b0110, "-", "-", true, true, false, "-"],
  [D.infinity, D.infinity, 0, 0b0110, "-", "-", true, true, false, "-"],
  [D.minusInfinity, D.maxNormal, 0, 0b1000, "-", "-", false, false, false, "-"],
  [D.infinity, D.maxNormal, 0, 0b0010, "-", "-", false, true, true, "-"],
  [D.minDenormal, d(0), 0, 0b0010, "-", "-", false, true, true, "-"],
  [D.minDenormal, d(0), FZ, 0b0110, "IDC", "IDC", true, true, false, "IDC"],
  [D.maxDenormal, D.minNormal, 0, 0b1000, "-", "-", false, false, false, "-"],
  [D.qnan, d(1), 0, 0b0011, "-", "IOC", false, false, false, "IOC"],
  [d(1), D.snan, 0, 0b0011, "IOC", "IOC", false, false, false, "IOC"],
  [D.qnan, D.qnan, 0, 0b0011, "-", "IOC", false, false, false, "IOC"],
  [D.qnan, D.minDenormal, FZ, 0b0011, "IDC", "IDC IOC", false, false, false, "IDC IOC"],
] as const)("compares %s and %s, FPCR %s", (op1, op2, fpcr, nzcv, quiet, signalling, eq, ge, gt, orderFlags) => {
  const answers = [false, true].map((signalNans) => {
    const env = envOf(fpcr);
    return [compare64(op1, op2, signalNans, env), flagNames(env.fpsr)];
  });
  expect(answers).toEqual([
    [nzcv, quiet],
    [nzcv, signalling],
  ]);
  const tests = [compareEq64, compareGe64, compareGt64].map((test) => {
    const env = envOf(fpcr);
    return [test(op1, op2, env), flagNames(env.fpsr)];
  });
  expect(tests).toEqual([
    [eq, quiet],
    [ge, orderFlags],
    [gt, orderFlags],
  ]);
});

it.each([
  // op1, op2, FPCR, maximum, minimum, flags; maxNum, minNum, flags
  [d(1), d(2), 0, d(2), d(1), "-", d(2), d(1), "-"],
  [d(0), d(-0), 0, d(0), d(-0), "-", d(0), d(-0), "-"],
  [d(-0), d(0), 0, d(0), d(-0), "-", d(0), d(-0), "-"],
  [d(-0), d(-1), 0, d(-0), d(-1), "-", d(-0), d(-1), "-"],
  [D.infinity, D.minusInfinity, 0, D.infinity, D.minusInfinity, "-", D.infinity, D.minusInfinity, "-"],
  [D.minDenormal, d(0), 0, D.minDenormal, d(0), "-", D.minDenormal, d(0), "-"], // exact: a denormal result raises nothing
  [D.minDenormal, d(-0), FZ, d(0), d(-0), "IDC", d(0), d(-0), "IDC"],
  [D.qnanPayload, d(1), 0, D.qnanPayload, D.qnanPayload, "-", d(1), d(1), "-"],
  [d(1), D.qnanPayload, DN, D.qnan, D.qnan, "-", d(1), d(1), "-"],
  [D.qnan, D.qnanPayload, 0, D.qnan, D.qnan, "-", D.qnan, D.qnan, "-"],
  [D.qnan, D.minusInfinity, 0, D.qnan, D.qnan, "-", D.minusInfinity, D.minusInfinity, "-"],
  [D.qnan, D.snanNegative, 0, 0xfffc_0000_0000_0000n, 0xfffc_0000_0000_0000n, "IOC", 0xfffc_0000_0000_0000n, 0xfffc_0000_0000_0000n, "IOC"],
  [D.snan, d(1), DN, D.qnan, D.qnan, "IOC", D.qnan, D.qnan, "IOC"],
] as const)("selects of %s and %s, FPCR %s", (op1, op2, fpcr, max, min, flags, maxNum, minNum, numFlags) => {
  const answers = [max64, min64, maxNum64, minNum64].map((select) => {
    const env = envOf(fpcr);
    return [select(op1, op2, env), flagNames(env.fpsr)];
  });
  expect(answers).toEqual([
    [max, flags],
    [min, flags],
    [maxNum, numFlags],
    [minNum, numFlags],
  ]);
});

describe("agrees with the host's order", () => {
  const nzcv = (a: number, b: number): number => (a === b ? 0b0110 : a < b ? 0b1000 : a > b ? 0b0010 : 0b0011);

  it("of doubles", () => {
    fc.assert(
      fc.property(anyD, anyD, (x, y) => {
        const [a, b] = [fromD(x), fromD(y)];
        const env = envOf(0);
        expect(compare64(x, y, false, env)).toBe(nzcv(a, b));
        expect([compareEq64(x, y, env), compareGe64(x, y, env), compareGt64(x, y, env)]).toEqual([a === b, a >= b, a > b]);
        expect([fromD(max64(x, y, env)), fromD(min64(x, y, env))]).toEqual([Math.max(a, b), Math.min(a, b)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("of singles", () => {
    fc.assert(
      fc.property(anyS, anyS, (x, y) => {
        const [a, b] = [fromS(x), fromS(y)];
        const env = envOf(0);
        expect(compare32(x, y, true, env)).toBe(nzcv(a, b));
        expect([compareEq32(x, y, env), compareGe32(x, y, env), compareGt32(x, y, env)]).toEqual([a === b, a >= b, a > b]);
        expect([fromS(max32(x, y, env)), fromS(min32(x, y, env))]).toEqual([Math.max(a, b), Math.min(a, b)]);
        fc.pre(a === a && b === b);
        expect([fromS(maxNum32(x, y, env)), fromS(minNum32(x, y, env))]).toEqual([Math.max(a, b), Math.min(a, b)]);
      }),
      { numRuns: 2000 },
    );
  });
});

it("negates and takes absolute values of anything, NaNs included", () => {
  expect([neg64(D.snan), abs64(D.qnanPayload), neg64(d(0)), abs64(d(-0))]).toEqual([
    0xfff0_0000_0000_0001n,
    0x7ff8_0000_0000_1234n,
    d(-0),
    d(0),
  ]);
  expect([neg32(S.snan), abs32(S.qnanPayload), neg32(s(0)), abs32(s(-0))]).toEqual([0xff80_0001, 0x7fc0_1234, s(-0), 0]);
});
