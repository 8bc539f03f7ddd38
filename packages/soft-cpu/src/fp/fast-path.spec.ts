/**
 * Whenever a predicate says that the native result will do, soft-fp.ts gives the same bits and no new flag; and in the range where numbers
 * live it says so whenever that is so, lest a predicate that always declines should pass.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MIN32,
  MIN64,
  nativeAdd32IsExactEnough,
  nativeAdd64IsExactEnough,
  nativeDiv32IsExactEnough,
  nativeDiv64IsExactEnough,
  nativeF32ToF64IsExactEnough,
  nativeF32ToIntIsExactEnough,
  nativeF64ToF32IsExactEnough,
  nativeF64ToIntIsExactEnough,
  nativeInt32ToF32IsExactEnough,
  nativeInt64ToFpIsExactEnough,
  nativeMul32IsExactEnough,
  nativeMul64IsExactEnough,
  nativeOrder32IsEnough,
  nativeOrder64IsEnough,
  nativeRoundInt32IsExactEnough,
  nativeRoundInt64IsExactEnough,
  nativeSqrt32IsExactEnough,
  nativeSqrt64IsExactEnough,
  nativeSub32IsExactEnough,
  nativeSub64IsExactEnough,
  RESOLVABLE,
} from "./fast-path.ts";
import { anyD, anyFpcr, anyS, d, everydayD, everydayS, fromD, fromS, s } from "./fp-operands.fixture.ts";
import * as soft from "./soft-fp.ts";

const { FPCR, FPRounding, FPSR } = soft;
const { fround } = Math;
const anyFpsr = fc.constantFrom(0, FPSR.IXC, FPSR.IXC | FPSR.UFC);

type Env = soft.FpEnv;
type Predicate = (a: number, b: number, r: number, fpcr: number, fpsr: number) => boolean;

/** An operation three times: in software, natively, and the predicate. */
type Row64 = readonly [string, (a: bigint, b: bigint, env: Env) => bigint, (a: number, b: number) => number, Predicate];
type Row32 = readonly [string, (a: number, b: number, env: Env) => number, (a: number, b: number) => number, Predicate];

const ROWS64: readonly Row64[] = [
  ["add", soft.add64, (a, b) => a + b, nativeAdd64IsExactEnough],
  ["sub", soft.sub64, (a, b) => a - b, nativeSub64IsExactEnough],
  ["mul", soft.mul64, (a, b) => a * b, nativeMul64IsExactEnough],
  ["div", soft.div64, (a, b) => a / b, nativeDiv64IsExactEnough],
  ["sqrt", (a, _, env) => soft.sqrt64(a, env), (a) => Math.sqrt(a), (a, _, r, fpcr, fpsr) => nativeSqrt64IsExactEnough(a, r, fpcr, fpsr)],
  ["max", soft.max64, (a, b) => Math.max(a, b), (a, b, _, fpcr) => nativeOrder64IsEnough(a, b, fpcr)],
  ["minNum", soft.minNum64, (a, b) => Math.min(a, b), (a, b, _, fpcr) => nativeOrder64IsEnough(a, b, fpcr)],
];

const ROWS32: readonly Row32[] = [
  ["add", soft.add32, (a, b) => fround(a + b), nativeAdd32IsExactEnough],
  ["sub", soft.sub32, (a, b) => fround(a - b), nativeSub32IsExactEnough],
  ["mul", soft.mul32, (a, b) => fround(a * b), nativeMul32IsExactEnough],
  ["div", soft.div32, (a, b) => fround(a / b), nativeDiv32IsExactEnough],
  [
    "sqrt",
    (a, _, env) => soft.sqrt32(a, env),
    (a) => fround(Math.sqrt(a)),
    (a, _, r, fpcr, fpsr) => nativeSqrt32IsExactEnough(a, r, fpcr, fpsr),
  ],
  ["min", soft.min32, (a, b) => Math.min(a, b), (a, b, _, fpcr) => nativeOrder32IsEnough(a, b, fpcr)],
  ["maxNum", soft.maxNum32, (a, b) => Math.max(a, b), (a, b, _, fpcr) => nativeOrder32IsEnough(a, b, fpcr)],
];

describe("a native result that is said to do is the right one and raises nothing", () => {
  it.each(ROWS64)("%s, double precision", (_, inSoftware, natively, predicate) => {
    fc.assert(
      fc.property(anyD, anyD, anyFpcr, anyFpsr, (x, y, fpcr, fpsr) => {
        const [a, b] = [fromD(x), fromD(y)];
        const r = natively(a, b);
        if (!predicate(a, b, r, fpcr, fpsr)) return;
        const env = { fpcr, fpsr };
        expect([inSoftware(x, y, env), env.fpsr]).toEqual([d(r), fpsr]);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(ROWS32)("%s, single precision", (_, inSoftware, natively, predicate) => {
    fc.assert(
      fc.property(anyS, anyS, anyFpcr, anyFpsr, (x, y, fpcr, fpsr) => {
        const [a, b] = [fromS(x), fromS(y)];
        const r = natively(a, b);
        if (!predicate(a, b, r, fpcr, fpsr)) return;
        const env = { fpcr, fpsr };
        expect([inSoftware(x, y, env), env.fpsr]).toEqual([s(r), fpsr]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("among everyday numbers every native result that does is said to do", () => {
  it.each(ROWS64)("%s, double precision", (_, inSoftware, natively, predicate) => {
    fc.assert(
      fc.property(everydayD, everydayD, anyFpsr, fc.constantFrom(0, FPCR.FZ, FPCR.DN), (x, y, fpsr, fpcr) => {
        const env = { fpcr, fpsr };
        const right = fromD(inSoftware(x, y, env));
        const r = natively(fromD(x), fromD(y));
        expect(predicate(fromD(x), fromD(y), r, fpcr, fpsr)).toBe(env.fpsr === fpsr && right === r);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(ROWS32)("%s, single precision", (_, inSoftware, natively, predicate) => {
    fc.assert(
      fc.property(everydayS, everydayS, anyFpsr, fc.constantFrom(0, FPCR.FZ, FPCR.DN), (x, y, fpsr, fpcr) => {
        const env = { fpcr, fpsr };
        const right = fromS(inSoftware(x, y, env));
        const r = natively(fromS(x), fromS(y));
        expect(predicate(fromS(x), fromS(y), r, fpcr, fpsr)).toBe(env.fpsr === fpsr && right === r);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    // zeros that an operand explains, and the roots of exact squares
    [nativeMul64IsExactEnough(0, -3, -0, 0, 0)],
    [nativeDiv64IsExactEnough(0, 3, 0, 0, 0)],
    [nativeDiv64IsExactEnough(3, Infinity, 0, 0, 0)],
    [nativeSqrt64IsExactEnough(-0, -0, 0, 0)],
    [nativeAdd64IsExactEnough(1, -1, 0, 0, 0)],
    [nativeSqrt64IsExactEnough(9, 3, 0, 0)],
    [nativeF64ToF32IsExactEnough(-0, -0, 3 << 22, 0)],
  ])("row %#", (held) => {
    expect(held).toBe(true);
  });
});

describe("conversions", () => {
  it("between the formats", () => {
    fc.assert(
      fc.property(fc.oneof(anyD, everydayD), anyS, anyFpcr, anyFpsr, (x, y, fpcr, fpsr) => {
        const a = fromD(x);
        if (nativeF64ToF32IsExactEnough(a, fround(a), fpcr, fpsr)) {
          const env = { fpcr, fpsr };
          expect([soft.f64ToF32(x, env), env.fpsr]).toEqual([s(fround(a)), fpsr]);
        }
        if (nativeF32ToF64IsExactEnough(fromS(y), fpcr)) {
          const env = { fpcr, fpsr };
          expect([soft.f32ToF64(y, env), env.fpsr]).toEqual([d(fromS(y)), fpsr]);
        }
      }),
      { numRuns: 3000 },
    );
    expect(nativeF64ToF32IsExactEnough(0.1, fround(0.1), 0, FPSR.IXC)).toBe(true);
    expect(nativeF64ToF32IsExactEnough(1.5, 1.5, 1 << 22, 0)).toBe(true);
    expect(nativeF32ToF64IsExactEnough(1.5, 1 << 22)).toBe(true);
  });

  const anyInteger = fc
    .tuple(fc.bigInt(-(1n << 63n), (1n << 63n) - 1n), fc.integer({ min: 0, max: 63 }))
    .map(([bits, shift]) => bits >> BigInt(shift));

  it("from integers: right whenever it says so, and said whenever it is right to nearest", () => {
    const edges = fc.constantFrom((1n << 63n) - 1n, -(1n << 63n), (1n << 53n) + 1n, (1n << 24n) + 1n, 0n, -1n, (1n << 63n) - 1024n);
    fc.assert(
      fc.property(fc.oneof(anyInteger, edges), fc.boolean(), anyFpcr, anyFpsr, (value, unsigned, fpcr, fpsr) => {
        const integer = unsigned ? BigInt.asUintN(64, value) : value;
        const pattern = BigInt.asUintN(64, value);
        const r = Number(integer);
        const env = { fpcr, fpsr };
        const right = soft.fixed64ToF64(pattern, 0, unsigned, env);
        const held = nativeInt64ToFpIsExactEnough(integer, r, fpcr, fpsr);
        expect(held).toBe(env.fpsr === fpsr && ((fpcr & FPCR.RMode) === 0 || BigInt(r) === integer));
        if (held) expect(right).toBe(d(r));

        const word = Number(unsigned ? BigInt.asUintN(32, value) : BigInt.asIntN(32, value));
        const env32 = { fpcr, fpsr };
        const right32 = soft.fixed32ToF32(word, 0, unsigned, env32);
        const held32 = nativeInt32ToF32IsExactEnough(word, fround(word), fpcr, fpsr);
        if (held32) expect([right32, env32.fpsr]).toEqual([s(fround(word)), fpsr]);
        const env64 = { fpcr, fpsr };
        expect([soft.fixed32ToF64(word, 0, unsigned, env64), env64.fpsr]).toEqual([d(word), fpsr]); // needs no predicate
      }),
      { numRuns: 3000 },
    );
  });

  const nearest = (x: number): number => {
    const floor = Math.floor(x);
    const up = x - floor > 0.5 || (x - floor === 0.5 && floor % 2 !== 0);
    const rounded = up ? floor + 1 : floor;
    return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
  };
  const tiesAway = (x: number): number => {
    const whole = Math.trunc(x);
    return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
  };
  const ROUNDINGS = [
    [FPRounding.TIEEVEN, nearest],
    [FPRounding.POSINF, Math.ceil],
    [FPRounding.NEGINF, Math.floor],
    [FPRounding.ZERO, Math.trunc],
    [FPRounding.TIEAWAY, tiesAway],
  ] as const;
  const anyRounding = fc.constantFrom(...ROUNDINGS);
  const anyX = fc.oneof(anyD, everydayD);
  const anyY = fc.oneof(anyS, everydayS);

  it("to integers", () => {
    const types = [
      [soft.f64ToFixed32, soft.f32ToFixed32, false, -(2 ** 31), 2 ** 31],
      [soft.f64ToFixed32, soft.f32ToFixed32, true, 0, 2 ** 32],
      [soft.f64ToFixed64, soft.f32ToFixed64, false, -(2 ** 63), 2 ** 63],
      [soft.f64ToFixed64, soft.f32ToFixed64, true, 0, 2 ** 64],
    ] as const;
    fc.assert(
      fc.property(
        anyX, anyY, fc.constantFrom(...types), anyRounding, fc.constantFrom(0, 1, 32), anyFpcr, anyFpsr,
        (x, y, [from64, from32, unsigned, least, beyond], [mode, round], fbits, fpcr, fpsr) => {
          const width = beyond <= 2 ** 32 ? 32 : 64;
          const check = (operand: number, holds: typeof nativeF64ToIntIsExactEnough, convert: (env: Env) => bigint | number): void => {
            const scaled = operand * 2 ** fbits;
            const rounded = round(scaled);
            const env = { fpcr, fpsr };
            const right = BigInt(convert(env));
            const held = holds(operand, scaled, rounded, least, beyond, fpcr, fpsr);
            expect(held).toBe(env.fpsr === fpsr);
            if (held) expect(right).toBe(BigInt.asUintN(width, BigInt(rounded)));
          };
          check(fromD(x), nativeF64ToIntIsExactEnough, (env) => from64(x, fbits, unsigned, mode, env));
          check(fromS(y), nativeF32ToIntIsExactEnough, (env) => from32(y, fbits, unsigned, mode, env));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("to integral values", () => {
    fc.assert(
      fc.property(anyX, anyY, anyRounding, fc.boolean(), anyFpcr, anyFpsr, (x, y, [mode, round], exact, fpcr, fpsr) => {
        const [a, b] = [fromD(x), fromS(y)];
        const env = { fpcr, fpsr };
        const right = soft.roundInt64(x, mode, exact, env);
        const held = nativeRoundInt64IsExactEnough(a, round(a), exact, fpcr, fpsr);
        expect(held).toBe(env.fpsr === fpsr && a === a);
        if (held) expect(right).toBe(d(round(a)));
        const env32 = { fpcr, fpsr };
        const right32 = soft.roundInt32(y, mode, exact, env32);
        const held32 = nativeRoundInt32IsExactEnough(b, round(b), exact, fpcr, fpsr);
        expect(held32).toBe(env32.fpsr === fpsr && b === b);
        if (held32) expect(right32).toBe(s(round(b)));
      }),
      { numRuns: 2000 },
    );
  });

  it("comparisons", () => {
    fc.assert(
      fc.property(anyD, anyS, anyD, anyS, anyFpcr, (x, y, x2, y2, fpcr) => {
        const [a, b, a2, b2] = [fromD(x), fromS(y), fromD(x2), fromS(y2)];
        const env = { fpcr, fpsr: 0 };
        if (nativeOrder64IsEnough(a, a2, fpcr)) {
          expect([soft.compareGt64(x, x2, env), soft.compareEq64(x, x2, env)]).toEqual([a > a2, a === a2]);
        }
        if (nativeOrder32IsEnough(b, b2, fpcr)) {
          expect([soft.compareGe32(y, y2, env), soft.compareEq32(y, y2, env)]).toEqual([b >= b2, b === b2]);
        }
        expect(env.fpsr).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});

it("its powers of two are exact, however the host computes powers", () => {
  expect([d(MIN64), s(MIN32), d(RESOLVABLE)]).toEqual([0x0010_0000_0000_0000n, 0x0080_0000, BigInt(1023 - 900) << 52n]);
});
