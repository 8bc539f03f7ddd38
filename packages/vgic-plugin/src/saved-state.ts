/**
 * Reading saved state with suspicion: a snapshot may come from another machine or another version. Everything is checked
 * before anything is changed. Cold.
 */
import { type PlainData, SnapshotError } from "@trapline/core";

export type SavedRecord = { readonly [key: string]: PlainData };

export class SavedState {
  private readonly owner: string;
  private readonly record: SavedRecord;

  /** @throws SnapshotError unless `state` is a record. */
  constructor(owner: string, state: PlainData) {
    this.owner = owner;
    if (typeof state !== "object" || state === null || Array.isArray(state) || state instanceof Uint8Array) {
      throw new SnapshotError(`the saved state of ${owner} is no record`, { subject: owner, remedy: "restore what this chip's save gave" });
    }
    this.record = state as SavedRecord;
  }

  has(key: string): boolean {
    return this.record[key] !== undefined;
  }

  value(key: string): PlainData {
    return this.record[key] ?? null;
  }

  /** Exactly `length` bytes. */
  bytes(key: string, length: number): Uint8Array {
    const value = this.record[key];
    if (!(value instanceof Uint8Array) || value.length !== length) throw this.misfit(key, `${length} bytes`);
    return value;
  }

  /** Exactly `length` whole numbers from `min` to `max`. */
  numbers(key: string, length: number, min: number, max: number): readonly number[] {
    const value = this.record[key];
    const fits = (n: PlainData): boolean => typeof n === "number" && Number.isInteger(n) && n >= min && n <= max;
    if (!Array.isArray(value) || value.length !== length || !value.every(fits)) {
      throw this.misfit(key, `${length} whole numbers from ${min} to ${max}`);
    }
    return value as readonly number[];
  }

  number(key: string, min: number, max: number): number {
    const value = this.record[key];
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw this.misfit(key, `a whole number from ${min} to ${max}`);
    }
    return value;
  }

  private misfit(key: string, wanted: string): SnapshotError {
    return new SnapshotError(`${key} in the saved state of ${this.owner} should be ${wanted}`, {
      subject: this.owner,
      value: key,
      remedy: "restore into a machine with the same vCPUs and the same GIC options",
    });
  }
}
