/** Virtual time: exact to the instruction, whatever the rate and however the instructions are cut into slices. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

describe("virtual time", () => {
  //   instructions/µs   instructions   ns
  it.each([
    [1000, /*        */ 1, /*        */ 1],
    [1000, /*        */ 1_000_000, /**/ 1_000_000],
    [1, /*           */ 3, /*        */ 3000],
    [3, /*           */ 1, /*        */ 333],
    [3, /*           */ 2, /*        */ 666],
    [3, /*           */ 3, /*        */ 1000],
    [2500, /*        */ 1, /*        */ 0],
    [2500, /*        */ 5, /*        */ 2],
    [1_000_000, /*   */ 999, /*      */ 0],
    [1_000_000, /*   */ 1000, /*     */ 1],
  ])("at %d instructions a µs, %d instructions are %d ns", (instructionsPerUs, instructions, ns) => {
    const clock = new VirtualClock({ instructionsPerUs });
    clock.elapse(instructions);
    expect(clock.nowNs()).toBe(ns);
  });

  const rate = fc.integer({ min: 1, max: 1_000_000 });
  const slices = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 30 });

  it("is the same however the instructions are cut", () => {
    fc.assert(fc.property(rate, slices, (instructionsPerUs, cuts) => {
      const clock = new VirtualClock({ instructionsPerUs });
      for (const cut of cuts) clock.elapse(cut);
      const total = cuts.reduce((sum, cut) => sum + BigInt(cut), 0n);
      expect(BigInt(clock.nowNs())).toBe((total * 1000n) / BigInt(instructionsPerUs));
    }));
  });

  it("knows how many instructions there are until a time: one less does not reach it, that many do", () => {
    fc.assert(fc.property(rate, slices, fc.integer({ min: 1, max: 1_000_000 }), (instructionsPerUs, cuts, aheadNs) => {
      const clock = new VirtualClock({ instructionsPerUs });
      for (const cut of cuts) clock.elapse(cut);
      const target = clock.nowNs() + aheadNs;
      const until = clock.instructionsUntil(target);
      if (until > 1) clock.elapse(until - 1);
      expect(clock.nowNs() < target || until === 1).toBe(true);
      clock.elapse(1);
      expect(clock.nowNs()).toBeGreaterThanOrEqual(target);
    }));
  });

  it("is at least one instruction away from anything, also from the past, and for ever from never", () => {
    const clock = new VirtualClock();
    clock.elapse(100);
    expect([clock.instructionsUntil(100), clock.instructionsUntil(5), clock.instructionsUntil(Infinity)]).toEqual([1, 1, Infinity]);
  });

  it("fires each timer at its own time, in the middle of a slice too", () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const at = (name: string, ns: number): void => clock.timer(name, () => log.push(`${name} at ${clock.nowNs()}`)).armAt(ns);
    at("b", 20);
    at("a", 10);
    at("c", 20);
    at("later", 101);
    clock.elapse(100);
    expect([log, clock.nowNs(), clock.nextDeadlineNs()]).toEqual([["a at 10", "b at 20", "c at 20"], 100, 101]);
  });

  it("lets a timer arm itself again, within the same slice", () => {
    const clock = new VirtualClock();
    const ticks: number[] = [];
    const timer = clock.timer("tick", () => {
      ticks.push(clock.nowNs());
      timer.armAt(clock.nowNs() + 30);
    });
    timer.armAt(10);
    clock.elapse(100);
    expect([ticks, timer.deadlineNs]).toEqual([[10, 40, 70, 100], 130]);
  });

  it("lets a callback disarm a timer that is due at the same time", () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.timer("first", () => {
      log.push("first");
      second.disarm();
    }).armAt(10);
    const second = clock.timer("second", () => log.push("second"));
    second.armAt(10);
    clock.elapse(10);
    expect(log).toEqual(["first"]);
  });

  it("fires at the next chance what was armed for now or before", () => {
    const clock = new VirtualClock();
    clock.elapse(50);
    const log: number[] = [];
    clock.timer("past", () => log.push(clock.nowNs())).armAt(7);
    clock.timer("now", () => log.push(clock.nowNs())).armAt(50);
    expect(log).toEqual([]); // not inside armAt: a device may still be in the middle of its own work
    clock.poll();
    expect([log, clock.nowNs()]).toEqual([[50, 50], 50]);
  });

  //   armed for      fires at
  it.each([
    [10.2, /*  */ 11],
    [-5, /*    */ 0],
    [-Infinity, 0],
    [NaN, /*   */ Infinity],
    [Infinity, /**/ Infinity],
    [2 ** 53, /**/ Infinity],
  ])("armed for %d, a timer has deadline %d", (ns, expected) => {
    const timer = new VirtualClock().timer("any", () => {});
    timer.armAt(1);
    timer.armAt(ns);
    expect(timer.deadlineNs).toBe(expected);
  });
});

describe("idle time", () => {
  it("is skipped to the next deadline, and no further than the limit", () => {
    const clock = new VirtualClock();
    const log: number[] = [];
    clock.timer("alarm", () => log.push(clock.nowNs())).armAt(1000);
    expect([clock.skipIdle(400), clock.nowNs(), log]).toEqual([true, 400, []]);
    expect([clock.skipIdle(Infinity), clock.nowNs()]).toEqual([true, 1000]);
    expect(log).toEqual([1000]);
    expect([clock.skipIdle(Infinity), clock.nowNs()]).toEqual([false, 1000]); // nothing to skip to
    expect([clock.skipIdle(2000), clock.nowNs()]).toEqual([true, 2000]);
  });

  it("starts a nanosecond of its own: fractions from before are dropped", () => {
    const clock = new VirtualClock({ instructionsPerUs: 3 });
    clock.elapse(1);
    clock.skipIdle(1000);
    clock.elapse(1);
    expect(clock.nowNs()).toBe(1333);
  });
});

describe("a clock saved and restored", () => {
  it("goes on exactly, fractions and order of timers included", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 5000 }), fc.array(fc.nat(2000), { maxLength: 8 }), fc.nat(500), fc.nat(3000), (instructionsPerUs, deadlines, before, after) => {
      const make = (): { readonly clock: VirtualClock; readonly log: string[]; readonly timers: ReturnType<VirtualClock["timer"]>[] } => {
        const clock = new VirtualClock({ instructionsPerUs });
        const log: string[] = [];
        return { clock, log, timers: deadlines.map((_, n) => clock.timer(`t${n}`, () => log.push(`t${n} at ${clock.nowNs()}`))) };
      };
      const whole = make();
      for (const [n, at] of deadlines.entries()) whole.timers[n]!.armAt(at);
      whole.clock.elapse(before);
      whole.log.length = 0;

      const other = make();
      other.timers[0]?.armAt(1); // a restored clock forgets what it had
      other.clock.restore(whole.clock.save());
      for (const [n, timer] of whole.timers.entries()) other.timers[n]!.restore(timer.save());

      for (const { clock, timers } of [whole, other]) {
        timers[0]?.armAt(clock.nowNs()); // an arming after the restore comes after all that were saved
        clock.elapse(after);
      }
      expect([other.log, other.clock.save()]).toEqual([whole.log, whole.clock.save()]);
    }));
  });

  it("resets to zero with every timer disarmed", () => {
    const clock = new VirtualClock({ instructionsPerUs: 3 });
    const timer = clock.timer("any", () => {});
    timer.armAt(5000);
    clock.elapse(4);
    clock.reset();
    expect([clock.nowNs(), timer.deadlineNs, clock.save()]).toEqual([0, Infinity, { nowNs: 0, remainder: 0, nextOrder: 0 }]);
  });
});

describe("a rate", () => {
  it.each([0, -1, 1.5, 1_000_001, NaN])("of %d is refused", (instructionsPerUs) => {
    expect(() => new VirtualClock({ instructionsPerUs })).toThrow(`the virtual clock cannot run at ${instructionsPerUs} instructions per µs; use a whole number from 1 to 1000000`);
  });
});
