/** A generic timer on a virtual clock, with what it told in words. */
import { VirtualClock } from "@trapline/core";
import { GenericTimer } from "./generic-timer.ts";

export const ENABLE = 1;
export const IMASK = 2;
export const ISTATUS = 4;
/** One tick at the default frequency. */
const TICK_NS = 16;

export interface Bench {
  readonly clock: VirtualClock;
  readonly timer: GenericTimer;
  /** "27 high at 1600", in order. */
  readonly log: string[];
  readonly lines: Map<number, boolean>;
  ticks(count: number): void;
}

export function bench(frequencyHz?: number): Bench {
  const clock = new VirtualClock();
  const log: string[] = [];
  const lines = new Map<number, boolean>();
  const timer = new GenericTimer({
    clock,
    name: "vcpu0",
    ...(frequencyHz === undefined ? {} : { frequencyHz }),
    setLevel: (intid, high) => {
      log.push(`${intid} ${high ? "high" : "low"} at ${clock.nowNs()}`);
      lines.set(intid, high);
    },
    onEvent: () => log.push(`event at ${clock.nowNs()}`),
  });
  return { clock, timer, log, lines, ticks: (count) => clock.advanceTo(clock.nowNs() + count * TICK_NS) };
}
