/** Host time: the host's monotonic clock since power-on. For interactive runs; traces are then not reproducible. */
import type { ClockTimer, DrivenClock, SavedClock } from "./clock.ts";
import { hostMs } from "./host-time.ts";
import { TimerQueue } from "./timer-queue.ts";

/** Monotonic milliseconds, with fractions. `hostMs` everywhere but in tests. */
export type MonotonicMs = () => number;

export class HostClock implements DrivenClock {
  readonly kind = "host" as const;
  private readonly timers = new TimerQueue();
  private readonly monotonicMs: MonotonicMs;
  private originMs: number;

  constructor(monotonicMs: MonotonicMs = hostMs) {
    this.monotonicMs = monotonicMs;
    this.originMs = monotonicMs();
  }

  nowNs(): number {
    return Math.round((this.monotonicMs() - this.originMs) * 1e6);
  }

  timer(name: string, expired: () => void): ClockTimer {
    return this.timers.timer(name, expired);
  }

  nextDeadlineNs(): number {
    return this.timers.nextDeadlineNs;
  }

  elapse(): void {}

  instructionsUntil(): number {
    return Infinity;
  }

  poll(): void {
    if (this.timers.nextDeadlineNs !== Infinity) this.timers.fireDue(this.nowNs(), () => {});
  }

  skipIdle(): boolean {
    return false;
  }

  save(): SavedClock {
    return { nowNs: this.nowNs(), remainder: 0, nextOrder: this.timers.nextOrder };
  }

  restore(saved: SavedClock): void {
    this.timers.clear();
    this.originMs = this.monotonicMs() - saved.nowNs / 1e6;
    this.timers.nextOrder = saved.nextOrder;
  }

  reset(): void {
    this.timers.clear();
    this.originMs = this.monotonicMs();
  }
}
