/** The generator of the rows: the same numbers each run, all of them in range, each about as often. */
import { describe, expect, it } from "vitest";
import { random } from "./random.ts";

describe("random", () => {
  it("gives the numbers of mulberry32 for seed 1", () => {
    const next = random(1);
    const words = Array.from({ length: 3 }, () => next(0x1_0000_0000));
    expect(words).toEqual([2_693_262_067, 11_749_833, 2_265_367_787]);
  });

  it("stays below its bound and reaches everything under it", () => {
    const next = random(7);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[next(10)]!++;
    expect(counts.reduce((sum, count) => sum + count)).toBe(10_000);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150); // five standard deviations
  });
});
