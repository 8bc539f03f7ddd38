/** Reading saved state: a snapshot may come from another version, so every value is checked before anything changes. Cold. */
import { type PlainData, SnapshotError } from "@trapline/core";

export type SavedRecord = Readonly<Record<string, PlainData>>;

/** @throws SnapshotError unless `state` is a record. `owner` names the device in the message. */
export function savedRecord(owner: string, state: PlainData | undefined): SavedRecord {
  if (typeof state === "object" && state !== null && !Array.isArray(state) && !(state instanceof Uint8Array)) return state as SavedRecord;
  throw misfit(owner, "its state", "a record");
}

/** A whole number from `min` to `max`. @throws SnapshotError */
export function savedWord(owner: string, record: SavedRecord, key: string, max: number, min = 0): number {
  const value = record[key];
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw misfit(owner, key, `a whole number from ${min} to ${max}`);
}

/** @throws SnapshotError */
export function savedFlag(owner: string, record: SavedRecord, key: string): boolean {
  const value = record[key];
  if (typeof value === "boolean") return value;
  throw misfit(owner, key, "true or false");
}

/** At most `length` whole numbers from 0 to `max`. @throws SnapshotError */
export function savedWords(owner: string, record: SavedRecord, key: string, length: number, max: number): readonly number[] {
  const list = savedList(owner, record, key);
  if (list.length > length || !list.every((item) => Number.isInteger(item) && (item as number) >= 0 && (item as number) <= max)) {
    throw misfit(owner, key, `at most ${length} whole numbers up to ${max}`);
  }
  return list as readonly number[];
}

/** @throws SnapshotError unless it is a list, of `length` items where that is given. */
export function savedList(owner: string, record: SavedRecord, key: string, length?: number): readonly PlainData[] {
  const value = record[key];
  if (Array.isArray(value) && (length === undefined || value.length === length)) return value as readonly PlainData[];
  throw misfit(owner, key, length === undefined ? "a list" : `a list of ${length}`);
}

/** The error for a value that is not what was saved. */
export function misfit(owner: string, key: string, wanted: string): SnapshotError {
  return new SnapshotError(`${key} in the saved state of ${owner} should be ${wanted}`, {
    subject: owner,
    value: key,
    remedy: "restore into a machine with the same devices, made by the same version",
  });
}
