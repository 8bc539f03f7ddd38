/**
 * The words of the table: headings, and one line of strings for each row, for the terminal and for Markdown alike. The columns
 * about QEMU are there when a row ran on it.
 */
import type { Result } from "../harness/result.ts";
import type { Row, Target, Unit } from "../harness/row.ts";

export interface Table {
  readonly headings: readonly string[];
  /** Which columns are numbers, and stand to the right. */
  readonly right: readonly boolean[];
  /** As many strings each as there are headings. */
  readonly lines: readonly (readonly string[])[];
}

interface Column {
  readonly heading: string;
  readonly right?: boolean;
  readonly cell: (result: Result) => string;
}

/**
 * One line for each result, in their order.
 * @param rows say what was asked for
 * @param node the version they were measured with
 */
export function tableOf(results: readonly Result[], rows: readonly Row[], node: string): Table {
  const columns = [
    ...MEASURED,
    ...(results.some(({ qemu }) => qemu !== undefined) ? QEMU : []),
    { heading: "asked for", cell: (result: Result) => verdicts(result, rows, results, node) },
  ];
  return {
    headings: columns.map(({ heading }) => heading),
    right: columns.map(({ right = false }) => right),
    lines: results.map((result) => columns.map(({ cell }) => cell(result))),
  };
}

const MEASURED: readonly Column[] = [
  { heading: "row", cell: ({ name }) => name },
  { heading: "median", right: true, cell: ({ value, unit }) => `${figure(value)} ${unit}` },
  { heading: "p25 … p75", right: true, cell: ({ spread }) => between(spread) },
  { heading: "bytes/op", right: true, cell: ({ bytesPerOp }) => (bytesPerOp === undefined ? "" : figure(bytesPerOp)) },
  { heading: "compared with", cell: comparison },
];

const QEMU: readonly Column[] = [
  { heading: "QEMU", right: true, cell: ({ qemu, unit }) => (qemu === undefined ? "" : `${figure(qemu.value)} ${unit}`) },
  { heading: "its p25 … p75", right: true, cell: ({ qemu }) => (qemu === undefined ? "" : between(qemu.spread)) },
  { heading: "× its speed", right: true, cell: ({ unit, value, qemu }) => (qemu === undefined ? "" : figure(speedup(unit, value, qemu.value))) },
];

/** Three significant digits, and whole numbers from 100 up; a value of less than a tenth keeps two decimals. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2);
}

function between([p25, p75]: readonly [number, number]): string {
  return `${figure(p25)} … ${figure(p75)}`;
}

/** How many times as fast as `other` a row is: more is better for MIPS, less for everything else. */
function speedup(unit: Unit, value: number, other: number): number {
  return unit === "MIPS" ? value / other : other / value;
}

/** `wire/rxjs-subject 34.0 (× 6.10)`: the other's value, and how many times as fast we are. */
function comparison({ value, reference, unit }: Result): string {
  return reference === undefined ? "" : `${reference.name} ${figure(reference.value)} (× ${figure(speedup(unit, value, reference.value))})`;
}

function verdicts(result: Result, rows: readonly Row[], results: readonly Result[], node: string): string {
  const valueOf = (name: string): number | undefined => results.find((other) => other.name === name)?.value;
  const targets = rows.find(({ name }) => name === result.name)?.targets ?? [];
  return targets.map((target) => verdict(target, result, valueOf, node)).join(", ");
}

/** `≤ 5 ns` when it is met, `≤ 5 ns: missed` when it is not. */
function verdict(target: Target, result: Result, valueOf: (name: string) => number | undefined, node: string): string {
  const { value, unit, bytesPerOp, qemu } = result;
  if (target.of === "bytesPerOp") return said(`≤ ${target.atMost} B`, bytesPerOp !== undefined && bytesPerOp <= target.atMost);
  if (target.of === "qemu") {
    const least = parseInt(node.replace("v", ""), 10) >= 22 ? target.atLeastOnNode22 : target.atLeast;
    const asked = `≥ ${Number(least.toFixed(2))} × QEMU`;
    return qemu === undefined ? `${asked}: no QEMU here` : said(asked, speedup(unit, value, qemu.value) >= least);
  }
  if ("atLeast" in target) return said(`≥ ${target.atLeast} ${unit}`, value >= target.atLeast);
  if (target.times === undefined) return said(`≤ ${target.atMost} ${unit}`, value <= target.atMost);
  return said(`≤ ${target.atMost} × ${target.times}`, value <= target.atMost * (valueOf(target.times) ?? NaN));
}

function said(what: string, met: boolean): string {
  return met ? what : `${what}: missed`;
}
