/** What a device is given in the place of its interrupt, when it is tested without a machine: a line and a trigger that remember. */
import type { Clock, EdgeTrigger, LevelLine } from "@trapline/core";

/** A moment at which a line changed. */
export interface LineChange {
  /** 0 for a line without a clock. */
  readonly atNs: number;
  readonly high: boolean;
}

export class RecordedLine implements LevelLine {
  high = false;
  /** Every change so far. Setting the level that it has is none. */
  readonly changes: LineChange[] = [];
  private readonly clock: Pick<Clock, "nowNs"> | undefined;

  /** @param clock tells when the line changed */
  constructor(clock?: Pick<Clock, "nowNs">) {
    this.clock = clock;
  }

  set(high: boolean): void {
    if (high === this.high) return;
    this.high = high;
    this.changes.push({ atNs: this.clock?.nowNs() ?? 0, high });
  }

  /** The changes as a script of interrupts has them: "hlh". */
  get edges(): string {
    return this.changes.map(({ high }) => (high ? "h" : "l")).join("");
  }
}

/** An edge trigger that remembers when it was pulled. */
export class RecordedTrigger implements EdgeTrigger {
  /** When each pulse came. */
  readonly pulses: number[] = [];
  private readonly clock: Pick<Clock, "nowNs"> | undefined;

  constructor(clock?: Pick<Clock, "nowNs">) {
    this.clock = clock;
  }

  pulse(): void {
    this.pulses.push(this.clock?.nowNs() ?? 0);
  }
}
