/** The class: blinks every PERIOD nanoseconds, counts, and holds its line until the guest acknowledges. Knows a clock and a line. */
import { type Clock, type ClockTimer, type LevelLine, type PlainData, type SavedTimer, SnapshotError } from "@trapline/core";

export class Blinker {
  periodNs = 0;
  count = 0;
  private readonly clock: Clock;
  private readonly line: LevelLine;
  private readonly timer: ClockTimer;

  constructor(clock: Clock, line: LevelLine) {
    this.clock = clock;
    this.line = line;
    this.timer = clock.timer("blinker", () => this.blink());
  }

  setPeriod(periodNs: number): void {
    this.periodNs = periodNs;
    this.arm();
  }

  acknowledge(): void {
    this.line.set(false);
  }

  reset(): void {
    this.periodNs = 0;
    this.count = 0;
    this.timer.disarm();
    this.line.set(false);
  }

  save(): PlainData {
    return { periodNs: this.periodNs, count: this.count, timer: this.timer.save() };
  }

  /** @throws SnapshotError when it is no state of a blinker; then nothing has changed */
  restore(state: PlainData): void {
    const saved = state as { periodNs?: unknown; count?: unknown; timer?: SavedTimer | null } | null;
    if (typeof saved?.periodNs !== "number" || typeof saved.count !== "number" || saved.timer === undefined) {
      throw new SnapshotError("the saved state is none of a blinker", { subject: "blinker", remedy: "the file is damaged: take another" });
    }
    this.periodNs = saved.periodNs;
    this.count = saved.count;
    this.timer.restore(saved.timer);
  }

  private blink(): void {
    this.count++;
    this.line.set(true);
    this.arm();
  }

  private arm(): void {
    if (this.periodNs === 0) this.timer.disarm();
    else this.timer.armAt(this.clock.nowNs() + this.periodNs);
  }
}
