/** The generic timer, row by row (Arm ARM DDI 0487 D11.2; gic.md H.1 and J.7, whose numbers are in the names). */
import { HostClock, isTraplineError, type PlainData, toBigint } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { DEFAULT_FREQUENCY_HZ, GenericTimer, PHYSICAL_TIMER_INTID, VIRTUAL_TIMER_INTID } from "./generic-timer.ts";
import { bench, ENABLE, IMASK, ISTATUS } from "./timer-bench.fixture.ts";

describe.each([
  ["physical", PHYSICAL_TIMER_INTID],
  ["virtual", VIRTUAL_TIMER_INTID],
] as const)("the %s timer", (which, intid) => {
  it("251: raises its PPI at the tick of its CompareValue, and drops it at once when that moves on", () => {
    const { timer, log, ticks } = bench();
    ticks(1000);
    timer[which].writeCval(1100n);
    timer[which].writeCtl(ENABLE);
    ticks(99);
    expect([timer[which].readCtl(), log]).toEqual([ENABLE, []]);
    ticks(1);
    expect([timer[which].readCtl(), log]).toEqual([ENABLE | ISTATUS, [`${intid} high at 17600`]]);
    timer[which].writeCval(1_000_000n);
    expect([timer[which].readCtl(), log[1]]).toEqual([ENABLE, `${intid} low at 17600`]);
  });

  it("252: fires in the same call when TVAL is -1", () => {
    const { timer, log, ticks } = bench();
    ticks(5);
    timer[which].writeCtl(ENABLE | IMASK);
    timer[which].writeTval(0xffff_ffff);
    expect(timer[which].readCval()).toBe(4);
    timer[which].writeCtl(ENABLE);
    expect(log).toEqual([`${intid} high at 80`]);
  });

  it("253: keeps the wire low while masked, and shows ISTATUS", () => {
    const { timer, log, ticks } = bench();
    timer[which].writeCval(3n);
    timer[which].writeCtl(ENABLE | IMASK);
    ticks(3);
    expect([timer[which].readCtl(), log]).toEqual([ENABLE | IMASK | ISTATUS, []]);
    timer[which].writeCtl(ENABLE);
    timer[which].writeCtl(ENABLE | IMASK);
    expect(log).toEqual([`${intid} high at 48`, `${intid} low at 48`]);
  });

  it("254: keeps the wire low while disabled", () => {
    const { timer, log, ticks } = bench();
    timer[which].writeCval(3n);
    ticks(10);
    expect([timer[which].readCtl(), log]).toEqual([0, []]);
    timer[which].writeCtl(ENABLE);
    timer[which].writeCtl(0);
    expect(log).toEqual([`${intid} high at 160`, `${intid} low at 160`]);
  });

  it("194: stays high through an acknowledge, until it is reprogrammed", () => {
    const { timer, lines, ticks } = bench();
    timer[which].writeCtl(ENABLE);
    ticks(1000);
    expect(lines.get(intid)).toBe(true);
    timer[which].writeTval(10);
    expect(lines.get(intid)).toBe(false);
    ticks(10);
    expect(lines.get(intid)).toBe(true);
  });

  //   TVAL written   CVAL at count 100               TVAL read
  it.each([
    [0, /*         */ 100n, /*                     */ 0],
    [0x7fff_ffff, /**/ 100n + 0x7fff_ffffn, /*     */ 0x7fff_ffff],
    [0x8000_0000, /**/ 2n ** 64n + 100n - 0x8000_0000n, 0x8000_0000], // sign-extended, modulo 2^64
    [0xffff_ff9c, /**/ 0n, /*                      */ 0xffff_ff9c],
    [0xffff_ff9b, /**/ 2n ** 64n - 1n, /*          */ 0xffff_ff9b],
  ])("takes TVAL %d as a signed offset from the count", (tval, cval, read) => {
    const { timer, ticks } = bench();
    ticks(100);
    timer[which].writeTval(tval);
    expect([toBigint(timer[which].readCval()), timer[which].readTval(), timer[which].peekTval()]).toEqual([cval, read, read]);
  });

  it("counts TVAL down, on below zero", () => {
    const { timer, ticks } = bench();
    timer[which].writeTval(2);
    const seen = [0, 1, 2, 3].map(() => {
      const tval = timer[which].readTval();
      ticks(1);
      return tval;
    });
    expect(seen).toEqual([2, 1, 0, 0xffff_ffff]);
  });

  it("compares 64 bits without sign: the far half of the range is not the past", () => {
    const { timer, log, clock } = bench();
    clock.advanceTo(1_000_000);
    timer[which].writeCtl(ENABLE);
    log.length = 0;
    for (const cval of [2n ** 63n, 2n ** 64n - 1n, 2n ** 53n]) {
      timer[which].writeCval(cval);
      expect([toBigint(timer[which].readCval()), timer[which].readCtl(), timer[which].peekCtl()]).toEqual([cval, ENABLE, ENABLE]);
    }
    expect([log, clock.nextDeadlineNs()]).toEqual([[`${intid} low at 1000000`], Infinity]);
  });

  it("writes only ENABLE and IMASK of CTL", () => {
    const { timer } = bench();
    timer[which].writeCval(1n);
    timer[which].writeCtl(0xffff_fffe | 0);
    expect(timer[which].readCtl()).toBe(IMASK);
    timer[which].writeCtl(0xffff_ffff | 0);
    expect(timer[which].readCtl()).toBe(ENABLE | IMASK);
  });

  it("is disabled with its line low after a reset, while the counter goes on", () => {
    const { timer, lines, ticks, clock } = bench();
    timer[which].writeCtl(ENABLE);
    ticks(7);
    expect(lines.get(intid)).toBe(true);
    timer.reset();
    expect([lines.get(intid), timer[which].readCtl(), timer[which].readCval(), timer.count()]).toEqual([false, 0, 0, 7]);
    timer[which].writeCval(9n);
    timer[which].writeCtl(ENABLE);
    timer.reset();
    expect(clock.nextDeadlineNs()).toBe(Infinity);
  });
});

describe("the two timers", () => {
  it("are independent, and fire in the order of their deadlines", () => {
    const { timer, log, ticks } = bench();
    timer.physical.writeCval(20n);
    timer.virtual.writeCval(10n);
    timer.physical.writeCtl(ENABLE);
    timer.virtual.writeCtl(ENABLE);
    ticks(100);
    expect(log).toEqual(["27 high at 160", "30 high at 320"]);
  });

  it("run at 62.5 MHz unless told otherwise", () => {
    expect([bench().timer.frequencyHz, DEFAULT_FREQUENCY_HZ]).toEqual([62_500_000, 62_500_000]);
    expect(bench(1_000_000).timer.frequencyHz).toBe(1_000_000);
  });

  it("never wake anybody for the end of time", () => {
    const { timer, clock } = bench(1);
    timer.virtual.writeCval(9_007_200n); // seconds; the clock ends at 9 007 199
    timer.virtual.writeCtl(ENABLE);
    expect(clock.nextDeadlineNs()).toBe(Infinity);
    timer.virtual.writeCval(9_007_199n);
    expect(clock.nextDeadlineNs()).toBe(9_007_199e9);
  });
});

describe("a clock that moves by itself", () => {
  it.each<readonly [string, (timer: GenericTimer) => unknown]>([
    ["CTL", (timer) => timer.virtual.readCtl()],
    ["TVAL", (timer) => timer.virtual.readTval()],
    ["the counter", (timer) => timer.count()],
  ])("raises the line when a read of %s finds the time passed, before its callback came", (_, read) => {
    let nowMs = 0;
    const clock = new HostClock(() => nowMs);
    const levels: boolean[] = [];
    const timer = new GenericTimer({ clock, name: "vcpu0", setLevel: (_, high) => levels.push(high), onEvent: () => {} });
    timer.virtual.writeCval(62_500n);
    timer.virtual.writeCtl(ENABLE);
    nowMs = 1;
    expect([timer.virtual.peekCtl(), levels]).toEqual([ENABLE | ISTATUS, []]);
    read(timer);
    expect(levels).toEqual([true]);
    clock.poll();
    expect(levels).toEqual([true]);
  });
});

describe("a saved timer is refused", () => {
  const good = bench().timer.save() as { readonly [key: string]: PlainData };
  const part = (key: string, change: object): PlainData => ({ ...good, [key]: { ...(good[key] as object), ...change } }) as PlainData;
  const OF = "in the saved state of the generic timer of vcpu0";

  it.each<readonly [string, PlainData, string]>([
    ["that is no record", 5, "the saved state of the generic timer of vcpu0 is no record"],
    ["of another frequency", { ...good, frequencyHz: 24e6 }, `frequencyHz ${OF} should be 62500000, as in this machine`],
    ["without a part", { ...good, virtual: null }, "the saved state of the generic timer of vcpu0 virtual is no record"],
    ["with a control that no guest can set", part("virtual", { control: 4 }), `control ${OF} virtual should be a whole number up to 3`],
    ["with a negative value", part("virtual", { compareValue: -1n }), `compareValue ${OF} virtual should be a bigint from 0 to`],
    ["with a line that is no level", part("physical", { line: 1 }), `line ${OF} physical should be true or false`],
    ["with a strange alarm", part("physical", { timer: { deadlineNs: NaN, order: 0 } }), `deadlineNs ${OF} physical timer should be`],
  ])("%s, and nothing changes", (_, state, message) => {
    const { timer } = bench();
    timer.physical.writeCval(77n);
    const before = timer.save();
    let error: unknown;
    try {
      timer.restore(state);
    } catch (thrown) {
      error = thrown;
    }
    expect(isTraplineError(error, "snapshot") && error.message).toContain(message);
    expect(timer.save()).toEqual(before);
  });
});
