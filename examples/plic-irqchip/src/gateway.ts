/**
 * The gateways of a PLIC (RISC-V PLIC specification 1.0.0, "Interrupt Gateways"), one for each source: they turn a wire into
 * requests, at most one at a time, and the next only after its completion. A request that was made is never taken back.
 *
 * For edges the specification leaves open what happens between request and completion. Here an edge that comes before the claim
 * says nothing new and is ignored; one that comes after it is remembered, once, since the handler may have looked before it.
 */

export type Trigger = "level" | "edge";

export interface SavedGateways {
  readonly lines: readonly number[];
  readonly pending: readonly number[];
  readonly claimed: readonly number[];
  readonly edges: readonly number[];
}

/** Sets of source ids, by what they are in. */
export class Gateways {
  /** The wire is high. */
  readonly lines: Set<number> = new Set();
  /** A request waits in the core: its IP bit. */
  readonly pending: Set<number> = new Set();
  /** Claimed and not completed. */
  readonly claimed: Set<number> = new Set();
  /** An edge came while the source was claimed. */
  private readonly edges = new Set<number>();
  private readonly edgeTriggered: ReadonlySet<number>;

  /** @param edgeTriggered the sources that are; all others are level-sensitive */
  constructor(edgeTriggered: ReadonlySet<number>) {
    this.edgeTriggered = edgeTriggered;
  }

  /** @returns true when this made a request, or will make one: the signal was not merged with an earlier one */
  rise(id: number): boolean {
    this.lines.add(id);
    if (this.claimed.has(id)) {
      if (!this.edgeTriggered.has(id)) return true; // still high at the completion, it will ask again
      const isNew = !this.edges.has(id);
      this.edges.add(id);
      return isNew;
    }
    const isNew = !this.pending.has(id);
    this.pending.add(id);
    return isNew;
  }

  /** The request that the level made, if it did, stays. */
  fall(id: number): void {
    this.lines.delete(id);
  }

  claim(id: number): void {
    this.pending.delete(id);
    this.claimed.add(id);
  }

  /** The handler is done. @returns false when the source was not claimed */
  complete(id: number): boolean {
    return this.claimed.delete(id);
  }

  /** After a completion: does the source ask again? */
  resample(id: number): void {
    const asks = this.edgeTriggered.has(id) ? this.edges.delete(id) : this.lines.has(id);
    if (asks && !this.claimed.has(id)) this.pending.add(id);
  }

  /** Wires stay; what is high and level-sensitive asks at once. */
  reset(): void {
    this.pending.clear();
    this.claimed.clear();
    this.edges.clear();
    for (const id of this.lines) if (!this.edgeTriggered.has(id)) this.pending.add(id);
  }

  save(): SavedGateways {
    const sorted = (ids: ReadonlySet<number>): readonly number[] => [...ids].sort((a, b) => a - b);
    return { lines: sorted(this.lines), pending: sorted(this.pending), claimed: sorted(this.claimed), edges: sorted(this.edges) };
  }

  restore(saved: SavedGateways): void {
    for (const name of ["lines", "pending", "claimed", "edges"] as const) {
      this[name].clear();
      for (const id of saved[name]) this[name].add(id);
    }
  }
}
