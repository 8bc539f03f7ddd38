/**
 * Where random bytes come from: the host, or a generator that gives the same bytes for the same seed, for machines whose runs
 * must be repeatable (xoshiro128**, D. Blackman and S. Vigna; its words are spread over the state by SplitMix32). The
 * generator's numbers are good, and no secret.
 */
import { type PlainData, SnapshotError } from "@trapline/core";

export interface EntropySource {
  /** Fills all of `bytes`. */
  fillBytes(bytes: Uint8Array): void;
  /** As switched on. */
  reset(): void;
  save(): PlainData;
  /** @throws SnapshotError, with nothing changed */
  restore(state: PlainData): void;
}

/** crypto.getRandomValues takes no more at once. */
const MAX_HOST_BYTES = 0x1_0000;

/** The host's own randomness. It has no state to save. */
export const hostEntropy: EntropySource = {
  fillBytes(bytes) {
    for (let at = 0; at < bytes.length; at += MAX_HOST_BYTES) globalThis.crypto.getRandomValues(bytes.subarray(at, at + MAX_HOST_BYTES));
  },
  reset: () => {},
  save: () => null,
  restore(state) {
    if (state !== null) throw unfit("none: this machine takes its random numbers from the host");
  },
};

/** The same bytes for the same seed, on every host. */
export class SeededEntropy implements EntropySource {
  private readonly seed: number;
  private readonly words: Uint32Array = new Uint32Array(4);

  /** @param seed a whole number from 0 to 2^53 − 1 */
  constructor(seed: number) {
    this.seed = seed;
    this.reset();
  }

  /** Four bytes of each number, little-endian: what a short fill leaves of the last one is gone. */
  fillBytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 4) {
      let word = this.next();
      for (let n = at; n < Math.min(at + 4, bytes.length); n++) {
        bytes[n] = word & 0xff;
        word >>>= 8;
      }
    }
  }

  reset(): void {
    const [low, high] = [this.seed >>> 0, Math.floor(this.seed / 0x1_0000_0000)];
    for (let n = 0; n < 4; n++) this.words[n] = mixed((low + (n + 1) * 0x9e37_79b9) >>> 0) ^ mixed(high + n * 0x100_0000);
    this.words[0]! |= 1; // one state, all zeros, would never leave
  }

  save(): PlainData {
    return [...this.words];
  }

  restore(state: PlainData): void {
    const fits = Array.isArray(state) && state.length === 4 && state.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffff_ffff);
    if (!fits || state.every((word) => word === 0)) throw unfit("four 32-bit words, not all 0");
    this.words.set(state as number[]);
  }

  private next(): number {
    const s = this.words;
    const product = Math.imul(s[1]!, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result >>> 0;
  }
}

/** The finishing steps of SplitMix32. */
function mixed(value: number): number {
  const word = Math.imul(value ^ (value >>> 16), 0x21f0_aaad);
  const next = Math.imul(word ^ (word >>> 15), 0x735a_2d97);
  return next ^ (next >>> 15);
}

function unfit(wanted: string): SnapshotError {
  return new SnapshotError(`the saved random numbers should be ${wanted}`, { subject: "rng", remedy: "give the machine the seed it was saved with" });
}
