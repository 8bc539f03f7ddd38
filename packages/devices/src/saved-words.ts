/**
 * The registers of a device as plain data, named in one table that serves `save` and `restore`. A snapshot may come from
 * another version: every number is checked against its register's width before anything is changed. Cold.
 */
import { type PlainData, type SavedTimer, SnapshotError } from "@trapline/core";

/** Field of the device → the highest value it can hold. */
export type WordLimits<K extends string> = Readonly<Record<K, number>>;

export type SavedRecord = Readonly<Record<string, PlainData>>;

/** @throws SnapshotError unless `state` is a record. */
export function savedRecord(owner: string, state: PlainData): SavedRecord {
  if (typeof state === "object" && state !== null && !Array.isArray(state) && !(state instanceof Uint8Array)) return state as SavedRecord;
  throw misfit(owner, "its state", "a record");
}

/** The fields named in `limits`. */
export function saveWords<K extends string>(device: Readonly<Record<K, number>>, limits: WordLimits<K>): Record<K, number> {
  const saved: Partial<Record<K, number>> = {};
  for (const key of Object.keys(limits) as K[]) saved[key] = device[key];
  return saved as Record<K, number>;
}

/** The same fields out of a saved record. @throws SnapshotError naming the first that does not fit. */
export function readWords<K extends string>(owner: string, record: SavedRecord, limits: WordLimits<K>): Record<K, number> {
  const words: Partial<Record<K, number>> = {};
  for (const key of Object.keys(limits) as K[]) words[key] = readWord(owner, key, record[key], limits[key]);
  return words as Record<K, number>;
}

/** At most `length` numbers up to `max`. @throws SnapshotError */
export function readQueue(owner: string, key: string, record: SavedRecord, length: number, max: number): number[] {
  const value = record[key];
  if (!Array.isArray(value) || value.length > length) throw misfit(owner, key, `at most ${length} numbers`);
  return value.map((item) => readWord(owner, key, item as PlainData, max));
}

/** Exactly `length` bytes; a copy. @throws SnapshotError */
export function readBytes(owner: string, key: string, record: SavedRecord, length: number): Uint8Array {
  const value = record[key];
  if (value instanceof Uint8Array && value.length === length) return value.slice();
  throw misfit(owner, key, `${length} bytes`);
}

/** A timer's place. @throws SnapshotError */
export function readTimer(owner: string, key: string, record: SavedRecord): SavedTimer | null {
  const value = record[key];
  if (value === null) return null;
  const { deadlineNs, order } = savedRecord(owner, value ?? 0);
  if (typeof deadlineNs === "number" && typeof order === "number") return { deadlineNs, order };
  throw misfit(owner, key, "a timer");
}

function readWord(owner: string, key: string, value: PlainData | undefined, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw misfit(owner, key, `a whole number from 0 to ${max}`);
}

/** What a state that does not fit is answered with. */
export function misfit(owner: string, key: string, wanted: string): SnapshotError {
  return new SnapshotError(`${key} in the saved state of ${owner} should be ${wanted}`, {
    subject: owner,
    value: key,
    remedy: "restore into a machine with the same devices, made by the same version",
  });
}
