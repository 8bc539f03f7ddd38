/** The table for the terminal: columns as wide as their widest cell. */
import { HEADINGS, RIGHT } from "./cells.ts";

export function textTable(lines: readonly (readonly string[])[]): string {
  const all = [HEADINGS, ...lines];
  const widths = HEADINGS.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => (RIGHT[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [format(HEADINGS), widths.map((width) => "─".repeat(width)).join("  "), ...lines.map(format)].join("\n");
}
