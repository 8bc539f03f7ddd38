/**
 * Rows for slices that may overlap. On one row slices have to nest, or viewers drop them (Perfetto: "overlapping events"); interrupts
 * overlap by nature, since one waits while another is handled. A slice goes onto the first row on which it fits; what fits nowhere
 * begins where the last one ended. Bounded: the last KEPT slices of each row are known, of those before only how late one ended.
 */

/** Rows of one thing. */
const LANES = 4;
const KEPT = 32;

export interface Placed {
  /** Which row, from 0. */
  readonly lane: number;
  /** Later than asked for where there was no row left. */
  readonly startNs: number;
}

interface Slice {
  readonly startNs: number;
  readonly endNs: number;
}

export class SliceLanes {
  private readonly lanes: { readonly slices: Slice[]; forgottenNs: number }[] = [];

  /** A place for a slice that nobody has placed before; undefined when nothing is left of it. Ends may come in any order. */
  place(startNs: number, endNs: number): Placed | undefined {
    for (let lane = 0; lane < LANES; lane++) {
      this.lanes[lane] ??= { slices: [], forgottenNs: -1 };
      const { slices, forgottenNs } = this.lanes[lane]!;
      if (startNs < forgottenNs || slices.some((slice) => collides(slice, startNs, endNs))) continue;
      this.keep(lane, { startNs, endNs });
      return { lane, startNs };
    }
    const { slices, forgottenNs } = this.lanes[0]!;
    const freeNs = Math.max(forgottenNs, ...slices.map((slice) => slice.endNs));
    if (freeNs >= endNs) return undefined;
    this.keep(0, { startNs: freeNs, endNs });
    return { lane: 0, startNs: freeNs };
  }

  private keep(number: number, slice: Slice): void {
    const lane = this.lanes[number]!;
    lane.slices.push(slice);
    if (lane.slices.length > KEPT) lane.forgottenNs = Math.max(lane.forgottenNs, lane.slices.shift()!.endNs);
  }
}

/** Two slices cross, or begin together with the shorter one written first. */
function collides(before: Slice, startNs: number, endNs: number): boolean {
  if (before.endNs <= startNs || endNs <= before.startNs) return false;
  if (before.startNs === startNs) return before.endNs < endNs;
  return before.startNs < startNs ? before.endNs < endNs : before.endNs > endNs;
}
