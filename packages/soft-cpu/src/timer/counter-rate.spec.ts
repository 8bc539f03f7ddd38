/** The counter against floor(ns × f / 10^9) in bigints, over all of the clock's range. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterRate } from "./counter-rate.ts";

const GIGA = 1_000_000_000n;
const MAX_NS = Number.MAX_SAFE_INTEGER;

/** Frequencies of real boards, ones with an awkward fraction, and any. */
const frequency = fc.oneof(
  fc.constantFrom(1, 7, 1_000_000, 19_200_000, 24_000_000, 33_333_333, 54_000_000, 62_500_000, 100_000_000, 999_999_937, 1_000_000_000),
  fc.integer({ min: 1, max: 1_000_000_000 }),
);
const ns = fc.oneof(fc.nat(100), fc.nat(MAX_NS), fc.integer({ min: MAX_NS - 1000, max: MAX_NS }));

describe("the counter", () => {
  //   frequency            ns              ticks
  it.each([
    [62_500_000, /*     */ 15, /*        */ 0],
    [62_500_000, /*     */ 16, /*        */ 1],
    [62_500_000, /*     */ 1_000_000_000, 62_500_000],
    [1_000_000_000, /*  */ MAX_NS, /*    */ MAX_NS],
    [24_000_000, /*     */ 41, /*        */ 0],
    [24_000_000, /*     */ 42, /*        */ 1], // a tick lasts 41 2/3 ns
    [24_000_000, /*     */ 83, /*        */ 1],
    [24_000_000, /*     */ 84, /*        */ 2],
    [24_000_000, /*     */ 125, /*       */ 3],
    [1, /*              */ 999_999_999, /**/ 0],
    [1, /*              */ 1_000_000_000, 1],
  ])("at %d Hz shows after %d ns %d", (hz, at, ticks) => {
    expect(new CounterRate(hz).ticksAt(at)).toBe(ticks);
  });

  it("is exact at any frequency and time", () => {
    fc.assert(fc.property(frequency, ns, (hz, at) => {
      expect(BigInt(new CounterRate(hz).ticksAt(at))).toBe((BigInt(at) * BigInt(hz)) / GIGA);
    }), { numRuns: 1000 });
  });

  it("reaches a count at its first nanosecond and not before", () => {
    fc.assert(fc.property(frequency, fc.nat(MAX_NS), (hz, ticks) => {
      const rate = new CounterRate(hz);
      const first = (BigInt(ticks) * GIGA + BigInt(hz) - 1n) / BigInt(hz);
      if (first > BigInt(MAX_NS)) {
        expect(rate.nsOf(ticks)).toBe(Infinity);
      } else {
        expect(BigInt(rate.nsOf(ticks))).toBe(first);
        expect(rate.ticksAt(Number(first))).toBeGreaterThanOrEqual(ticks);
        if (first > 0n) expect(rate.ticksAt(Number(first) - 1)).toBeLessThan(ticks);
      }
    }), { numRuns: 1000 });
  });

  it("reaches at half the clock's range what it is then, again exactly", () => {
    fc.assert(fc.property(frequency, fc.nat(MAX_NS), (hz, at) => {
      const rate = new CounterRate(hz);
      const ticks = rate.ticksAt(at);
      expect(rate.nsOf(ticks)).toBeLessThanOrEqual(at);
      expect(rate.ticksAt(rate.nsOf(ticks))).toBe(ticks);
      expect(rate.nsOf(ticks + 1)).toBeGreaterThan(at);
    }));
  });

  it("never reaches what is infinitely far", () => {
    expect(new CounterRate(62_500_000).nsOf(Infinity)).toBe(Infinity);
  });

  it.each([0, -1, 0.5, NaN, Infinity, 1_000_000_001])("is refused at %d Hz", (hz) => {
    expect(() => new CounterRate(hz)).toThrow(`the system counter cannot run at ${hz} Hz; use a whole number from 1 to 1000000000`);
  });
});
