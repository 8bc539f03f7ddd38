/**
 * What a row is: a name, a unit, and how to take one sample of it. A file in rows/ lists them; nothing else knows about it.
 */

/** What a value counts. ns, ms and s are host time, or guest time where the row says so; × is how many times one time is another. */
export type Unit = "ns" | "ms" | "s" | "KiB" | "MiB" | "MIPS" | "×";

/** What an issue asks for: shown beside the value, never enforced, because machines differ. */
export type Target =
  | { readonly of: "value"; readonly atMost: number; /** Then `atMost` is a multiple of that row's value. */ readonly times?: string }
  | { readonly of: "value"; readonly atLeast: number }
  | { readonly of: "qemu"; /** Speed, in units of QEMU's in the same run. */ readonly atLeast: number; /** The same where Node is 22 or later, whose V8 compiles better. */ readonly atLeastOnNode22: number }
  | { readonly of: "bytesPerOp"; readonly atMost: number };

/** A row made ready. Everything it needs exists; only the sampling is left. */
export interface PreparedRow {
  /** Called once before the first sample: compile, fill caches, find out how many operations a sample needs. */
  warmUp?(): void | Promise<void>;
  /** One measurement, in the row's unit. Called many times, in turn with the other rows of the file. */
  sample(): number | Promise<number>;
  /** The same guest on QEMU, in the same unit; called right after `sample`. */
  sampleQemu?(): number | Promise<number>;
  /** Heap bytes that one operation allocates. Called once, after the samples. */
  bytesPerOp?(): number | Promise<number>;
  /** Called in any case, also after a failure. */
  close?(): void | Promise<void>;
}

export interface Row {
  /** `GROUP/WHAT`, unique in the whole run. The names in DESIGN.md §9 stay. */
  readonly name: string;
  readonly unit: Unit;
  /** Another row of the same file: the obvious way of doing the same. Always measured in the same run, sample by sample. */
  readonly reference?: string;
  readonly targets?: readonly Target[];
  /** Samples to take. Default {@link DEFAULT_SAMPLES}; fewer for a row that takes seconds. */
  readonly samples?: number;
  /** Why the row cannot be measured here: it is left out, and this is said. */
  readonly impossible?: string;
  prepare(): PreparedRow | Promise<PreparedRow>;
}

export const DEFAULT_SAMPLES = 41;

/** At most `value` of the row's unit. */
export const atMost = (value: number): Target => ({ of: "value", atMost: value });
/** At most `factor` times what `row`, of the same file, needs. */
export const atMostTimes = (factor: number, row: string): Target => ({ of: "value", atMost: factor, times: row });
/** At least `value` of the row's unit. */
export const atLeast = (value: number): Target => ({ of: "value", atLeast: value });
/** At least `factor` times as fast as the same guest on QEMU, where there is one; on Node 22 and later `onNode22` times. */
export const atLeastOfQemu = (factor: number, onNode22: number = factor): Target => ({ of: "qemu", atLeast: factor, atLeastOnNode22: onNode22 });
/** At most `bytes` allocated by one operation. */
export const atMostBytes = (bytes: number): Target => ({ of: "bytesPerOp", atMost: bytes });

/** Rows that must be measured with `row`, because its reference or a target names them. */
export function neededBy(row: Row): string[] {
  const compared = (row.targets ?? []).flatMap((target) => ("times" in target && target.times !== undefined ? [target.times] : []));
  return row.reference === undefined ? compared : [row.reference, ...compared];
}
