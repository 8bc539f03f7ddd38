/**
 * A measured row as the JSON file has it (DESIGN.md §9), and the check that it has no other shape. Other programs read
 * these files, so what is written is checked as well.
 */
import { InvariantError } from "@trapline/core";
import type { Unit } from "./row.ts";

/** Lower and upper quartile of the samples. */
export type Spread = readonly [p25: number, p75: number];

export interface Result {
  readonly name: string;
  /** Median of the samples. */
  readonly value: number;
  readonly unit: Unit;
  /** Heap bytes that one operation allocates. */
  readonly bytesPerOp?: number;
  readonly spread: Spread;
  /** Median of the row it is compared with, from the same run. */
  readonly reference?: { readonly name: string; readonly value: number };
  /** The same guest on qemu-system-aarch64, alternating with ours in the same run. */
  readonly qemu?: { readonly value: number; readonly spread: Spread };
}

const UNITS: readonly string[] = ["ns", "ms", "s", "KiB", "MiB", "MIPS", "×"] satisfies Unit[];
const KEYS: readonly string[] = ["name", "value", "unit", "bytesPerOp", "spread", "reference", "qemu"] satisfies (keyof Result)[];

/** @throws InvariantError naming the row and the key when `value` is not a {@link Result}. */
export function checkResult(value: unknown): Result {
  if (typeof value !== "object" || value === null) throw refuse("a row", "the row", value, "an object");
  const row = value as Record<string, unknown>;
  if (typeof row["name"] !== "string" || !/^[\w-]+\/[\w-]+$/.test(row["name"])) throw refuse("a row", "name", row["name"], "GROUP/WHAT");
  const { name } = row;
  for (const key of Object.keys(row)) if (!KEYS.includes(key)) throw refuse(name, key, row[key], `one of ${KEYS.join(", ")}`);
  if (!isFinite(row["value"])) throw refuse(name, "value", row["value"], "a finite number");
  if (!UNITS.includes(row["unit"] as string)) throw refuse(name, "unit", row["unit"], UNITS.join(", "));
  if (!isSpread(row["spread"])) throw refuse(name, "spread", row["spread"], "[p25, p75], ascending");
  const { bytesPerOp, reference, qemu } = row as Partial<Record<keyof Result, unknown>>;
  if (bytesPerOp !== undefined && !(isFinite(bytesPerOp) && bytesPerOp >= 0)) throw refuse(name, "bytesPerOp", bytesPerOp, "a number from 0");
  if (reference !== undefined && !isReference(reference)) throw refuse(name, "reference", reference, "{ name, value }");
  if (qemu !== undefined && !isQemu(qemu)) throw refuse(name, "qemu", qemu, "{ value, spread }");
  return value as Result;
}

function isFinite(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isSpread(value: unknown): value is Spread {
  return Array.isArray(value) && value.length === 2 && isFinite(value[0]) && isFinite(value[1]) && value[0] <= value[1];
}

function isReference(value: unknown): boolean {
  const { name, value: median } = (value ?? {}) as { name?: unknown; value?: unknown };
  return typeof name === "string" && isFinite(median);
}

function isQemu(value: unknown): boolean {
  const { value: median, spread } = (value ?? {}) as { value?: unknown; spread?: unknown };
  return isFinite(median) && isSpread(spread);
}

function refuse(row: string, key: string, value: unknown, wanted: string): InvariantError {
  return new InvariantError(`${row}: ${key} is ${JSON.stringify(value)}`, { subject: row, value: String(value), limit: wanted, remedy: `it must be ${wanted}` });
}
