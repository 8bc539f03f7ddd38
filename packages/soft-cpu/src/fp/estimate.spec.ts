/** Estimates: tables of values and corners, and the definition of an estimate as the middle of its interval. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, anyS, D, d, envOf, flagNames, fromD, fromS, S, s } from "./fp-operands.fixture.ts";
import {
  FPCR,
  recipEstimate32,
  recipEstimate64,
  recpX32,
  recpX64,
  rsqrtEstimate32,
  rsqrtEstimate64,
  unsignedRecipEstimate,
  unsignedRSqrtEstimate,
} from "./soft-fp.ts";

const { DN, FZ } = FPCR;
const RP = 1 << 22;
const RM = 2 << 22;
const RZ = 3 << 22;

it.each([
  // op, FPCR, FRECPE, flags
  [d(1), 0, d(511 / 512), "-"],
  [d(2), 0, d(511 / 1024), "-"],
  [d(1.5), 0, d(341 / 512), "-"],
  [d(-3), 0, d(-341 / 1024), "-"],
  [d(1 + 255 / 256), 0, d(0.5), "-"],
  [d(0), 0, D.infinity, "DZC"],
  [d(-0), 0, D.minusInfinity, "DZC"],
  [D.minusInfinity, 0, d(-0), "-"],
  [D.snan, 0, 0x7ff8_0000_0000_0001n, "IOC"],
  [D.qnanPayload, DN, D.qnan, "-"],
  [D.minDenormal, 0, D.infinity, "IXC OFC"],
  [D.minDenormal, RZ, D.maxNormal, "IXC OFC"],
  [D.minDenormal, RM, D.maxNormal, "IXC OFC"],
  [0x8000_0000_0000_0001n, RP, 0xffef_ffff_ffff_ffffn, "IXC OFC"],
  [0x8000_0000_0000_0001n, RM, D.minusInfinity, "IXC OFC"],
  [D.minDenormal, FZ, D.infinity, "IDC DZC"],
  [0x0003_ffff_ffff_ffffn, 0, D.infinity, "IXC OFC"], // the largest below 2^-1024
  [0x0004_0000_0000_0000n, 0, 0x7fef_f000_0000_0000n, "-"], // 2^-1024
  [0x0008_0000_0000_0000n, 0, 0x7fdf_f000_0000_0000n, "-"], // 2^-1023
  [d(2 ** 1022), 0, 0x000f_f800_0000_0000n, "-"], // a denormal estimate is not Underflow …
  [d(2 ** 1023), 0, 0x0007_fc00_0000_0000n, "-"],
  [d(2 ** 1022), FZ, d(0), "UFC"], // … unless it is flushed
  [d(-(2 ** 1023)), FZ, d(-0), "UFC"],
  [d(2 ** 1021), FZ, 0x001f_f000_0000_0000n, "-"],
] as const)("estimates the reciprocal of %s, FPCR %s", (op, fpcr, result, flags) => {
  const env = envOf(fpcr);
  expect([recipEstimate64(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
});

it.each([
  [s(1), 0, s(511 / 512), "-"],
  [0x001f_ffff, 0, S.infinity, "IXC OFC"],
  [0x0020_0000, RZ, 0x7f7f_8000, "-"],
  [s(2 ** 126), 0, 0x007f_c000, "-"],
  [s(2 ** 127), 0, 0x003f_e000, "-"],
  [s(2 ** 126), FZ, 0, "UFC"],
  [S.minDenormal, FZ, S.infinity, "IDC DZC"],
] as const)("estimates the reciprocal of the single %s, FPCR %s", (op, fpcr, result, flags) => {
  const env = envOf(fpcr);
  expect([recipEstimate32(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
});

it.each([
  // op, FPCR, FRSQRTE, flags
  [d(1), 0, d(511 / 512), "-"],
  [d(4), 0, d(511 / 1024), "-"],
  [d(2), 0, d(361 / 512), "-"],
  [d(0.25), 0, d(511 / 256), "-"],
  [d(-0), 0, D.minusInfinity, "DZC"],
  [d(-1), 0, D.qnan, "IOC"],
  [D.minusInfinity, 0, D.qnan, "IOC"],
  [D.infinity, 0, d(0), "-"],
  [D.snanNegative, 0, 0xfffc_0000_0000_0000n, "IOC"],
  [D.minDenormal, 0, d((511 / 512) * 2 ** 537), "-"],
  [D.minDenormal, FZ, D.infinity, "IDC DZC"],
  [0x8000_0000_0000_0001n, FZ, D.minusInfinity, "IDC DZC"], // flushed, so it is not a negative number
  [D.maxNormal, FZ, d(2 ** -512), "-"],
] as const)("estimates the reciprocal root of %s, FPCR %s", (op, fpcr, result, flags) => {
  const env = envOf(fpcr);
  expect([rsqrtEstimate64(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
});

describe("an estimate is the function at the middle of an interval, to nine bits", () => {
  const toNineBits = (x: number): number => {
    const exponent = Math.floor(Math.log2(x));
    return (Math.round((x / 2 ** exponent) * 256) / 256) * 2 ** exponent;
  };
  const interior = fc.tuple(fc.integer({ min: -120, max: 120 }), fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }));

  it("reciprocals", () => {
    fc.assert(
      fc.property(interior, ([exponent, mantissa]) => {
        const middle = (Math.floor(mantissa * 256) + 0.5) / 256;
        const estimate = toNineBits(1 / middle) * 2 ** -exponent;
        expect(fromD(recipEstimate64(d(mantissa * 2 ** exponent), envOf(0)))).toBe(estimate);
        expect(fromS(recipEstimate32(s(Math.floor(mantissa * 2 ** 23) * 2 ** (exponent - 23)), envOf(0)))).toBe(estimate);
      }),
      { numRuns: 1000 },
    );
  });

  it("reciprocal roots", () => {
    fc.assert(
      fc.property(interior, ([exponent, mantissa]) => {
        const odd = (exponent & 1) !== 0;
        const middle = (Math.floor(mantissa * 128) + 0.5) / 128;
        const estimate = toNineBits(1 / Math.sqrt(odd ? middle * 2 : middle)) * 2 ** -((exponent - (odd ? 1 : 0)) / 2);
        expect(fromD(rsqrtEstimate64(d(mantissa * 2 ** exponent), envOf(0)))).toBe(estimate);
        expect(fromS(rsqrtEstimate32(s(Math.floor(mantissa * 2 ** 23) * 2 ** (exponent - 23)), envOf(0)))).toBe(estimate);
      }),
      { numRuns: 1000 },
    );
  });

  it("and is within one part in 256 of the truth for every number that has a normal reciprocal", () => {
    fc.assert(
      fc.property(anyD, (op) => {
        const x = Math.abs(fromD(op));
        fc.pre(x > 2 ** -1022 && x < 2 ** 1021);
        expect(Math.abs(fromD(recipEstimate64(d(x), envOf(0))) * x - 1)).toBeLessThan(2 ** -8);
        expect(Math.abs(fromD(rsqrtEstimate64(d(x), envOf(0))) * Math.sqrt(x) - 1)).toBeLessThan(2 ** -7);
      }),
      { numRuns: 1000 },
    );
  });
});

it.each([
  [d(0), D.maxNormal & 0x7fe0_0000_0000_0000n],
  [d(-1), 0xc000_0000_0000_0000n], // NOT(1023) = 1024
  [D.infinity, d(0)],
  [D.maxNormal, 0x0010_0000_0000_0000n],
  [D.minDenormal, 0x7fe0_0000_0000_0000n],
] as const)("turns the exponent of %s upside down", (op, result) => {
  const env = envOf(0);
  expect([recpX64(op, env), env.fpsr]).toEqual([result, 0]);
});

it("FRECPX flushes, quiets and keeps signs", () => {
  const env = envOf(FZ);
  expect([recpX32(0x8000_0001, env), flagNames(env.fpsr)]).toEqual([0xff00_0000, "IDC"]);
  const env2 = envOf(0);
  expect([recpX32(S.snanNegative, env2), flagNames(env2.fpsr)]).toEqual([0xffe0_0000, "IOC"]);
});

it("FRECPX times its operand is near one for any normal single", () => {
  fc.assert(
    fc.property(anyS, (op) => {
      const x = fromS(op);
      fc.pre(Math.abs(x) >= 2 ** -126 && Math.abs(x) < 2 ** 127);
      const scaled = x * fromS(recpX32(op, envOf(0)));
      expect(scaled >= 2 && scaled < 4).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it.each([
  // operand, URECPE, URSQRTE
  [0x8000_0000, 0xff80_0000, 0xb480_0000],
  [0xffff_ffff, 0x8000_0000, 0x8000_0000],
  [0x7fff_ffff, 0xffff_ffff, 0xb500_0000],
  [0x4000_0000, 0xffff_ffff, 0xff80_0000],
  [0x3fff_ffff, 0xffff_ffff, 0xffff_ffff],
  [-1, 0x8000_0000, 0x8000_0000], // patterns may come in signed
] as const)("unsigned estimates of %s", (operand, recip, rsqrt) => {
  expect([unsignedRecipEstimate(operand), unsignedRSqrtEstimate(operand)]).toEqual([recip, rsqrt]);
});
