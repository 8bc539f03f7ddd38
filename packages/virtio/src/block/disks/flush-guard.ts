/**
 * Remembers a flush that failed. Linux marks the pages that it could not write as clean, so a second attempt would succeed
 * without them (fsync(2), "ERRORS"): from then on every flush of that disk fails, and its guest stops trusting it.
 */
import { HostError } from "@trapline/core";

export class FlushGuard {
  private readonly name: string;
  private lost: unknown;

  constructor(name: string) {
    this.name = name;
  }

  /** @throws HostError once a flush has failed */
  check(): void {
    if (this.lost === undefined) return;
    throw new HostError(`an earlier flush of ${this.name} failed, so what it holds is uncertain`, {
      subject: this.name,
      remedy: "close the machine, check the host's disk and the guest's file systems",
      cause: this.lost,
    });
  }

  /** Remembers `error` and gives it back, to be thrown. */
  failed(error: unknown): Error {
    this.lost ??= error;
    return error instanceof Error ? error : new Error(String(error));
  }
}
