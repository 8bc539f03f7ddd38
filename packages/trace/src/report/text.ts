/** Text of reports: durations as people say them, columns as wide as what stands in them, bars. Pure; docs/adr/0039-terminal-charts.md. */

const UNITS = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]] as const;

/** Three significant digits and a unit: "950 ns", "1.25 µs", "30 ms". */
export function duration(ns: number): string {
  const [unit, size] = UNITS.find(([, least]) => ns >= least) ?? (["ns", 1] as const);
  return `${Number((ns / size).toPrecision(3))} ${unit}`;
}

/** A time of the machine: "1000.008 µs", as traces have it. */
export const timeText = (atNs: number): string => `${(atNs / 1000).toFixed(3)} µs`;

/**
 * Rows as lines of text, in columns as wide as what stands in them.
 * @param rows the first is the heading. Columns of numbers and durations are aligned to the right.
 */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_heading, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const right = widths.map((_width, column) => rows.slice(1).every((row) => /^(\d[\d._]*( [nµm]?s)?|)$/.test(row[column] ?? "")));
  const cell = (text: string, column: number): string => (right[column]! ? text.padStart(widths[column]!) : text.padEnd(widths[column]!));
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** Eighths of a character, from nothing to all. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** A bar of at most `width` characters; what is not nothing is seen. */
export function bar(value: number, most: number, width: number): string {
  const eighths = most === 0 ? 0 : Math.max(value > 0 ? 1 : 0, Math.round((value / most) * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}
