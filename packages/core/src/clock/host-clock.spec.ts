/** Host time, with the monotonic source injected. */
import { describe, expect, it } from "vitest";
import { HostClock } from "./host-clock.ts";

function hosted(startMs = 123_456.789): { readonly clock: HostClock; readonly pass: (ms: number) => void } {
  let nowMs = startMs;
  return { clock: new HostClock(() => nowMs), pass: (ms) => (nowMs += ms) };
}

describe("host time", () => {
  it("is nanoseconds since power-on, whatever the host's clock shows", () => {
    const { clock, pass } = hosted();
    expect(clock.nowNs()).toBe(0);
    pass(1.5);
    expect(clock.nowNs()).toBe(1_500_000);
  });

  it("does not move with instructions, and none are too many", () => {
    const { clock } = hosted();
    clock.elapse();
    expect([clock.nowNs(), clock.instructionsUntil(), clock.skipIdle()]).toEqual([0, Infinity, false]);
  });

  it("fires what came due when polled, at the time it is", () => {
    const { clock, pass } = hosted();
    const log: string[] = [];
    for (const [name, ns] of [["b", 2e6], ["a", 1e6], ["later", 9e6]] as const) clock.timer(name, () => log.push(`${name} at ${clock.nowNs()}`)).armAt(ns);
    pass(5);
    expect(log).toEqual([]);
    clock.poll();
    expect([log, clock.nextDeadlineNs()]).toEqual([["a at 5000000", "b at 5000000"], 9e6]);
  });

  it("goes on where it was saved, on another host", () => {
    const first = hosted(1000);
    first.clock.timer("used an order number", () => {}).armAt(5);
    first.pass(7);
    const second = hosted(55_555);
    const timer = second.clock.timer("forgotten", () => {});
    timer.armAt(5);
    second.clock.restore(first.clock.save());
    expect([second.clock.nowNs(), timer.deadlineNs, second.clock.save().nextOrder]).toEqual([7e6, Infinity, 1]);
    second.pass(1);
    expect(second.clock.nowNs()).toBe(8e6);
  });

  it("starts again at reset", () => {
    const { clock, pass } = hosted();
    clock.timer("old", () => {}).armAt(1e9);
    pass(100);
    clock.reset();
    expect([clock.nowNs(), clock.nextDeadlineNs()]).toEqual([0, Infinity]);
  });

  it("is the host's monotonic clock unless told otherwise", () => {
    const clock = new HostClock();
    const before = clock.nowNs();
    expect(before).toBeGreaterThanOrEqual(0);
    expect(clock.nowNs()).toBeGreaterThanOrEqual(before);
  });
});
