/** Random programs of the generic timer against the definition in bigints, which finds the moment of a crossing by bisection. */
import { fromBigint } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PHYSICAL_TIMER_INTID, VIRTUAL_TIMER_INTID } from "./generic-timer.ts";
import { type Bench, bench, ENABLE, IMASK, ISTATUS } from "./timer-bench.fixture.ts";

type Step =
  | { readonly kind: "pass"; readonly ns: number }
  | { readonly kind: "ctl" | "tval"; readonly which: "physical" | "virtual"; readonly value: number }
  | { readonly kind: "cval"; readonly which: "physical" | "virtual"; readonly value: bigint };

const which = fc.constantFrom("physical" as const, "virtual" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("pass" as const), ns: fc.oneof(fc.nat(200), fc.nat(5e10)) }),
  fc.record({ kind: fc.constant("ctl" as const), which, value: fc.nat(7) }),
  fc.record({ kind: fc.constant("tval" as const), which, value: fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer()) }),
  fc.record({ kind: fc.constant("cval" as const), which, value: fc.oneof(fc.bigInt(0n, 1000n), fc.bigInt(0n, 2n ** 64n - 1n)) }),
);
const frequency = fc.oneof(fc.constantFrom(62_500_000, 24_000_000, 1_000_000_000), fc.integer({ min: 1, max: 1_000_000_000 }));

/** A timer by its definition, in bigints, with a search for the moment of crossing. */
class Oracle {
  enable = false;
  imask = false;
  cval = 0n;
  line = false;
  count(ns: number, hz: number): bigint {
    return (BigInt(ns) * BigInt(hz)) / 1_000_000_000n;
  }
  high(ns: number, hz: number): boolean {
    return this.enable && !this.imask && this.count(ns, hz) >= this.cval;
  }
}

describe("random programs", () => {
  it("give the lines, at the nanosecond, and the register values of an exact model", () => {
    fc.assert(fc.property(frequency, fc.array(step, { maxLength: 30 }), (hz, steps) => {
      const { clock, timer, log, lines } = bench(hz);
      const oracles = { physical: new Oracle(), virtual: new Oracle() };
      const intids = { physical: PHYSICAL_TIMER_INTID, virtual: VIRTUAL_TIMER_INTID };
      for (const next of steps) {
        log.length = 0;
        const expected: { readonly at: number; readonly text: string }[] = [];
        const before = clock.nowNs();
        if (next.kind === "pass") {
          clock.advanceTo(before + next.ns);
          for (const [name, oracle] of Object.entries(oracles) as [keyof typeof oracles, Oracle][]) {
            if (oracle.line || !oracle.high(before + next.ns, hz)) continue;
            let [low, high] = [before, before + next.ns];
            while (high - low > 1) {
              const middle = Math.floor((low + high) / 2);
              if (oracle.high(middle, hz)) high = middle;
              else low = middle;
            }
            oracle.line = true;
            expected.push({ at: high, text: `${intids[name]} high at ${high}` });
          }
          expect([...log].sort()).toEqual(expected.map(({ text }) => text).sort());
        } else {
          const oracle = oracles[next.which];
          if (next.kind === "ctl") {
            timer[next.which].writeCtl(next.value);
            oracle.enable = (next.value & ENABLE) !== 0;
            oracle.imask = (next.value & IMASK) !== 0;
          } else if (next.kind === "cval") {
            timer[next.which].writeCval(next.value);
            oracle.cval = next.value;
          } else {
            timer[next.which].writeTval(next.value);
            oracle.cval = BigInt.asUintN(64, oracle.count(before, hz) + BigInt(next.value));
          }
          const high = oracle.high(before, hz);
          expect(log).toEqual(high === oracle.line ? [] : [`${intids[next.which]} ${high ? "high" : "low"} at ${before}`]);
          oracle.line = high;
        }
        const now = clock.nowNs();
        for (const [name, oracle] of Object.entries(oracles) as [keyof typeof oracles, Oracle][]) {
          const met = oracle.enable && oracle.count(now, hz) >= oracle.cval;
          expect(timer[name].readCtl()).toBe((oracle.enable ? ENABLE : 0) | (oracle.imask ? IMASK : 0) | (met ? ISTATUS : 0));
          expect(timer[name].readCval()).toBe(fromBigint(oracle.cval));
          expect(BigInt(timer[name].readTval())).toBe(BigInt.asUintN(32, oracle.cval - oracle.count(now, hz)));
          expect(lines.get(intids[name]) ?? false).toBe(oracle.line);
        }
        expect(BigInt(timer.count())).toBe(oracles.physical.count(now, hz));
      }
    }), { numRuns: 150 });
  });

  it("go on identically after a save and a restore", () => {
    fc.assert(fc.property(frequency, fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (hz, before, after) => {
      const apply = ({ clock, timer }: Bench, next: Step): void => {
        if (next.kind === "pass") clock.advanceTo(clock.nowNs() + next.ns);
        else if (next.kind === "ctl") timer[next.which].writeCtl(next.value);
        else if (next.kind === "cval") timer[next.which].writeCval(next.value);
        else timer[next.which].writeTval(next.value);
      };
      const first = bench(hz);
      for (const next of before) apply(first, next);
      first.timer.eventStream.configure(0x64);
      first.timer.eventStream.waitForEvent();
      const second = bench(hz);
      second.clock.restore(first.clock.save());
      second.timer.restore(structuredClone(first.timer.save()));
      expect(second.timer.save()).toEqual(first.timer.save());
      expect(second.log).toEqual([]);
      first.log.length = 0;
      for (const next of [...after, { kind: "pass", ns: 1e6 } as const]) for (const one of [first, second]) apply(one, next);
      expect(second.log).toEqual(first.log);
      expect(second.timer.save()).toEqual(first.timer.save());
    }), { numRuns: 100 });
  });
});
