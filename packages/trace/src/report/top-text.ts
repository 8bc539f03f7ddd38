/**
 * `irq top`: a line for each interrupt, the busiest first, with what is under way and what got lost. Withdrawn is not lost: a level goes
 * with its line.
 */
import type { Wiring } from "../wiring.ts";
import type { IrqRow, IrqStatistics } from "./irq-statistics.ts";
import { sourceText } from "./journey-text.ts";
import { duration, table } from "./text.ts";

const HEADING = ["interrupt", "source", "raised", "taken", "merged", "withdrawn", "lost", "waits p50", "p99", "handled p50", "p99", "now"];

/** @param most lines, the others are counted */
export function topText(statistics: IrqStatistics, wiring: Wiring, most: number = Infinity): string {
  const rows = [...statistics.rows].sort((a, b) => b.counts.taken - a.counts.taken || b.counts.raised - a.counts.raised);
  if (rows.length === 0) return "no interrupt so far";
  const shown = rows.slice(0, most);
  const more = rows.length - shown.length;
  const spurious = [...statistics.spuriousReads].map(([vcpu, count]) => `vCPU ${vcpu} ${count}`);
  const blocks = [table([HEADING, ...shown.map((row) => cells(row, wiring))])];
  if (more > 0) blocks.push(`and ${more} more`);
  if (spurious.length > 0) blocks.push(`reads of IAR that found nothing: ${spurious.join(", ")}`);
  return blocks.join("\n");
}

function cells(row: IrqRow, wiring: Wiring): string[] {
  const { name, counts, waited, handled, last } = row;
  const quantiles = [waited, handled].flatMap((histogram) =>
    histogram.count === 0 ? ["", ""] : [duration(histogram.quantile(0.5)), duration(histogram.quantile(0.99))],
  );
  return [
    name,
    sourceText(last, wiring),
    ...[counts.raised, counts.taken, counts.merged, counts.withdrawn, lostOf(row)].map(String),
    ...quantiles,
    stateOf(row),
  ];
}

/** Signals of which nothing stayed, and lines that nobody took again. */
export function lostOf({ counts, pending }: IrqRow): number {
  return counts.ignored + (pending?.origin === "held" ? 1 : 0);
}

function stateOf({ pending, active }: IrqRow): string {
  if (pending?.origin === "held" && active === undefined) return "held, not taken";
  return [active === undefined ? "" : "active", pending === undefined ? "" : "waiting"].filter((word) => word !== "").join(", ");
}
