/** Random numbers that are the same in every run: a row must not change its work between two runs. */

/**
 * Whole numbers below a bound, from a seed: the generator "mulberry32", 32 bits of state, good enough to shuffle addresses.
 * @returns a function that gives 0 … `bound` − 1, `bound` at most 2^32
 */
export function random(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound);
  };
}
