/** The event stream (Arm ARM D11.2.3): every transition of one bit of the counter, found by counting, not by ticking. */
import { VirtualClock } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterRate } from "./counter-rate.ts";
import { EventStream } from "./event-stream.ts";

const EVNTEN = 1 << 2;
const FALLING = 1 << 3;
const bit = (n: number): number => n << 4;

/** At 1 GHz a tick is a nanosecond. */
function stream(): { readonly clock: VirtualClock; readonly events: EventStream; readonly log: number[] } {
  const clock = new VirtualClock();
  const log: number[] = [];
  return { clock, log, events: new EventStream("vcpu0.events", clock, new CounterRate(1_000_000_000), () => log.push(clock.nowNs())) };
}

describe("a WFE that waits", () => {
  //   CNTKCTL_EL1                     from    wakes at
  it.each([
    [EVNTEN | bit(0), /*            */ 0, /**/ 1],
    [EVNTEN | bit(0), /*            */ 1, /**/ 3],
    [EVNTEN | FALLING | bit(0), /*  */ 0, /**/ 2],
    [EVNTEN | FALLING | bit(0), /*  */ 2, /**/ 4],
    [EVNTEN | bit(3), /*            */ 0, /**/ 8],
    [EVNTEN | bit(3), /*            */ 8, /**/ 24],
    [EVNTEN | FALLING | bit(3), /*  */ 8, /**/ 16],
    [EVNTEN | bit(15), /*           */ 1, /**/ 32_768],
    [EVNTEN | FALLING | bit(15), /* */ 1, /**/ 65_536],
  ])("with CNTKCTL_EL1 = %d from %d on wakes at %d", (cntkctl, from, at) => {
    const { clock, events, log } = stream();
    events.configure(cntkctl);
    clock.advanceTo(from);
    events.take();
    events.waitForEvent();
    clock.advanceTo(at - 1);
    expect(log).toEqual([]);
    clock.advanceTo(at + 1);
    expect([log, events.take()]).toEqual([[at], false]); // the event that woke it is taken
  });

  it("wakes once for each wait, not for each event", () => {
    const { clock, events, log } = stream();
    events.configure(EVNTEN | bit(0));
    events.waitForEvent();
    clock.advanceTo(100);
    expect([log, clock.nextDeadlineNs()]).toEqual([[1], Infinity]);
  });

  it("waits for ever while the stream is off, and after the wait has ended", () => {
    const { clock, events, log } = stream();
    events.configure(bit(0));
    events.waitForEvent();
    expect(clock.nextDeadlineNs()).toBe(Infinity);
    events.configure(EVNTEN | bit(5));
    events.waitForEvent();
    expect(clock.nextDeadlineNs()).toBe(32);
    events.stopWaiting();
    clock.advanceTo(1000);
    expect(log).toEqual([]);
  });
});

describe("an event that nobody waited for", () => {
  it("is there for the next WFE, once, like the event register", () => {
    const { clock, events } = stream();
    events.configure(EVNTEN | bit(3));
    expect(events.take()).toBe(false);
    clock.advanceTo(8);
    expect([events.take(), events.take()]).toEqual([true, false]);
    clock.advanceTo(100);
    expect([events.take(), events.take()]).toEqual([true, false]);
  });

  it("survives a change of the setting, and none is invented by it", () => {
    const { clock, events } = stream();
    events.configure(EVNTEN | bit(3));
    clock.advanceTo(10);
    events.configure(0);
    expect([events.take(), events.take()]).toEqual([true, false]);
    clock.advanceTo(1000);
    events.configure(EVNTEN | bit(0));
    expect(events.take()).toBe(false);
  });

  it("is forgotten by a reset", () => {
    const { clock, events } = stream();
    events.configure(EVNTEN | bit(0));
    clock.advanceTo(50);
    events.waitForEvent();
    events.reset();
    expect([events.take(), clock.nextDeadlineNs()]).toEqual([false, Infinity]);
  });
});

describe("the stream", () => {
  it("has the events that one sees by ticking", () => {
    fc.assert(fc.property(fc.nat(5), fc.boolean(), fc.nat(300), fc.nat(300), (n, falling, from, ticks) => {
      const { clock, events, log } = stream();
      events.configure(EVNTEN | (falling ? FALLING : 0) | bit(n));
      clock.advanceTo(from);
      events.take();
      const bitAt = (count: number): number => (count >> n) & 1;
      const isEvent = (count: number): boolean => bitAt(count) === (falling ? 0 : 1) && bitAt(count - 1) === (falling ? 1 : 0);
      let next = from + 1;
      while (!isEvent(next)) next++;
      clock.advanceTo(from + ticks);
      expect(events.take()).toBe(next <= from + ticks);
      let wake = from + ticks + 1;
      while (!isEvent(wake)) wake++;
      events.waitForEvent();
      clock.advanceTo(wake);
      expect(log).toEqual([wake]);
    }), { numRuns: 500 });
  });
});
