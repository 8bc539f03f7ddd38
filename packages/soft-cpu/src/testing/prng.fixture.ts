// Reproducible random numbers for vectors and random checks: xoshiro128** (Blackman and Vigna), seeded through a 32-bit mixing function,
// so that equal seeds give equal bytes on every machine and Node version. Not for secrets. Hot only in the generators.

/** A stream of numbers that its seed decides. */
export class Prng {
  readonly #s = new Uint32Array(4);

  /** @param seed any text; equal texts give equal streams. */
  constructor(seed: string) {
    let hash = 0x811c9dc5; // FNV-1a over the UTF-16 units
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    for (let i = 0; i < 4; i++) {
      hash = (hash + 0x9e3779b9) | 0;
      let z = hash;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#s[i] = z ^ (z >>> 15);
    }
  }

  /** 32 random bits, unsigned. */
  word(): number {
    const s = this.#s;
    const [a, b, c, d] = [s[0]!, s[1]!, s[2]!, s[3]!];
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const c2 = c ^ a;
    const d2 = d ^ b;
    s[1] = b ^ c2;
    s[0] = a ^ d2;
    s[2] = c2 ^ (b << 9);
    s[3] = (d2 << 11) | (d2 >>> 21);
    return result;
  }

  /** 64 random bits. */
  doubleword(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.word() / 0x1_0000_0000) * limit);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}
