/**
 * Runs vCPUs in turns on one thread, moves time, and sleeps when there is nothing to do.
 *
 * Each runnable vCPU gets a slice of at most `quantum` instructions, cut short at the next timer deadline, in the order of its
 * id: deterministic and fair. When no vCPU can run, virtual time jumps to the next deadline; on host time, or when only the
 * outside can wake the machine, the loop sleeps without polling. Every `YIELD_MS` of host time it lets the event loop run, so
 * that signals, streams and other machines get their turn however busy the guest is.
 */
import type { DrivenClock } from "../clock/clock.ts";
import type { Vcpu } from "./vcpu.ts";

/** Instructions of one slice unless configured. */
export const DEFAULT_QUANTUM = 50_000;
/** Longest stretch of host time without giving way to the event loop. */
export const YIELD_MS = 10;
/** setTimeout's own limit. */
const MAX_SLEEP_MS = 0x7fff_ffff;

/** Why the loop came to an end by itself. */
export type LoopEnd =
  /** Somebody asked: see the value given to `stop`. */
  | "stopped"
  /** Every vCPU is off. */
  | "halted"
  /** Every vCPU waits, no timer is armed, and nothing outside holds the machine awake. */
  | "idle"
  /** Machine time reached `untilNs`. */
  | "until";

export class RunLoop {
  /** Set once, when the backend has made them. */
  vcpus: readonly Vcpu[] = [];
  private readonly clock: DrivenClock;
  private readonly quantum: number;
  private stopping = false;
  private holds = 0;
  private wakeSleeper: (() => void) | undefined;
  private readonly betweenSlices: (() => Promise<void>)[] = [];
  private settling = false;
  running = false;

  constructor(clock: DrivenClock, quantum: number = DEFAULT_QUANTUM) {
    this.clock = clock;
    this.quantum = quantum;
  }

  /**
   * Runs until something ends it. Exceptions of exit owners come out of here.
   * @param untilNs machine time at which to stop; Infinity for never
   */
  async run(untilNs: number): Promise<LoopEnd> {
    this.running = true;
    this.stopping = false;
    try {
      return await this.turns(untilNs);
    } finally {
      this.running = false;
      await this.runBetweenSlices();
    }
  }

  /** Ends the run after the current instruction. Callable from anywhere, exit owners included. */
  stop(): void {
    this.stopping = true;
    for (const vcpu of this.vcpus) vcpu.kick();
    this.wake();
  }

  /** Something outside may have changed what a vCPU or a device would do: look again. */
  wake(): void {
    this.wakeSleeper?.();
  }

  /** Keeps an idle machine from ending, because input may come from outside. Returns the release. */
  hold(): () => void {
    let held = true;
    this.holds++;
    return () => {
      if (!held) return;
      held = false;
      this.holds--;
      this.wake();
    };
  }

  /** Runs `task` where no vCPU is inside an instruction: now, or after the current slice. No vCPU runs before it is done. */
  between<T>(task: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.betweenSlices.push(async () => {
        try {
          resolve(await task());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      if (this.running) {
        for (const vcpu of this.vcpus) vcpu.kick();
        this.wake();
      } else {
        void this.runBetweenSlices();
      }
    });
  }

  private async turns(untilNs: number): Promise<LoopEnd> {
    let yieldAt = performance.now() + YIELD_MS;
    while (!this.stopping) {
      this.clock.poll();
      if (this.clock.nowNs() >= untilNs) return "until";
      const ran = this.turn(untilNs);
      if (this.betweenSlices.length > 0) await this.runBetweenSlices();
      if (this.stopping) break;
      if (!ran) {
        const end = await this.idle(untilNs);
        if (end !== undefined) return end;
      }
      if (performance.now() >= yieldAt) {
        await giveWay();
        yieldAt = performance.now() + YIELD_MS;
      }
    }
    return "stopped";
  }

  /** One slice for each vCPU that can run. */
  private turn(untilNs: number): boolean {
    let ran = false;
    for (const vcpu of this.vcpus) {
      if (!vcpu.runnable) continue;
      ran = true;
      const { clock } = this;
      const budget = Math.min(this.quantum, clock.instructionsUntil(Math.min(clock.nextDeadlineNs(), untilNs)));
      vcpu.run(budget);
      if (this.stopping || this.betweenSlices.length > 0 || this.clock.nowNs() >= untilNs) break;
    }
    return ran;
  }

  private async idle(untilNs: number): Promise<LoopEnd | undefined> {
    const { clock } = this;
    const held = this.holds > 0;
    const next = clock.nextDeadlineNs();
    if (!held) {
      if (this.vcpus.every((vcpu) => vcpu.off)) return "halted"; // a timer that goes on ticking wakes nobody
      if (next === Infinity) return "idle";
    }
    if (clock.skipIdle(untilNs)) return undefined;
    const deadline = clock.kind === "virtual" ? Infinity : Math.min(next, untilNs);
    await this.sleep(Math.max(0, (deadline - clock.nowNs()) / 1e6));
    return undefined;
  }

  /** Sleeps until woken or for `ms`; a sleeping loop costs nothing. */
  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), Math.min(Math.ceil(ms), MAX_SLEEP_MS));
      this.wakeSleeper = () => {
        clearTimeout(timer);
        this.wakeSleeper = undefined;
        resolve();
      };
      if (this.stopping || this.betweenSlices.length > 0) this.wake();
    });
  }

  private async runBetweenSlices(): Promise<void> {
    if (this.settling) return; // whoever is at it takes the new tasks too
    this.settling = true;
    try {
      for (let task = this.betweenSlices.shift(); task !== undefined; task = this.betweenSlices.shift()) await task();
    } finally {
      this.settling = false;
    }
  }
}

/** Lets pending I/O, timers and signals of the host run. */
function giveWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
