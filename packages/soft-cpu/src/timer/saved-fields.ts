/** Reading a timer's saved state with suspicion: everything is checked before anything is changed. Cold. */
import { type PlainData, type SavedTimer, SnapshotError } from "@trapline/core";

export class SavedFields {
  private readonly owner: string;
  private readonly record: { readonly [key: string]: PlainData };

  /** @throws SnapshotError unless `state` is a record */
  constructor(owner: string, state: PlainData | undefined) {
    if (typeof state !== "object" || state === null || Array.isArray(state) || state instanceof Uint8Array) {
      throw new SnapshotError(`the saved state of ${owner} is no record`, { subject: owner, remedy: "restore what its save gave" });
    }
    this.owner = owner;
    this.record = state as { readonly [key: string]: PlainData };
  }

  /** A record inside. */
  inner(key: string): SavedFields {
    return new SavedFields(`${this.owner} ${key}`, this.record[key]);
  }

  isNull(key: string): boolean {
    return this.record[key] === null;
  }

  flag(key: string): boolean {
    const value = this.record[key];
    if (typeof value !== "boolean") throw this.misfit(key, "true or false");
    return value;
  }

  /** A whole number from 0 to `max`. */
  whole(key: string, max: number): number {
    const value = this.record[key];
    const fits = typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
    if (!fits) throw this.misfit(key, `a whole number up to ${max}`);
    return value;
  }

  wide(key: string, max: bigint): bigint {
    const value = this.record[key];
    if (typeof value !== "bigint" || value < 0n || value > max) throw this.misfit(key, `a bigint from 0 to ${max}`);
    return value;
  }

  /** A number that the machine to restore into must share. */
  same(key: string, wanted: number): void {
    if (this.record[key] !== wanted) throw this.misfit(key, `${wanted}, as in this machine`);
  }

  private misfit(key: string, wanted: string): SnapshotError {
    return new SnapshotError(`${key} in the saved state of ${this.owner} should be ${wanted}`, {
      subject: this.owner,
      value: key,
      remedy: "restore what its save gave",
    });
  }
}

export function savedClockTimer(saved: SavedFields, key: string): SavedTimer | null {
  if (saved.isNull(key)) return null;
  const timer = saved.inner(key);
  return { deadlineNs: timer.whole("deadlineNs", Number.MAX_SAFE_INTEGER), order: timer.whole("order", Number.MAX_SAFE_INTEGER) };
}
