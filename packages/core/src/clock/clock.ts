/**
 * Machine time. Timers, devices and tests take the clock from the container; nobody asks the host.
 *
 * Times are whole nanoseconds since power-on, as numbers, exact for 104 days (2^53 ns). A deadline beyond that, Infinity
 * included, never comes.
 */

export interface Clock {
  /** Virtual time advances with retired instructions and jumps over idle; host time is the host's monotonic clock. */
  readonly kind: "virtual" | "host";
  /** Nanoseconds since power-on. */
  nowNs(): number;
  /** A timer of this clock, not armed. Its callback runs between two guest instructions, in the order described at {@link ClockTimer}. */
  timer(name: string, expired: () => void): ClockTimer;
}

/**
 * Fires once per arming. Timers fire in the order of their deadlines; equal deadlines in the order in which they were
 * armed. A timer armed for now or the past fires at the next chance, still in that order.
 */
export interface ClockTimer {
  readonly name: string;
  /** When it fires; Infinity while it is not armed. */
  readonly deadlineNs: number;
  /** Arms, or arms again, for an absolute time. Any number; what is not a time to come fires as soon as possible, NaN and Infinity never. */
  armAt(deadlineNs: number): void;
  disarm(): void;
  /** Its place among all timers, for a snapshot that continues identically; null when not armed. */
  save(): SavedTimer | null;
  restore(saved: SavedTimer | null): void;
}

/** An armed timer as a snapshot has it; one that is not armed is saved as null. Nanoseconds, and its place among equal deadlines. */
export interface SavedTimer {
  readonly deadlineNs: number;
  readonly order: number;
  readonly [key: string]: number;
}

/** What the run loop asks of a clock. */
export interface DrivenClock extends Clock {
  /** Earliest deadline; Infinity when no timer is armed. */
  nextDeadlineNs(): number;
  /** `instructions` were retired: virtual time advances and fires what came due. No effect on host time. */
  elapse(instructions: number): void;
  /** Instructions that may run before `ns` is reached, at least 1; Infinity on host time. */
  instructionsUntil(ns: number): number;
  /** Fires what is due by now. */
  poll(): void;
  /** Every vCPU is idle: virtual time jumps to the next deadline and fires it, but not past `limitNs`. False when it cannot (neither is finite, or host time). */
  skipIdle(limitNs: number): boolean;
  /** The clock's own state. */
  save(): SavedClock;
  restore(saved: SavedClock): void;
  /** Back to 0 with every timer disarmed. */
  reset(): void;
}

/** A clock as a snapshot has it: plain data. */
export interface SavedClock {
  readonly nowNs: number;
  /** Fraction of the current nanosecond, in instructions. */
  readonly remainder: number;
  readonly nextOrder: number;
  readonly [key: string]: number;
}
