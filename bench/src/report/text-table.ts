/** The table for the terminal: columns as wide as their widest cell. */
import type { Table } from "./cells.ts";

export function textTable({ headings, right, lines }: Table): string {
  const all = [headings, ...lines];
  const widths = headings.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [format(headings), widths.map((width) => "─".repeat(width)).join("  "), ...lines.map(format)].join("\n");
}
