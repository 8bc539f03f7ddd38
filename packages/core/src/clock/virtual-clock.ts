/**
 * Virtual time: advances with retired instructions, counted exactly, and jumps over idle. The same program, inputs and
 * seed give the same times on every host. All vCPUs advance the one clock, as they take turns on one thread.
 */
import { ConfigError } from "../errors.ts";
import type { ClockTimer, DrivenClock, SavedClock } from "./clock.ts";
import { TimerQueue } from "./timer-queue.ts";

/** How fast virtual time runs. */
export interface VirtualClockOptions {
  /** Retired instructions that make one microsecond, 1 … 1 000 000. Default 1000: one instruction, one nanosecond. */
  readonly instructionsPerUs?: number;
}

export class VirtualClock implements DrivenClock {
  readonly kind = "virtual" as const;
  private readonly timers = new TimerQueue();
  private readonly instructionsPerUs: number;
  private now = 0;
  /** Thousandths of an instruction-nanosecond not yet turned into time: 0 … instructionsPerUs − 1. */
  private remainder = 0;
  private readonly reached = (deadlineNs: number): void => {
    this.now = Math.max(this.now, deadlineNs);
  };

  constructor(options: VirtualClockOptions = {}) {
    const { instructionsPerUs = 1000 } = options;
    if (!Number.isInteger(instructionsPerUs) || instructionsPerUs < 1 || instructionsPerUs > 1_000_000) {
      throw new ConfigError(`the virtual clock cannot run at ${instructionsPerUs} instructions per µs`, {
        subject: "clock.instructionsPerUs",
        value: instructionsPerUs,
        limit: 1_000_000,
        remedy: "use a whole number from 1 to 1000000",
      });
    }
    this.instructionsPerUs = instructionsPerUs;
  }

  nowNs(): number {
    return this.now;
  }

  timer(name: string, expired: () => void): ClockTimer {
    return this.timers.timer(name, expired);
  }

  nextDeadlineNs(): number {
    return this.timers.nextDeadlineNs;
  }

  elapse(instructions: number): void {
    const total = this.remainder + instructions * 1000;
    const ns = Math.floor(total / this.instructionsPerUs);
    this.remainder = total - ns * this.instructionsPerUs;
    this.advanceTo(this.now + ns);
  }

  instructionsUntil(ns: number): number {
    return Math.max(1, Math.ceil(((ns - this.now) * this.instructionsPerUs - this.remainder) / 1000));
  }

  /** Moves on to `ns` (never back), firing what comes due on the way at its own time. */
  advanceTo(ns: number): void {
    if (this.timers.nextDeadlineNs <= ns) this.timers.fireDue(ns, this.reached);
    if (ns > this.now) this.now = ns;
  }

  poll(): void {
    this.advanceTo(this.now);
  }

  skipIdle(limitNs: number): boolean {
    const target = Math.min(this.timers.nextDeadlineNs, limitNs);
    if (target === Infinity) return false;
    this.remainder = 0;
    this.advanceTo(target);
    return true;
  }

  save(): SavedClock {
    return { nowNs: this.now, remainder: this.remainder, nextOrder: this.timers.nextOrder };
  }

  restore(saved: SavedClock): void {
    this.timers.clear();
    this.now = saved.nowNs;
    this.remainder = saved.remainder;
    this.timers.nextOrder = saved.nextOrder;
  }

  reset(): void {
    this.timers.clear();
    this.now = 0;
    this.remainder = 0;
  }
}
