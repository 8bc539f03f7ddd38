/** The words of the table: one line of strings for each row, for the terminal and for Markdown alike. */
import type { Result } from "../harness/result.ts";
import type { Row, Target } from "../harness/row.ts";

export const HEADINGS = ["row", "median", "p25 … p75", "bytes/op", "compared with", "asked for"] as const;
/** Which columns are numbers, and stand to the right. */
export const RIGHT: readonly boolean[] = [false, true, true, true, false, false];

/** One line for each result, in their order. `rows` says what was asked for. */
export function cells(results: readonly Result[], rows: readonly Row[]): string[][] {
  const valueOf = (name: string): number | undefined => results.find((result) => result.name === name)?.value;
  return results.map((result) => {
    const targets = rows.find(({ name }) => name === result.name)?.targets ?? [];
    return [
      result.name,
      `${figure(result.value)} ${result.unit}`,
      `${figure(result.spread[0])} … ${figure(result.spread[1])}`,
      result.bytesPerOp === undefined ? "" : figure(result.bytesPerOp),
      comparison(result),
      targets.map((target) => verdict(target, result, valueOf)).join(", "),
    ];
  });
}

/** Three significant digits, and whole numbers from 100 up; a value of less than a tenth keeps two decimals. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** `× 6.1 of wire/rxjs-subject`: how much the other needs, in units of ours. */
function comparison({ value, reference, qemu, unit }: Result): string {
  const parts: string[] = [];
  if (reference !== undefined) parts.push(`${reference.name} ${figure(reference.value)} (× ${figure(reference.value / value)})`);
  if (qemu !== undefined) parts.push(`QEMU ${figure(qemu.value)} ${unit} (× ${figure(qemu.value / value)})`);
  return parts.join(", ");
}

/** `≤ 5 ns` when it is met, `≤ 5 ns: missed` when it is not. */
function verdict(target: Target, result: Result, valueOf: (name: string) => number | undefined): string {
  if (target.of === "bytesPerOp") {
    return said(`≤ ${target.atMost} B`, result.bytesPerOp !== undefined && result.bytesPerOp <= target.atMost);
  }
  if ("atLeast" in target) return said(`≥ ${target.atLeast} ${result.unit}`, result.value >= target.atLeast);
  if (target.times === undefined) return said(`≤ ${target.atMost} ${result.unit}`, result.value <= target.atMost);
  return said(`≤ ${target.atMost} × ${target.times}`, result.value <= target.atMost * (valueOf(target.times) ?? NaN));
}

function said(what: string, met: boolean): string {
  return met ? what : `${what}: missed`;
}
