/**
 * The table in a page: everything between two comments is replaced, the rest of the page is its author's. A table says
 * when it was measured and on what; it names no host.
 */
import { ConfigError } from "@trapline/core";
import type { Table } from "./cells.ts";

const BEGIN = "<!-- bench: begin -->";
const END = "<!-- bench: end -->";

/** What a reader needs to judge the figures. */
export interface Circumstances {
  readonly date: Date;
  /** As `process.version`. */
  readonly node: string;
  readonly cpus: number;
  /** As `process.platform` and `process.arch`. */
  readonly platform: string;
}

export function markdownTable({ headings, right, lines }: Table, { date, node, cpus, platform }: Circumstances): string {
  const format = (line: readonly string[]): string => `| ${line.join(" | ")} |`;
  return [
    `Measured on ${date.toISOString().slice(0, 10)}, Node ${node.replace(/^v/, "")}, ${platform}, ${cpus} ${cpus === 1 ? "CPU" : "CPUs"}.`,
    "",
    format(headings),
    format(right.map((each) => (each ? "--:" : "---"))),
    ...lines.map(format),
  ].join("\n");
}

/** `page` with the table in place of the old one. @throws ConfigError when the page has not exactly one place for it. */
export function replaceTable(page: string, table: string, name: string): string {
  const [before, rest, ...more] = page.split(BEGIN);
  const [, after, ...further] = (rest ?? "").split(END);
  if (before === undefined || after === undefined || more.length > 0 || further.length > 0) {
    throw new ConfigError(`${name} has no single place for the table`, { subject: name, remedy: `give it one ${BEGIN} and, below, one ${END}` });
  }
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}
