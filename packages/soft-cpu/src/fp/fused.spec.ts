/** Fused operations: tables of corners, and exact fractions in every mode. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, anyFpcr, anyS, D, d, envOf, flagNames, S, s } from "./fp-operands.fixture.ts";
import {
  DOUBLE,
  type Fraction,
  isDenormalBits,
  isFiniteBits,
  minus,
  type OracleFormat,
  plus,
  roundFraction,
  SINGLE,
  times,
  valueOf,
} from "./rational-oracle.fixture.ts";
import { FPCR, mul64, mulAdd32, mulAdd64, neg64, recipStep32, recipStep64, rsqrtStep32, rsqrtStep64 } from "./soft-fp.ts";

const RM = 2 << 22;
const { DN, FZ } = FPCR;

describe("FPMulAdd, corner by corner", () => {
  it.each([
    // addend, op1, op2, FPCR, result, flags
    [d(1), d(2), d(3), 0, d(7), "-"],
    [d(-1), d(1 + 2 ** -52), d(1 - 2 ** -53), 0, d(2 ** -53 - 2 ** -105), "-"], // two roundings would lose the last term
    [d(-6), d(2), d(3), 0, d(0), "-"],
    [d(-6), d(2), d(3), RM, d(-0), "-"],
    [d(-0), d(-0), d(1), 0, d(-0), "-"],
    [d(-0), d(0), d(1), 0, d(0), "-"],
    [d(5), d(0), d(1), 0, d(5), "-"],
    [d(1), D.infinity, d(0), 0, D.qnan, "IOC"],
    [D.qnanPayload, D.infinity, d(0), 0, D.qnan, "IOC"], // the invalid product shows through a quiet NaN
    [D.snanNegative, D.infinity, d(0), 0, 0xfffc_0000_0000_0000n, "IOC"], // but not through a signalling one
    [D.qnanPayload, d(1), d(0), 0, D.qnanPayload, "-"],
    [D.qnanPayload, D.qnan, D.snan, 0, 0x7ff8_0000_0000_0001n, "IOC"],
    [d(1), D.qnan, D.qnanPayload, 0, D.qnan, "-"],
    [d(1), d(1), D.qnanPayload, DN, D.qnan, "-"],
    [D.minusInfinity, D.infinity, d(2), 0, D.qnan, "IOC"],
    [D.minusInfinity, D.infinity, d(-2), 0, D.minusInfinity, "-"],
    [D.infinity, D.maxNormal, D.maxNormal, 0, D.infinity, "-"],
    [d(1), D.minusInfinity, d(1), 0, D.minusInfinity, "-"],
    [neg64(D.maxNormal), D.maxNormal, d(2), 0, D.maxNormal, "-"], // the product alone would overflow
    [D.maxNormal, D.minDenormal, D.minDenormal, 0, D.maxNormal, "IXC"],
    [D.minDenormal, D.minDenormal, D.minDenormal, 0, D.minDenormal, "IXC UFC"],
    [D.minNormal, D.minDenormal, neg64(D.minDenormal), 0, D.minNormal, "IXC UFC"], // tiny before rounding
    [D.minDenormal, d(1), d(1), FZ, d(1), "IDC"],
    [d(0), D.minNormal, d(0.5), FZ, d(0), "UFC"],
  ] as const)("%s + %s × %s, FPCR %s", (addend, op1, op2, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([mulAdd64(addend, op1, op2, env), flagNames(env.fpsr)]).toEqual([result, flags]);
  });

  it("in single precision", () => {
    const env = envOf(0);
    expect([mulAdd32(s(-1), s(1 + 2 ** -23), s(1 - 2 ** -24), env), flagNames(env.fpsr)]).toEqual([s(2 ** -24 - 2 ** -47), "-"]);
    expect([mulAdd32(S.qnanPayload, S.infinity, s(-0), env), flagNames(env.fpsr)]).toEqual([S.qnan, "IOC"]);
  });
});

describe("Newton's steps, corner by corner", () => {
  it.each([
    // op1, op2, FPCR, FRECPS, flags, FRSQRTS, flags
    [d(1), d(1), 0, d(1), "-", d(1), "-"],
    [d(0), D.infinity, 0, d(2), "-", d(1.5), "-"],
    [D.minusInfinity, d(-0), 0, d(2), "-", d(1.5), "-"],
    [D.infinity, d(1), 0, D.minusInfinity, "-", D.minusInfinity, "-"],
    [d(-1), D.infinity, 0, D.infinity, "-", D.infinity, "-"],
    [d(2), d(1), RM, d(-0), "-", d(0.5), "-"],
    [d(3), d(1), 0, d(-1), "-", d(0), "-"],
    [D.qnanPayload, d(1), 0, 0x7ff8_0000_0000_1234n, "-", 0x7ff8_0000_0000_1234n, "-"], // op1 is negated, NaN or not
    [d(1), D.qnanPayload, 0, D.qnanPayload, "-", D.qnanPayload, "-"],
    [D.snan, d(1), DN, D.qnan, "IOC", D.qnan, "IOC"],
    [D.minDenormal, D.infinity, FZ, d(2), "IDC", d(1.5), "IDC"],
    [D.maxNormal, D.maxNormal, 0, D.minusInfinity, "IXC OFC", D.minusInfinity, "IXC OFC"],
    [D.maxNormal, d(1), 0, neg64(D.maxNormal), "IXC", d(-(2 ** 1023 - 2 ** 970)), "IXC"],
  ] as const)("(%s, %s), FPCR %s", (op1, op2, fpcr, recip, recipFlags, rsqrt, rsqrtFlags) => {
    const env = envOf(fpcr);
    expect([recipStep64(op1, op2, env), flagNames(env.fpsr)]).toEqual([recip, recipFlags]);
    const env2 = envOf(fpcr);
    expect([rsqrtStep64(op1, op2, env2), flagNames(env2.fpsr)]).toEqual([rsqrt, rsqrtFlags]);
  });
});

describe("agree with exact fractions in every mode, flags included", () => {
  const TWO: Fraction = [2n, 1n];
  const THREE: Fraction = [3n, 1n];
  const halfOf = ([n, d2]: Fraction): Fraction => [n, 2n * d2];
  type Soft = (addend: bigint, op1: bigint, op2: bigint, env: { readonly fpcr: number; fpsr: number }) => bigint;
  type Exact = (addend: Fraction, op1: Fraction, op2: Fraction) => Fraction;
  const ROWS: readonly (readonly [string, OracleFormat, Soft, Exact])[] = [
    ["FMADD D", DOUBLE, mulAdd64, (a, x, y) => plus(a, times(x, y))],
    ["FMADD S", SINGLE, (a, x, y, env) => BigInt(mulAdd32(Number(a), Number(x), Number(y), env)), (a, x, y) => plus(a, times(x, y))],
    ["FRECPS D", DOUBLE, (_, x, y, env) => recipStep64(x, y, env), (_, x, y) => minus(TWO, times(x, y))],
    ["FRECPS S", SINGLE, (_, x, y, env) => BigInt(recipStep32(Number(x), Number(y), env)), (_, x, y) => minus(TWO, times(x, y))],
    ["FRSQRTS D", DOUBLE, (_, x, y, env) => rsqrtStep64(x, y, env), (_, x, y) => halfOf(minus(THREE, times(x, y)))],
    ["FRSQRTS S", SINGLE, (_, x, y, env) => BigInt(rsqrtStep32(Number(x), Number(y), env)), (_, x, y) => halfOf(minus(THREE, times(x, y)))],
  ];
  const isNumber = (format: OracleFormat, bits: bigint, fpcr: number): boolean =>
    isFiniteBits(format, bits) && !(isDenormalBits(format, bits) && (fpcr & FZ) !== 0);

  it.each(ROWS)("%s", (_, format, soft, exact) => {
    const operand = format === DOUBLE ? anyD : anyS.map(BigInt);
    const sign = 1n << BigInt(format.width - 1);
    fc.assert(
      fc.property(operand, operand, operand, fc.integer({ min: -3, max: 60 }), anyFpcr, (free, x, y, cancel, fpcr) => {
        // One time in ten the addend nearly cancels the product.
        const product = format === DOUBLE ? mul64(x, y, envOf(0)) : BigInt(mulAdd32(0, Number(x), Number(y), envOf(0)));
        const addend = cancel <= 3 ? BigInt.asUintN(format.width, (product ^ sign) + BigInt(cancel)) : free;
        fc.pre([addend, x, y].every((bits) => isNumber(format, bits, fpcr)));
        const value = exact(valueOf(format, addend), valueOf(format, x), valueOf(format, y));
        fc.pre(value[0] !== 0n);
        const env = envOf(fpcr);
        expect({ bits: soft(addend, x, y, env), flags: env.fpsr }).toEqual(roundFraction(format, value, fpcr));
      }),
      { numRuns: 500 },
    );
  });
});
