/** Quantiles of type 7 (Hyndman and Fan 1996), against what R's `quantile` prints for the same numbers. */
import { describe, expect, it } from "vitest";
import { quantile, rounded, summarize } from "./statistics.ts";

//  samples                      p25    median  p75      R: quantile(c(…), c(0.25, 0.5, 0.75))
const VECTORS = [
  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3.25, 5.5, 7.75],
  [[1, 2, 3, 4], 1.75, 2.5, 3.25],
  [[1, 2, 3], 1.5, 2, 2.5],
  [[7], 7, 7, 7],
  [[2, 4], 2.5, 3, 3.5],
  [[-1, 0, 0, 1, 1000], 0, 0, 1], //    one outlier moves neither
] as const;

describe("summarize", () => {
  it.each(VECTORS)("%j has the quartiles %d, %d, %d", (samples, p25, median, p75) => {
    expect(summarize(samples)).toEqual({ p25, median, p75 });
    expect(summarize([...samples].reverse())).toEqual({ p25, median, p75 }); // in any order
  });

  it("leaves the samples as they were", () => {
    const samples = [3, 1, 2];
    summarize(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

describe("quantile", () => {
  it.each([
    [0, 10],
    [1, 40],
    [0.1, 13],
    [0.9, 37],
  ])("%d of 10, 20, 30, 40 is %d", (p, value) => {
    expect(quantile([10, 20, 30, 40], p)).toBeCloseTo(value, 12);
  });
});

describe("rounded", () => {
  it.each([
    [2.345_678, 2.346],
    [123_456, 123_500],
    [0.000123456, 0.0001235],
    [-0.12345, -0.1235],
    [0, 0],
  ])("%d is %d to four digits", (value, short) => expect(rounded(value)).toBe(short));
});
