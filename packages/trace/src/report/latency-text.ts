/** `irq latency`: how long each interrupt waited and was handled, with the distribution as bars, a power of two for each. */
import type { Wiring } from "../wiring.ts";
import type { Histogram } from "./histogram.ts";
import type { IrqRow, IrqStatistics } from "./irq-statistics.ts";
import { lostOf } from "./top-text.ts";
import { sourceText } from "./journey-text.ts";
import { bar, duration, table } from "./text.ts";

/** Characters of the longest bar. */
const WIDTH = 40;

/** @param intid only that one; undefined for all that were taken */
export function latencyText(statistics: IrqStatistics, wiring: Wiring, intid?: number): string {
  const rows = statistics.rows.filter((row) => (intid === undefined ? row.waited.count + row.handled.count > 0 : row.intid === intid));
  if (rows.length === 0) return intid === undefined ? "no interrupt was taken" : `INTID ${intid} was not taken`;
  return rows.map((row) => rowText(row, wiring)).join("\n\n");
}

function rowText(row: IrqRow, wiring: Wiring): string {
  const { name, counts, waited, handled, last } = row;
  const source = sourceText(last, wiring);
  const lost = lostOf(row);
  const title = `${name}${source === "" ? "" : `, ${source}`}: ${counts.raised} raised, ${counts.taken} taken${lost === 0 ? "" : `, ${lost} lost`}`;
  return [title, ...part("raise → acknowledge", waited), ...part("acknowledge → end", handled)].join("\n");
}

function part(what: string, histogram: Histogram): string[] {
  if (histogram.count === 0) return [];
  const { minNs, maxNs } = histogram;
  const numbers = [
    ["min", minNs],
    ["p50", histogram.quantile(0.5)],
    ["p90", histogram.quantile(0.9)],
    ["p99", histogram.quantile(0.99)],
    ["max", maxNs],
  ] as const;
  const bars = histogram.bars();
  const most = Math.max(...bars.map(({ count }) => count));
  const rows = bars.map(({ fromNs, toNs, count }) => [duration(fromNs), "–", duration(toNs), String(count), bar(count, most, WIDTH)]);
  const chart = table([["", "", "", "", ""], ...rows])
    .split("\n")
    .slice(1);
  return [`  ${what}: ${numbers.map(([name, ns]) => `${name} ${duration(ns)}`).join(", ")}`, ...chart.map((line) => `    ${line}`)];
}
