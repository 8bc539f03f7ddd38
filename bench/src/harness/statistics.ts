/**
 * Quantiles of a small set of samples. The median and the quartiles say what a run on a busy machine is worth; a mean would
 * be moved by one sample that was interrupted.
 */

/**
 * The `p`-quantile by linear interpolation between the two nearest samples: type 7 of Hyndman and Fan, "Sample Quantiles in
 * Statistical Packages" (The American Statistician 50, 1996), which R, NumPy and spreadsheets use unless told otherwise.
 *
 * @param sorted ascending, at least one
 * @param p 0 … 1
 */
export function quantile(sorted: readonly number[], p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

export interface Summary {
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
}

/** @param samples in any order, at least one */
export function summarize(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  return { p25: quantile(sorted, 0.25), median: quantile(sorted, 0.5), p75: quantile(sorted, 0.75) };
}

/** Rounds to four significant digits: more than a run can tell apart, and short to read. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
