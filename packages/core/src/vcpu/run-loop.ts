/**
 * Runs vCPUs in turns on one thread, moves time, and sleeps when there is nothing to do.
 *
 * Each runnable vCPU gets a slice of at most `quantum` instructions, cut short at the next timer deadline, in the order of its
 * id: deterministic and fair. A slice that is interrupted, by `untilNs`, a stop or a task, is resumed where it was, so that
 * who runs when depends on the guest alone. When no vCPU can run, virtual time jumps to the next deadline; on host time, or when only the
 * outside can wake the machine, the loop sleeps, and is awake for the last 60 µs at most (host-sleep.ts). Every 10 ms of host time it lets the event
 * loop run (giving-way.ts), so that signals, streams and other machines get their turn however busy the guest is.
 */
import type { DrivenClock } from "../clock/clock.ts";
import { GivingWay } from "./giving-way.ts";
import { nap, NEAR_MS, timerMs } from "./host-sleep.ts";
import type { SliceEnd, Vcpu } from "./vcpu.ts";

/** Instructions of one slice unless configured. */
export const DEFAULT_QUANTUM = 50_000;
/** Loops of this process that run: a nap would hold up the others. */
let loopsRunning = 0;

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

/** Whose turn it is. */
export interface SavedTurn {
  readonly vcpu: number;
  /** Instructions left of its slice; 0 when it has not begun. */
  readonly left: number;
  readonly [key: string]: number;
}

export class RunLoop {
  /** Set once, when the backend has made them. */
  vcpus: readonly Vcpu[] = [];
  private readonly clock: DrivenClock;
  private readonly quantum: number;
  private turn = 0;
  private left = 0;
  /** Instructions of the slice that ran last. */
  private ran = 0;
  private stopping = false;
  private holds = 0;
  private wakeSleeper: (() => void) | undefined;
  private readonly betweenSlices: (() => Promise<void>)[] = [];
  private settling = false;
  private settled: Promise<void> = Promise.resolve();
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
    loopsRunning++;
    try {
      return await this.turns(untilNs);
    } finally {
      loopsRunning--;
      this.running = false;
      await this.settle();
    }
  }

  /** The first vCPU is next, with a slice of its own. */
  reset(): void {
    this.restore({ vcpu: 0, left: 0 });
  }

  save(): SavedTurn {
    return { vcpu: this.turn, left: this.left };
  }

  restore({ vcpu, left }: SavedTurn): void {
    this.turn = vcpu;
    this.left = left;
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
        void this.settle();
      }
    });
  }

  private async turns(untilNs: number): Promise<LoopEnd> {
    const givingWay = new GivingWay();
    while (!this.stopping) {
      if (this.betweenSlices.length > 0 || this.settling) await this.settle();
      if (this.stopping) break;
      this.clock.poll();
      if (untilNs !== Infinity && this.clock.nowNs() >= untilNs) return "until";
      const ended = this.slice(untilNs, givingWay.mostInstructions);
      if (ended === undefined) {
        const end = await this.idle(untilNs);
        if (end !== undefined) return end;
      }
      if (!givingWay.isDueAfter(ended, this.ran)) continue;
      await giveWay();
      givingWay.given();
    }
    return "stopped";
  }

  /** One slice of the next vCPU that can run, or the rest of an interrupted one, of `most` instructions; undefined when none can run. */
  private slice(untilNs: number, most: number): SliceEnd | undefined {
    const { clock, vcpus, turn } = this;
    // Once more than there are vCPUs: the one whose slice was interrupted may have gone to sleep and be the only one to wake.
    for (let tried = 0; tried <= vcpus.length; tried++) {
      const vcpu = vcpus[this.turn];
      if (vcpu?.runnable === true) {
        if (this.left === 0) this.left = Math.min(this.quantum, clock.instructionsUntil(clock.nextDeadlineNs()));
        const before = vcpu.retired;
        const end = vcpu.run(Math.min(this.left, most, clock.instructionsUntil(untilNs)));
        const ran = (this.ran = vcpu.retired - before);
        this.left -= ran;
        // Kicked without having run: whatever it waits for, the others must not wait with it. It may also have gone to sleep by the last
        // instruction that it was given.
        if (end === "yielded" || end === "waiting" || end === "off" || this.left <= 0 || ran <= 0 || !vcpu.runnable) this.passTurn();
        return end;
      }
      this.passTurn();
    }
    this.turn = turn; // however often an idle machine is asked to run, it goes on with the same vCPU
    return undefined;
  }

  private passTurn(): void {
    this.turn = this.turn + 1 < this.vcpus.length ? this.turn + 1 : 0;
    this.left = 0;
  }

  private async idle(untilNs: number): Promise<LoopEnd | undefined> {
    const { clock } = this;
    const held = this.holds > 0;
    const next = clock.nextDeadlineNs();
    if (!held) {
      if (this.vcpus.length > 0 && this.vcpus.every((vcpu) => vcpu.off)) return "halted"; // a timer that goes on ticking wakes nobody
      if (next === Infinity) return "idle";
    }
    if (clock.skipIdle(untilNs)) return undefined;
    const deadline = clock.kind === "virtual" ? Infinity : Math.min(next, untilNs);
    const ms = Math.max(0, (deadline - clock.nowNs()) / 1e6);
    const alone = loopsRunning === 1;
    if (alone && ms < NEAR_MS) {
      nap(ms);
      await giveWay();
    } else {
      await this.sleep(timerMs(ms, alone));
    }
    return undefined;
  }

  /** Sleeps until woken or for `ms`; a sleeping loop costs nothing. */
  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), ms);
      this.wakeSleeper = () => {
        clearTimeout(timer);
        this.wakeSleeper = undefined;
        resolve();
      };
      if (this.stopping || this.betweenSlices.length > 0) this.wake();
    });
  }

  /** Runs the tasks that wait, those that come meanwhile included. Whoever calls it while it is at work waits for the same end. */
  private settle(): Promise<void> {
    if (!this.settling) {
      this.settling = true;
      this.settled = this.runTasks();
    }
    return this.settled;
  }

  private async runTasks(): Promise<void> {
    for (let task = this.betweenSlices.shift(); task !== undefined; task = this.betweenSlices.shift()) await task();
    this.settling = false;
  }
}

/** Lets pending I/O, timers and signals of the host run. */
function giveWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
