/** What `Machine.run` is asked and what it answers. */
import { ConfigError } from "../errors.ts";

/** How a run ended. */
export type RunResult =
  /**
   * The guest switched the machine off, or a device did (`vcpu` −1). `status` is what it reported, 0 normally; `reported` tells a 0 that a
   * test device was given from an ordinary power-off.
   */
  | { readonly reason: "power-off"; readonly vcpu: number; readonly status: number; readonly reported?: true }
  /** A vCPU cannot go on: the architecture has no answer to what it did. */
  | { readonly reason: "fault"; readonly vcpu: number; readonly pc: number; readonly message: string }
  | { readonly reason: "debug"; readonly vcpu: number; readonly pc: number }
  /** Every vCPU is off or ended. */
  | { readonly reason: "halted" }
  /** Every vCPU waits for an interrupt that nothing can send. */
  | { readonly reason: "idle" }
  /** `untilNs` of machine time was reached. */
  | { readonly reason: "until" }
  /** `timeoutMs` of host time passed. */
  | { readonly reason: "timeout" }
  /** `stop`, or the signal given. */
  | { readonly reason: "stopped" };

export interface RunOptions {
  /** Machine time at which to stop, nanoseconds since power-on. */
  readonly untilNs?: number;
  /** Host time after which to stop, milliseconds. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The longest that setTimeout can wait, 24 days; a timeout beyond that never comes. */
export const MAX_TIMEOUT_MS = 0x7fff_ffff;

/** @throws ConfigError for times that are no numbers, which would never come. */
export function checkRunOptions({ untilNs = 0, timeoutMs = 0 }: RunOptions): void {
  if (Number.isNaN(untilNs)) {
    throw new ConfigError(`run cannot end at untilNs ${untilNs}`, {
      subject: "untilNs",
      remedy: "give nanoseconds since power-on, or leave it out",
    });
  }
  if (!(timeoutMs >= 0)) {
    throw new ConfigError(`run cannot end after timeoutMs ${timeoutMs}`, {
      subject: "timeoutMs",
      remedy: "give milliseconds of host time, or leave it out",
    });
  }
}
