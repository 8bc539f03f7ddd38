/**
 * What became of the interrupts of a machine, for each of them: how many were raised, taken, merged and lost, how long they waited and how
 * long they were handled. A listener for a JourneyTracker; a snapshot can be taken at any time.
 *
 * Bounded: MAX_ROWS interrupts have a row; those that come later share one.
 */
import { beginningOf, handledNs, type Journey, type Moment, waitedNs } from "../journey/journey.ts";
import type { JourneyListener } from "../journey/journey-book.ts";
import { journeyName } from "./journey-text.ts";
import { Histogram } from "./histogram.ts";

/** Interrupts with a row of their own. */
export const MAX_ROWS = 1024;
const OTHERS = "others";

/** How often each thing happened. */
export interface IrqCounts {
  /** Began: signals that were not merged into one that waited. */
  raised: number;
  taken: number;
  completed: number;
  /** Signals that met one that waited. */
  merged: number;
  withdrawn: number;
  ignored: number;
  reset: number;
}

/** One interrupt's numbers, as they are now. */
export interface IrqRow {
  /** "SPI 1 (INTID 33)". */
  readonly name: string;
  /** Of a pin it may become known when a vCPU takes the first one. */
  intid: number | undefined;
  readonly irqchip: string | undefined;
  readonly pin: number | undefined;
  /** The GSI of the last one, where a GSI was seen. */
  gsi: number | undefined;
  readonly counts: IrqCounts;
  /** From raise to acknowledge. */
  readonly waited: Histogram;
  /** From acknowledge to end. */
  readonly handled: Histogram;
  /** Under way now. */
  pending: Journey | undefined;
  active: Journey | undefined;
  /** The last one that began. */
  last: Journey;
}

export class IrqStatistics implements JourneyListener {
  /** Reads of IAR that found nothing, by vCPU. */
  readonly spuriousReads: Map<number, number> = new Map<number, number>();
  private readonly byName = new Map<string, IrqRow>();

  /** In the order of the guest's numbers; what has none comes last. */
  get rows(): readonly IrqRow[] {
    return [...this.byName.values()].sort((a, b) => (a.intid ?? Infinity) - (b.intid ?? Infinity) || a.name.localeCompare(b.name));
  }

  began(journey: Journey): void {
    const row = this.rowOf(journey);
    if (journey.origin !== "unseen") row.counts.raised++;
    row.pending = row.last = journey;
  }

  acknowledged(journey: Journey): void {
    const row = this.rowOf(journey);
    row.counts.taken++;
    if (row.pending === journey) row.pending = undefined;
    row.active = journey;
    const waited = waitedNs(journey);
    if (waited !== undefined) row.waited.add(waited);
  }

  done(journey: Journey): void {
    const row = this.rowOf(journey);
    if (row.active === journey) row.active = undefined;
    const handled = handledNs(journey);
    if (handled !== undefined) row.handled.add(handled);
  }

  joined(beginning: Journey, rest: Journey): void {
    const row = this.rowOf(beginning);
    if (row.pending === beginning) row.pending = undefined;
    if (--row.counts.raised === 0) this.byName.delete(row.name);
    const { counts, waited } = this.rowOf(rest);
    counts.raised++;
    const waitedFor = waitedNs(rest);
    if (waitedFor !== undefined) waited.add(waitedFor);
  }

  ended(journey: Journey): void {
    const row = this.rowOf(journey);
    const { outcome, merged } = journey;
    if (beginningOf(journey).seq >= beginningOf(row.last).seq) row.last = journey;
    row.gsi = journey.gsi ?? row.gsi;
    row.counts.merged += merged;
    // What still waits at the end of the trace, or is active, stays where it is.
    if (outcome === "pending" || outcome === "active") {
      if (journey.origin === "held" && row.pending !== journey && outcome === "pending") this.began(journey);
      return;
    }
    if (outcome === "ignored" && row.pending !== journey) row.counts.raised++;
    row.counts[outcome]++;
    if (row.pending === journey) row.pending = undefined;
    if (row.active === journey) row.active = undefined;
  }

  spurious(vcpu: number, _at: Moment): void {
    this.spuriousReads.set(vcpu, (this.spuriousReads.get(vcpu) ?? 0) + 1);
  }

  private rowOf(journey: Journey): IrqRow {
    const name = journeyName(journey);
    const known = this.byName.get(name);
    if (known !== undefined) {
      known.intid ??= journey.intid;
      return known;
    }
    const full = this.byName.size >= MAX_ROWS;
    const others = full ? this.byName.get(OTHERS) : undefined;
    if (others !== undefined) return others;
    const { intid, irqchip, pin, gsi } = full ? { intid: undefined, irqchip: undefined, pin: undefined, gsi: undefined } : journey;
    const row: IrqRow = {
      name: full ? OTHERS : name,
      intid,
      irqchip,
      pin,
      gsi,
      counts: { raised: 0, taken: 0, completed: 0, merged: 0, withdrawn: 0, ignored: 0, reset: 0 },
      waited: new Histogram(),
      handled: new Histogram(),
      pending: undefined,
      active: undefined,
      last: journey,
    };
    this.byName.set(row.name, row);
    return row;
  }
}
