/** The heap of timers against the obvious one: a list sorted by (deadline, order of arming). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTraplineError } from "../errors.ts";
import type { ClockTimer } from "./clock.ts";
import { MAX_FIRINGS_PER_INSTANT, TimerQueue } from "./timer-queue.ts";

/** Timer n of an oracle: armed ones in firing order. */
class SortedList {
  armed: { readonly timer: number; readonly deadline: number; readonly order: number }[] = [];
  private order = 0;
  arm(timer: number, deadline: number): void {
    this.disarm(timer);
    if (!(deadline < Number.MAX_SAFE_INTEGER)) return;
    this.armed.push({ timer, deadline: Math.max(0, Math.ceil(deadline)), order: this.order++ });
    this.armed.sort((a, b) => a.deadline - b.deadline || a.order - b.order);
  }
  disarm(timer: number): void {
    this.armed = this.armed.filter((entry) => entry.timer !== timer);
  }
}

type Step =
  | { readonly arm: number; readonly at: number }
  | { readonly disarm: number }
  | { readonly fire: number };

const TIMERS = 8;
const deadline = fc.oneof(fc.integer({ min: -3, max: 30 }), fc.double({ min: 0, max: 30, noNaN: true }), fc.constantFrom(NaN, Infinity, -Infinity, 2 ** 53));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ arm: fc.nat(TIMERS - 1), at: deadline }) },
  { weight: 1, arbitrary: fc.record({ disarm: fc.nat(TIMERS - 1) }) },
  { weight: 2, arbitrary: fc.record({ fire: fc.nat(30) }) },
);

describe("the timer queue", () => {
  it("fires what a sorted list would, in its order, whatever callbacks arm and disarm", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 40 }), (steps, inCallbacks) => {
        const queue = new TimerQueue();
        const list = new SortedList();
        const fired: string[] = [];
        const expected: string[] = [];
        let script: Step[] = [];
        const act = (next: Step | undefined): void => {
          if (next === undefined || "fire" in next) return;
          if ("arm" in next) timers[next.arm]!.armAt(next.at);
          else timers[next.disarm]!.disarm();
        };
        const timers: ClockTimer[] = Array.from({ length: TIMERS }, (_, n) =>
          queue.timer(`t${n}`, () => {
            fired.push(`t${n}`);
            act(script.shift());
          }),
        );
        for (const next of steps) {
          if (!("fire" in next)) {
            act(next);
            if ("arm" in next) list.arm(next.arm, next.at);
            else list.disarm(next.disarm);
          } else {
            script = [...inCallbacks];
            const oracleScript = [...inCallbacks];
            queue.fireDue(next.fire, () => {});
            for (let due = list.armed[0]; due !== undefined && due.deadline <= next.fire; due = list.armed[0]) {
              list.disarm(due.timer);
              expected.push(`t${due.timer}`);
              const reaction = oracleScript.shift();
              if (reaction === undefined || "fire" in reaction) continue;
              if ("arm" in reaction) list.arm(reaction.arm, reaction.at);
              else list.disarm(reaction.disarm);
            }
          }
          expect(queue.nextDeadlineNs).toBe(list.armed[0]?.deadline ?? Infinity);
          for (const [n, timer] of timers.entries()) expect(timer.deadlineNs).toBe(list.armed.find((entry) => entry.timer === n)?.deadline ?? Infinity);
        }
        expect(fired).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps its order through save and restore, in whatever order the timers are restored", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }), fc.func(fc.integer()), (deadlines, shuffle) => {
        const play = (restoreFrom?: readonly ReturnType<ClockTimer["save"]>[]): { readonly order: number[]; readonly saved: ReturnType<ClockTimer["save"]>[] } => {
          const queue = new TimerQueue();
          const order: number[] = [];
          const timers = deadlines.map((_, n) => queue.timer(`t${n}`, () => order.push(n)));
          if (restoreFrom === undefined) for (const [n, at] of deadlines.entries()) timers[n]!.armAt(at);
          else for (const n of [...timers.keys()].sort((a, b) => shuffle(a) - shuffle(b))) timers[n]!.restore(restoreFrom[n]!);
          const saved = timers.map((timer) => timer.save());
          queue.fireDue(10, () => {});
          return { order, saved };
        };
        const first = play();
        expect(play(first.saved)).toEqual(first);
      }),
    );
  });

  it("tells each deadline before it fires", () => {
    const queue = new TimerQueue();
    const log: string[] = [];
    for (const at of [30, 10, 20]) queue.timer(`t${at}`, () => log.push(`fire ${at}`)).armAt(at);
    queue.fireDue(20, (ns) => log.push(`reached ${ns}`));
    expect(log).toEqual(["reached 10", "fire 10", "reached 20", "fire 20"]);
  });

  it("never goes back: what is armed for the past fires at the present", () => {
    const queue = new TimerQueue();
    const log: number[] = [];
    const late = queue.timer("late", () => log.push(-1));
    queue.timer("first", () => late.armAt(3)).armAt(10);
    queue.fireDue(10, (ns) => log.push(ns));
    expect(log).toEqual([10, 10, -1]);
  });

  it(`ends a timer that arms itself for now after ${MAX_FIRINGS_PER_INSTANT} firings`, () => {
    const queue = new TimerQueue();
    let fired = 0;
    const timer = queue.timer("spinning", () => {
      fired++;
      timer.armAt(5);
    });
    timer.armAt(5);
    let error: unknown;
    try {
      queue.fireDue(5, () => {});
    } catch (e) {
      error = e;
    }
    expect(isTraplineError(error, "invariant")).toBe(true);
    expect((error as Error).message).toBe("timer spinning fired without time moving on; arm it for a later time than the one at which it fires");
    expect(fired).toBe(MAX_FIRINGS_PER_INSTANT);
  });

  it("allows any number of firings while time moves on", () => {
    const queue = new TimerQueue();
    let fired = 0;
    const timer = queue.timer("ticking", () => timer.armAt(++fired));
    timer.armAt(0);
    queue.fireDue(2 * MAX_FIRINGS_PER_INSTANT, () => {});
    expect(fired).toBe(2 * MAX_FIRINGS_PER_INSTANT + 1);
  });

  it("is empty after clear", () => {
    const queue = new TimerQueue();
    const timers = [1, 2, 3].map((at) => queue.timer(`t${at}`, () => {}));
    for (const timer of timers) timer.armAt(5);
    queue.clear();
    expect([queue.nextDeadlineNs, timers.map((timer) => timer.save())]).toEqual([Infinity, [null, null, null]]);
  });
});
