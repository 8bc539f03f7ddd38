/**
 * Durations, counted: 16 buckets for each power of two, so that a quantile is at most a sixteenth too high, whatever the range. Some
 * 3 KiB however many are counted. Nanoseconds, 0 … 2^53 − 1.
 */

/** Buckets of one power of two. */
const SUB = 16;
const SUB_BITS = 4;
const BUCKETS = (53 - SUB_BITS + 1) * SUB;

/** How many durations fell into one power of two. */
export interface HistogramBar {
  /** Durations from … */
  readonly fromNs: number;
  /** … to below. */
  readonly toNs: number;
  readonly count: number;
}

export class Histogram {
  count = 0;
  sumNs = 0;
  minNs: number = Infinity;
  maxNs = 0;
  private readonly buckets: Uint32Array = new Uint32Array(BUCKETS);

  add(ns: number): void {
    const value = Math.max(0, Math.round(ns));
    this.buckets[bucketOf(value)]!++;
    this.count++;
    this.sumNs += value;
    this.minNs = Math.min(this.minNs, value);
    this.maxNs = Math.max(this.maxNs, value);
  }

  /** The duration that the fraction `q`, 0 … 1, does not exceed; 0 when nothing was counted. */
  quantile(q: number): number {
    let left = Math.max(1, Math.ceil(q * this.count));
    if (this.count === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.buckets[bucket]!;
      if (left <= 0) return Math.max(this.minNs, Math.min(this.maxNs, startOf(bucket + 1) - 1));
    }
    return this.maxNs;
  }

  /** By powers of two, from the shortest to the longest that occurred; empty ones between are there. */
  bars(): HistogramBar[] {
    if (this.count === 0) return [];
    const octave = (ns: number): number => (ns < SUB ? 0 : Math.floor(bucketOf(ns) / SUB));
    const [first, last] = [octave(this.minNs), octave(this.maxNs)];
    return Array.from({ length: last - first + 1 }, (_, n) => {
      const from = (first + n) * SUB;
      let count = 0;
      for (let bucket = from; bucket < from + SUB; bucket++) count += this.buckets[bucket]!;
      return { fromNs: startOf(from), toNs: startOf(from + SUB), count };
    });
  }
}

/** Values below 2 × SUB have a bucket each. */
function bucketOf(value: number): number {
  if (value < SUB) return value;
  let shift = Math.floor(Math.log2(value)) - SUB_BITS;
  if (value / 2 ** shift >= 2 * SUB) shift++; // log2 rounds
  else if (value / 2 ** shift < SUB) shift--;
  return Math.min(BUCKETS - 1, shift * SUB + Math.floor(value / 2 ** shift));
}

function startOf(bucket: number): number {
  if (bucket < SUB) return bucket;
  const shift = Math.floor(bucket / SUB) - 1;
  return (SUB + (bucket % SUB)) * 2 ** shift;
}
