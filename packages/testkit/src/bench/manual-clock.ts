/**
 * Virtual time that a test moves by hand, for devices that are made without a machine. It is core's virtual clock, and besides
 * knows which timers are armed, so that a test can go from one to the next and say what it waits for.
 */
import { type ClockTimer, ConfigError, VirtualClock } from "@trapline/core";

/** A timer that will go off. */
export interface ArmedTimer {
  readonly name: string;
  readonly deadlineNs: number;
}

export class ManualClock extends VirtualClock {
  private readonly made: ClockTimer[] = [];

  override timer(name: string, expired: () => void): ClockTimer {
    const timer = super.timer(name, expired);
    this.made.push(timer);
    return timer;
  }

  /** Timers that are armed, the next one first. */
  get armed(): readonly ArmedTimer[] {
    return this.made
      .filter(({ deadlineNs }) => deadlineNs !== Infinity)
      .map(({ name, deadlineNs }) => ({ name, deadlineNs }))
      .sort((a, b) => a.deadlineNs - b.deadlineNs);
  }

  /** Moves on by `deltaNs`, firing what comes due on the way, each at its own time. @throws ConfigError for a step that is none */
  advance(deltaNs: number): void {
    if (!(deltaNs >= 0)) {
      throw new ConfigError(`the clock cannot move by ${deltaNs} ns`, {
        subject: "clock",
        value: deltaNs,
        remedy: "time goes forward: use 0 or more",
      });
    }
    this.advanceTo(this.nowNs() + deltaNs);
  }

  /** Moves on to the next timer and fires it, with all that are due at the same time. @returns its name; undefined when none is armed */
  advanceToTimer(): string | undefined {
    const next = this.armed[0];
    if (next !== undefined) this.advanceTo(next.deadlineNs);
    return next?.name;
  }
}
