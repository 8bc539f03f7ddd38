/**
 * The base address registers of a function (PCI Local Bus 3.0, 6.2.5.1): which bits stick tells software the size, what is in
 * them is where the function answers, if its space is enabled. What an address means is the bar map's business. Cold.
 */
import type { PciBar } from "@trapline/core";

export const BAR_COUNT = 6;

const IO = 1;
const MEMORY_64 = 1 << 2;
const PREFETCHABLE = 1 << 3;
const TWO_32 = 0x1_0000_0000;

export class BaseAddresses {
  /** What software wrote, without the bits that say what kind of BAR it is. */
  readonly words: Uint32Array = new Uint32Array(BAR_COUNT);
  readonly bars: readonly PciBar[];
  private readonly writable = new Uint32Array(BAR_COUNT);
  private readonly kind = new Uint32Array(BAR_COUNT);

  constructor(bars: readonly PciBar[]) {
    this.bars = bars;
    for (const { index, space, size, bits = 32, prefetchable = false } of bars) {
      this.writable[index] = size >= TWO_32 ? 0 : TWO_32 - size;
      this.kind[index] = space === "io" ? IO : (bits === 64 ? MEMORY_64 : 0) | (prefetchable ? PREFETCHABLE : 0);
      if (bits === 64) this.writable[index + 1] = size > TWO_32 ? TWO_32 - size / TWO_32 : 0xffff_ffff;
    }
  }

  read(n: number): number {
    return (this.words[n]! | this.kind[n]!) >>> 0;
  }

  write(n: number, value: number): void {
    this.words[n] = value & this.writable[n]!;
  }

  /** Where software put the BAR; undefined beyond 2^53, where nothing is. */
  addressOf({ index, bits = 32 }: PciBar): number | undefined {
    const address = bits === 64 ? this.words[index + 1]! * TWO_32 + this.words[index]! : this.words[index]!;
    return Number.isSafeInteger(address) ? address : undefined;
  }

  /** True for bits that these registers can hold. */
  accepts(words: readonly number[]): boolean {
    return words.length === BAR_COUNT && words.every((word, n) => (word & ~this.writable[n]!) === 0);
  }
}
