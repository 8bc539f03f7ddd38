/** The emulated fused multiply-add against soft-fp.ts: its answers are right and raise nothing, and among everyday numbers it answers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nativeMulAdd32, nativeMulAdd64 } from "./fast-fma.ts";
import { anyD, anyFpcr, anyS, d, everydayD, everydayS, fromD, fromS, s } from "./fp-operands.fixture.ts";
import { FPCR, FPSR, mulAdd32, mulAdd64 } from "./soft-fp.ts";

const anyFpsr = fc.constantFrom(0, FPSR.IXC);

/** An addend that nearly cancels the product, or is nearly halfway between two results: the cases that want all the bits. */
function besideProduct(free: number, op1: number, op2: number, where: number): number {
  const product = op1 * op2;
  const factor = [-1, -1 - 2 ** -52, 2 ** -53, -(2 ** -53), 2 ** 53, -(2 ** 54), 2 ** -106][where];
  return factor === undefined ? free : product * factor;
}

const anyPlace = fc.integer({ min: 0, max: 13 });
/** Factors and addends whose products, splittings and sums overflow or nearly do. */
const huge = fc
  .tuple(fc.integer({ min: 2030, max: 2046 }).map(BigInt), fc.bigInt(0n, 2n ** 52n - 1n), fc.bigInt(0n, 1n))
  .map(([biased, frac, sign]) => (sign << 63n) | (biased << 52n) | frac);

const anyOrHuge = fc.oneof(anyD, huge);

describe("what it answers is the right result and raises nothing", () => {
  it("in double precision", () => {
    fc.assert(
      fc.property(anyOrHuge, anyOrHuge, fc.oneof(anyD, everydayD), anyPlace, anyFpcr, anyFpsr, (c, x, y, where, fpcr, fpsr) => {
        const [op1, op2] = [fromD(x), fromD(y)];
        const addend = besideProduct(fromD(c), op1, op2, where);
        const r = nativeMulAdd64(addend, op1, op2, fpcr, fpsr);
        if (r === undefined) return;
        const env = { fpcr, fpsr };
        expect([mulAdd64(d(addend), x, y, env), env.fpsr]).toEqual([d(r), fpsr]);
      }),
      { numRuns: 6000 },
    );
  });

  it("in single precision", () => {
    fc.assert(
      fc.property(anyS, anyS, anyS, anyPlace, anyFpcr, anyFpsr, (c, x, y, where, fpcr, fpsr) => {
        const [op1, op2] = [fromS(x), fromS(y)];
        const addend = Math.fround(besideProduct(fromS(c), op1, op2, where));
        const r = nativeMulAdd32(addend, op1, op2, fpcr, fpsr);
        if (r === undefined) return;
        const env = { fpcr, fpsr };
        expect([mulAdd32(s(addend), x, y, env), env.fpsr]).toEqual([s(r), fpsr]);
      }),
      { numRuns: 6000 },
    );
  });
});

describe("among everyday numbers it answers whenever that raises nothing", () => {
  const anyControls = fc.constantFrom(0, FPCR.FZ, FPCR.DN);

  it("in double precision", () => {
    fc.assert(
      fc.property(everydayD, everydayD, everydayD, anyPlace, anyFpsr, anyControls, (c, x, y, where, fpsr, fpcr) => {
        const addend = besideProduct(fromD(c), fromD(x), fromD(y), where);
        const env = { fpcr, fpsr };
        const right = mulAdd64(d(addend), x, y, env);
        const answer = nativeMulAdd64(addend, fromD(x), fromD(y), fpcr, fpsr);
        expect(answer).toBe(env.fpsr === fpsr ? fromD(right) : undefined);
      }),
      { numRuns: 4000 },
    );
  });

  it("in single precision", () => {
    fc.assert(
      fc.property(everydayS, everydayS, everydayS, anyPlace, anyFpsr, anyControls, (c, x, y, where, fpsr, fpcr) => {
        const addend = Math.fround(besideProduct(fromS(c), fromS(x), fromS(y), where));
        const env = { fpcr, fpsr };
        const right = mulAdd32(s(addend), x, y, env);
        const answer = nativeMulAdd32(addend, fromS(x), fromS(y), fpcr, fpsr);
        expect(answer).toBe(env.fpsr === fpsr ? fromS(right) : undefined);
      }),
      { numRuns: 4000 },
    );
  });
});

it.each([
  // addend, op1, op2, answer: FPSR is clear, so only exact results are answered
  [1, 2, 3, 7],
  [-1, 1 + 2 ** -52, 1 - 2 ** -53, 2 ** -53 - 2 ** -105],
  [-0, -0, 1, -0],
  [-0, 0, 1, 0],
  [5, 0, -1, 5],
  [-6, 2, 3, 0],
  [1, 1, 2 ** -53, undefined],
  [1, Infinity, 0, undefined],
  [Infinity, 1, 1, undefined],
  [NaN, 1, 1, undefined],
  [0, 2 ** -800, 2 ** -800, undefined],
  [0, 2 ** 800, 2 ** 800, undefined],
])("%s + %s × %s", (addend, op1, op2, answer) => {
  expect(nativeMulAdd64(addend, op1, op2, 0, 0)).toBe(answer);
  expect(nativeMulAdd64(addend, op1, op2, 1 << 22, 0)).toBe(undefined); // another rounding mode is not native
});
