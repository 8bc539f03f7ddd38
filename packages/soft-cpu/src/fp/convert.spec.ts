/** Conversions between the formats: all of half precision, tables of corners, the host and fractions for the rest. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyD, anyFpcr, anyS, D, d, envOf, flagNames, fromD, fromS, S, s } from "./fp-operands.fixture.ts";
import { DOUBLE, HALF, isDenormalBits, isFiniteBits, roundFraction, SINGLE, valueOf } from "./rational-oracle.fixture.ts";
import { f16ToF32, f16ToF64, f32ToF16, f32ToF64, f64ToF16, f64ToF32, f64ToF32Odd, FPCR, FPRounding, FPSR } from "./soft-fp.ts";

const { AHP, DN, FZ } = FPCR;
const RP = 1 << 22;
const RZ = 3 << 22;

describe("to half precision", () => {
  it.each([
    // double, FPCR, half, flags                    DDI 0487 A1.4.2
    [d(1), 0, 0x3c00, "-"],
    [d(65504), 0, 0x7bff, "-"],
    [d(65519), 0, 0x7bff, "IXC"],
    [d(65520), 0, 0x7c00, "IXC OFC"],
    [d(-65520), RZ, 0xfbff, "IXC"], // rounded to a number: no overflow
    [d(-65536), RZ, 0xfbff, "IXC OFC"],
    [d(2 ** -14), 0, 0x0400, "-"],
    [d(2 ** -24), 0, 0x0001, "-"],
    [d(2 ** -24), FZ, 0x0001, "-"], // flush to zero does not concern half precision,
    [d(2 ** -25), FZ, 0x0000, "IXC UFC"],
    [d(2 ** -25), RP, 0x0001, "IXC UFC"],
    [D.minDenormal, RP | FZ, 0x0000, "IDC"], // but it does the operand
    [d(-0), 0, 0x8000, "-"],
    [D.minusInfinity, 0, 0xfc00, "-"],
    [D.qnanPayload, 0, 0xfe00, "-"], // the payload's last bits do not fit
    [0xfff8_1230_0000_0000n, 0, 0xfe04, "-"],
    [D.snan, 0, 0x7e00, "IOC"],
    [D.snanNegative, 0, 0xff00, "IOC"],
    [D.qnanPayload, DN, 0x7e00, "-"],
    [d(65536), AHP, 0x7c00, "-"], // the alternative format has one binade more
    [d(131008), AHP, 0x7fff, "-"],
    [d(131040), AHP, 0x7fff, "IOC"], // and saturates, which is not Inexact
    [d(131039), AHP, 0x7fff, "IXC"],
    [D.minusInfinity, AHP, 0xffff, "IOC"],
    [D.qnanPayload, AHP, 0x8000, "IOC"],
    [D.snan, AHP | DN, 0x0000, "IOC"],
    [d(2 ** -25), AHP, 0x0000, "IXC UFC"],
  ] as const)("%s, FPCR %s", (op, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([f64ToF16(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
    // Rounded once from either format, wherever the operand is a single too.
    const single = f64ToF32(op, envOf(0));
    if (f32ToF64(single, envOf(0)) !== op) return;
    const env32 = envOf(fpcr);
    expect([f32ToF16(single, env32), flagNames(env32.fpsr)]).toEqual([result, flags]);
  });

  it("all of it survives a round trip, in IEEE's format and the alternative one", () => {
    const lost: string[] = [];
    for (const fpcr of [0, AHP]) {
      for (let half = 0; half < 0x1_0000; half += 1) {
        const isSignallingNaN = fpcr === 0 && (half & 0x7e00) === 0x7c00 && (half & 0x1ff) !== 0;
        const quiet = isSignallingNaN ? half | 0x200 : half;
        const env = envOf(fpcr);
        const back = [f32ToF16(f16ToF32(half, env), env), f64ToF16(f16ToF64(half, env), env)];
        const survived = back[0] === quiet && back[1] === quiet && env.fpsr === (isSignallingNaN ? FPSR.IOC : 0);
        if (!survived) lost.push(`${half.toString(16)}, FPCR ${fpcr}: ${back.join()} and ${flagNames(env.fpsr)}`);
      }
    }
    expect(lost).toEqual([]);
  });

  it("agrees with fractions in every mode", () => {
    // Around the range of half precision, else nearly every operand overflows.
    const near = fc
      .tuple(fc.integer({ min: -30, max: 17 }), fc.double({ min: 1, max: 2, noNaN: true }), fc.boolean())
      .map(([exponent, mantissa, negative]) => d((negative ? -mantissa : mantissa) * 2 ** exponent));
    fc.assert(
      fc.property(fc.oneof(anyD, near), anyFpcr, (op, controls) => {
        const fpcr = controls & ~AHP;
        fc.pre(isFiniteBits(DOUBLE, op) && !isDenormalBits(DOUBLE, op) && valueOf(DOUBLE, op)[0] !== 0n);
        const env = envOf(fpcr);
        expect({ bits: BigInt(f64ToF16(op, env)), flags: env.fpsr }).toEqual(roundFraction(HALF, valueOf(DOUBLE, op), fpcr));
      }),
      { numRuns: 1500 },
    );
  });
});

describe("from half precision", () => {
  it.each([
    [0x3c00, 0, s(1), "-"],
    [0x0001, 0, s(2 ** -24), "-"],
    [0x83ff, FZ, s(-1023 * 2 ** -24), "-"],
    [0x7c00, 0, S.infinity, "-"],
    [0x7c00, AHP, s(65536), "-"],
    [0xffff, AHP, s(-131008), "-"],
    [0xfe01, 0, 0xffc0_2000, "-"],
    [0x7c01, 0, 0x7fc0_2000, "IOC"],
    [0x7c01, DN, S.qnan, "IOC"],
  ] as const)("%s, FPCR %s", (op, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([f16ToF32(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
    const env64 = envOf(fpcr);
    expect([f16ToF64(op, env64), flagNames(env64.fpsr)]).toEqual([f32ToF64(result, envOf(0)), flags]);
  });
});

describe("between single and double precision", () => {
  it.each([
    [D.maxNormal, 0, S.infinity, "IXC OFC"],
    [D.maxNormal, RZ, S.maxNormal, "IXC OFC"],
    [d(2 ** -127), 0, 0x0040_0000, "-"],
    [d(2 ** -127), FZ, 0, "UFC"],
    [d(2 ** -150), 0, 0, "IXC UFC"],
    [D.minDenormal, 0, 0, "IXC UFC"],
    [D.minDenormal, FZ, 0, "IDC"],
    [d(2 ** -126 - 2 ** -179), 0, S.minNormal, "IXC UFC"], // tiny before rounding
    [0xfff8_0000_2000_0000n, 0, 0xffc0_0001, "-"],
    [D.snan, 0, S.qnan, "IOC"],
    [D.snanNegative, DN, S.qnan, "IOC"],
  ] as const)("narrows %s, FPCR %s", (op, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([f64ToF32(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
  });

  it.each([
    [S.minDenormal, 0, d(2 ** -149), "-"],
    [S.minDenormal, FZ, d(0), "IDC"],
    [S.snan, 0, 0x7ff8_0000_2000_0000n, "IOC"],
    [S.qnanPayload, 0, 0xfff8_0246_8000_0000n, "-"],
    [S.qnanPayload, DN, D.qnan, "-"],
  ] as const)("widens %s, FPCR %s", (op, fpcr, result, flags) => {
    const env = envOf(fpcr);
    expect([f32ToF64(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
  });

  it.each([
    [d(1 + 2 ** -24), 0x3f80_0001, "IXC"], // halfway: to odd in both directions
    [d(1 + 2 ** -23 + 2 ** -24), 0x3f80_0001, "IXC"],
    [d(-1 - 2 ** -40), 0xbf80_0001, "IXC"],
    [D.maxNormal, S.maxNormal, "IXC OFC"],
    [D.minDenormal, S.minDenormal, "IXC UFC"],
    [d(1.5), s(1.5), "-"],
    [D.snan, S.qnan, "IOC"],
  ] as const)("narrows %s to odd", (op, result, flags) => {
    const env = envOf(RP); // FCVTXN does not care
    expect([f64ToF32Odd(op, env), flagNames(env.fpsr)]).toEqual([result, flags]);
  });

  it("agrees with the host and with fractions", () => {
    fc.assert(
      fc.property(anyD, anyS, anyFpcr, (x, y, fpcr) => {
        expect(fromS(f64ToF32(x, envOf(0)))).toBe(Math.fround(fromD(x)));
        expect(fromD(f32ToF64(y, envOf(0)))).toBe(fromS(y));
        fc.pre(isFiniteBits(DOUBLE, x) && !isDenormalBits(DOUBLE, x) && valueOf(DOUBLE, x)[0] !== 0n);
        const env = envOf(fpcr);
        expect({ bits: BigInt(f64ToF32(x, env)), flags: env.fpsr }).toEqual(roundFraction(SINGLE, valueOf(DOUBLE, x), fpcr));
        const odd = envOf(fpcr);
        const toOdd = { bits: BigInt(f64ToF32Odd(x, odd)), flags: odd.fpsr };
        expect(toOdd).toEqual(roundFraction(SINGLE, valueOf(DOUBLE, x), fpcr, FPRounding.ODD));
      }),
      { numRuns: 1000 },
    );
  });
});
