/**
 * Which of many ranges fit into windows when each that overlaps an earlier one is left out, and what remains between them. Pure.
 * n ranges cost n log n comparisons. Cold.
 */
import { type AddressRange, contains } from "@trapline/core";

export class Placement<R extends AddressRange> {
  private readonly windows: readonly AddressRange[];
  /** Those that fit, by ascending base; they never overlap. */
  readonly placed: R[] = [];

  constructor(windows: readonly AddressRange[]) {
    this.windows = windows;
  }

  /** Takes a range if it lies whole inside a window and overlaps none taken before. */
  add(range: R): void {
    if (!this.windows.some((window) => contains(window, range.base, range.size))) return;
    const at = this.position(range.base);
    const before = this.placed[at - 1];
    const after = this.placed[at];
    if (before !== undefined && before.base + before.size > range.base) return;
    if (after !== undefined && range.base + range.size > after.base) return;
    this.placed.splice(at, 0, range);
  }

  /** What of a window nobody took, by ascending base. */
  gaps(window: AddressRange): AddressRange[] {
    const gaps: AddressRange[] = [];
    const end = window.base + window.size;
    let free = window.base;
    for (let at = this.position(window.base); at < this.placed.length && this.placed[at]!.base < end; at++) {
      const { base, size } = this.placed[at]!;
      if (base > free) gaps.push({ base: free, size: base - free });
      free = base + size;
    }
    if (free < end) gaps.push({ base: free, size: end - free });
    return gaps;
  }

  /** Index of the first range at or above `base`. */
  private position(base: number): number {
    let low = 0;
    let high = this.placed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.placed[middle]!.base < base) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
