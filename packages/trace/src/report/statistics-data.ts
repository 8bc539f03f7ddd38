/** The same as `irq top` and `irq latency` for programs: plain data, times in nanoseconds. */
import type { Wiring } from "../wiring.ts";
import type { Histogram, HistogramBar } from "./histogram.ts";
import type { IrqCounts, IrqStatistics } from "./irq-statistics.ts";
import { sourceText } from "./journey-text.ts";
import { lostOf } from "./top-text.ts";

/** Durations of one kind, nanoseconds; quantiles are at most a sixteenth too high. */
export interface DurationData {
  readonly count: number;
  readonly minNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
  readonly meanNs: number;
  /** By powers of two. */
  readonly histogram: readonly HistogramBar[];
}

/** One interrupt's numbers as plain data. */
export interface IrqData extends IrqCounts {
  readonly name: string;
  readonly intid: number | undefined;
  readonly irqchip: string | undefined;
  readonly pin: number | undefined;
  readonly gsi: number | undefined;
  readonly source: string;
  readonly lost: number;
  readonly waiting: boolean;
  readonly active: boolean;
  /** From raise to acknowledge; undefined when it was never taken. */
  readonly waited: DurationData | undefined;
  /** From acknowledge to end. */
  readonly handled: DurationData | undefined;
}

/** One entry for each interrupt, by INTID. */
export function statisticsData(statistics: IrqStatistics, wiring: Wiring): readonly IrqData[] {
  return statistics.rows.map((row) => ({
    name: row.name,
    intid: row.intid,
    irqchip: row.irqchip,
    pin: row.pin,
    gsi: row.gsi,
    source: sourceText(row.last, wiring),
    ...row.counts,
    lost: lostOf(row),
    waiting: row.pending !== undefined,
    active: row.active !== undefined,
    waited: durationData(row.waited),
    handled: durationData(row.handled),
  }));
}

function durationData(histogram: Histogram): DurationData | undefined {
  if (histogram.count === 0) return undefined;
  const { count, minNs, maxNs, sumNs } = histogram;
  const [p50Ns, p90Ns, p99Ns] = [0.5, 0.9, 0.99].map((q) => histogram.quantile(q)) as [number, number, number];
  return { count, minNs, p50Ns, p90Ns, p99Ns, maxNs, meanNs: Math.round(sumNs / count), histogram: histogram.bars() };
}
