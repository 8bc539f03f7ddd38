/** The fused multiply-add that generated code calls, against soft-fp.ts; the emulated one, and the engine's own where it has one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, d, everydayD, fromD } from "./fp-operands.fixture.ts";
import { emulatedFusedFunctions, fusedFunctions, relaxedFusedFunctions } from "./fused-module.ts";
import { mulAdd64 } from "./soft-fp.ts";

const relaxed = relaxedFusedFunctions();
const variants = [
  { name: "emulated", mulAdd: emulatedFusedFunctions().mulAdd64 },
  ...(relaxed === undefined ? [] : [{ name: "of the engine", mulAdd: relaxed.mulAdd64 }]),
];

const MIN_NORMAL = 2 ** -1022;
const isAnswer = (r: number): boolean => Math.abs(r) > MIN_NORMAL && Math.abs(r) < Infinity;

/** Addends that cancel the product, or lie where the sum is nearly halfway between two results. */
const FACTORS = [-1, -1 - 2 ** -52, 2 ** -53, -(2 ** -53), 2 ** 53, -(2 ** 54), 2 ** -106];
const anyAddend = fc.oneof(
  anyD.map((bits) => () => fromD(bits)),
  fc.constantFrom(...FACTORS).map((factor) => (product: number) => product * factor),
);

describe.each(variants)("the fused multiply-add, $name", ({ mulAdd }) => {
  it("answers what rounding once gives, whatever the operands", () => {
    fc.assert(
      fc.property(anyD, anyD, anyAddend, (x, y, addendOf) => {
        const [op1, op2] = [fromD(x), fromD(y)];
        const addend = addendOf(op1 * op2);
        const r = mulAdd(addend, op1, op2);
        if (isAnswer(r)) expect(d(r)).toBe(mulAdd64(d(addend), x, y, { fpcr: 0, fpsr: 0 }));
      }),
      { numRuns: 8000 },
    );
  });

  it("answers for all everyday operands", () => {
    fc.assert(
      fc.property(everydayD, everydayD, everydayD, (c, x, y) => {
        const expected = fromD(mulAdd64(c, x, y, { fpcr: 0, fpsr: 0 }));
        expect(mulAdd(fromD(c), fromD(x), fromD(y))).toBe(expected);
      }),
      { numRuns: 4000 },
    );
  });

  it.each([
    ["zero times a number leaves the addend", 3, 0, -5, 3],
    ["a zero product and a zero addend add as zeros do", -0, 0, -5, -0],
    ["an overflow is no number", 2 ** 1023, 2 ** 1000, 2 ** 24, NaN],
    ["zero times infinity is no number", 1, 0, Infinity, NaN],
    ["an infinite addend is no answer", Infinity, 2, 3, NaN],
  ])("%s", (_, addend, op1, op2, expected) => {
    const r = mulAdd(addend, op1, op2);
    expect(isAnswer(r) || r === 0 ? r : NaN).toBe(expected);
  });
});

it("prefers the engine's own", () => {
  expect(fusedFunctions()).toBe(fusedFunctions());
  expect(fusedFunctions().mulAdd64(-1, 1 + 2 ** -30, 1 - 2 ** -30)).toBe(-(2 ** -60));
});
