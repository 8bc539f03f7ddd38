/**
 * How many live translations of a context stem from block descriptors, by region, so that TLB invalidation by address knows in
 * a few nanoseconds that none of them is concerned: entries cover pages, and a TLBI of one address in a block must remove them
 * all. Regions share counters by a hash; a false alarm costs a search, never an entry. Hot.
 */

/** Kinds of descriptor by size. */
export const PAGE = 0;
export const BLOCK_2M = 1;
export const BLOCK_1G = 2;

/** VA[63:56] is not part of a TLBI operand. */
const UNTAGGED = 0x00ff_ffff;
const COUNTERS_2M = 1024;
const COUNTERS_1G = 256;

export class BlockCensus {
  private readonly of2M: Uint16Array;
  private readonly of1G: Uint16Array;

  constructor(contexts: number) {
    this.of2M = new Uint16Array(contexts * COUNTERS_2M);
    this.of1G = new Uint16Array(contexts * COUNTERS_1G);
  }

  /** One entry more (`delta` 1) or less (−1) that stems from a block of `size` around the address. */
  count(context: number, size: number, vaHi: number, vaLo: number, delta: number): void {
    if (size === BLOCK_2M) this.of2M[context * COUNTERS_2M + bucket2M(vaHi, vaLo)]! += delta;
    else if (size === BLOCK_1G) this.of1G[context * COUNTERS_1G + bucket1G(vaHi, vaLo)]! += delta;
  }

  /** False when no entry stems from a block that holds the address. */
  mayHold(context: number, vaHi: number, vaLo: number): boolean {
    return (
      this.of2M[context * COUNTERS_2M + bucket2M(vaHi, vaLo)]! !== 0 || this.of1G[context * COUNTERS_1G + bucket1G(vaHi, vaLo)]! !== 0
    );
  }

  clear(context: number): void {
    this.of2M.fill(0, context * COUNTERS_2M, (context + 1) * COUNTERS_2M);
    this.of1G.fill(0, context * COUNTERS_1G, (context + 1) * COUNTERS_1G);
  }
}

/** True when both addresses lie in one block of that size, tags aside. */
export function sameBlock(size: number, aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  if (size === BLOCK_2M) return ((aHi ^ bHi) & UNTAGGED) === 0 && (aLo ^ bLo) >>> 21 === 0;
  return size === BLOCK_1G && ((aHi ^ bHi) & UNTAGGED) === 0 && (aLo ^ bLo) >>> 30 === 0;
}

function bucket2M(vaHi: number, vaLo: number): number {
  const high = vaHi & UNTAGGED;
  return (high ^ (high >>> 10) ^ (vaLo >>> 21)) & (COUNTERS_2M - 1);
}

function bucket1G(vaHi: number, vaLo: number): number {
  const high = vaHi & UNTAGGED;
  return ((high << 2) ^ (high >>> 6) ^ (vaLo >>> 30)) & (COUNTERS_1G - 1);
}
