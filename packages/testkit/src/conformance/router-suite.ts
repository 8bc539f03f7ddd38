/**
 * The conformance suite of the GSI router contract (@trapline/core, irq/gsi-router.ts). It runs on any router, by what devices
 * and irqchips see of it; what the KVM ioctls answer is tested where they are implemented.
 *
 * @example
 * describeRouter("my router", () => ({ router, order, gsiOf: (pin) => pin, unroutedGsi: 1000 }));
 */
import { COALESCED, DELIVERED, type GsiEvent, HIGH, IGNORED, isTraplineError, LOW, NO_DEVICE_ID, PULSE } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BENCH_PINS, routerBench } from "./router-bench.ts";
import { describeRouterState } from "./router-state-suite.ts";
import { describeRoutingTable } from "./router-table-suite.ts";
import type { RouterFactory } from "./router-under-test.ts";

/** Registers the suite with vitest under `name`. */
export function describeRouter(name: string, factory: RouterFactory): void {
  describe(`${name}, router contract: signals`, () => {
    signals(factory);
    nowhere(factory);
  });
  describe(`${name}, router contract: lines, triggers and ports`, () => {
    sources(factory);
    refusals(factory);
  });
  describe(`${name}, router contract: messages`, () => {
    messages(factory);
  });
  describe(`${name}, router contract: completions`, () => {
    completions(factory);
  });
  describe(`${name}, router contract: reset, save and restore`, () => {
    describeRouterState(factory);
  });
  if (factory().routing === undefined) return;
  describe(`${name}, router contract: its table`, () => {
    describeRoutingTable(factory);
  });
}

function signals(factory: RouterFactory): void {
  it("reach the pin that the GSI leads to, as they are, and its chip's answer comes back", () => {
    const answers: number[] = [DELIVERED, DELIVERED, COALESCED, IGNORED];
    const { router, gsiOf, log } = routerBench(factory, { answer: () => answers.shift()! }, {});
    const results = [
      router.gsi$.emit(gsiOf(3), HIGH),
      router.gsi$.emit(gsiOf(3), LOW),
      router.gsi$.emit(gsiOf(0), PULSE),
      router.gsi$.emit(gsiOf(7), PULSE),
    ];
    expect(results).toEqual([DELIVERED, DELIVERED, COALESCED, IGNORED]);
    expect(log).toEqual(["chip0 pin 3 high", "chip0 pin 3 low", "chip0 pin 0 pulse", "chip0 pin 7 pulse"]);
  });

  it("lead where `resolve` says", () => {
    const { router, gsiOf } = routerBench(factory, {});
    for (let pin = 0; pin < BENCH_PINS; pin++) expect(router.resolve(gsiOf(pin))).toEqual([{ irqchip: 0, pin }]);
  });

  it("are shown to taps with what became of them", () => {
    const { router, gsiOf } = routerBench(factory, { answer: (pin) => (pin === 2 ? DELIVERED : IGNORED) });
    const seen: Pick<GsiEvent, "kind" | "gsi" | "signal" | "result">[] = [];
    router.gsi$.subscribe(({ kind, gsi, signal, result }) => seen.push({ kind, gsi, signal, result }));
    router.gsi$.emit(gsiOf(2), HIGH);
    router.trigger(gsiOf(5), "rtc").pulse();
    expect(seen).toEqual([
      { kind: "gsi", gsi: gsiOf(2), signal: "high", result: DELIVERED },
      { kind: "gsi", gsi: gsiOf(5), signal: "pulse", result: IGNORED },
    ]);
  });
}

function nowhere(factory: RouterFactory): void {
  it("lead nowhere in a machine without irqchips", () => {
    const { router, gsiOf } = routerBench(factory);
    expect([router.gsi$.emit(gsiOf(0), HIGH), router.gsi$.emit(gsiOf(0), LOW), router.resolve(gsiOf(0))]).toEqual([IGNORED, IGNORED, []]);
  });

  it("lead nowhere where there is no route, and no chip hears of them", () => {
    const { router, unroutedGsi, log } = routerBench(factory, {});
    for (const signal of [HIGH, PULSE, LOW] as const) expect(router.gsi$.emit(unroutedGsi, signal)).toBeLessThanOrEqual(0);
    expect([router.resolve(unroutedGsi), log]).toEqual([[], []]);
  });

  it.each([0, 4095, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff])("take GSI %d from anywhere without throwing", (gsi) => {
    const { router } = routerBench(factory, {});
    for (const signal of [HIGH, PULSE, LOW] as const) expect(router.gsi$.emit(gsi, signal)).toBeLessThanOrEqual(DELIVERED);
  });
}

function sources(factory: RouterFactory): void {
  it("OR the lines of one GSI: up with the first, down with the last, and only changes are told", () => {
    const { router, gsiOf, log } = routerBench(factory, {});
    const [a, b] = [router.line(gsiOf(2), "uart0"), router.line(gsiOf(2), "uart1")];
    for (const [line, high] of [
      [a, true],
      [a, true],
      [b, true],
      [a, false],
      [b, false],
      [b, false],
    ] as const)
      line.set(high);
    expect(log).toEqual(["chip0 pin 2 high", "chip0 pin 2 low"]);
    expect([a.high, b.high]).toEqual([false, false]);
  });

  it("drive a pin to the OR of its lines, whatever happens to them", () => {
    const step = fc.record({ line: fc.nat(5), high: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { router, gsiOf, log } = routerBench(factory, {});
        const lines = Array.from({ length: 6 }, (_, n) => router.line(gsiOf(n % 3), `device${n}`));
        const level = [false, false, false];
        for (const { line, high } of steps) {
          lines[line]!.set(high);
          for (const entry of log.splice(0)) level[Number(entry.split(" ")[2])] = entry.endsWith("high");
          expect(level).toEqual([0, 1, 2].map((pin) => lines.some((each, n) => n % 3 === pin && each.high)));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("pulse for a device with an edge", () => {
    const { router, gsiOf, log } = routerBench(factory, {});
    const trigger = router.trigger(gsiOf(1), "rtc");
    trigger.pulse();
    trigger.pulse();
    expect(log).toEqual(["chip0 pin 1 pulse", "chip0 pin 1 pulse"]);
  });

  it("serve an irqfd by a port, each call of which is an emission with its result", () => {
    const { router, gsiOf, log } = routerBench(factory, {});
    const port = router.port(gsiOf(4));
    let emissions = 0;
    router.gsi$.subscribe(() => emissions++);
    expect([port.gsi, port.set(true), port.set(false), port.pulse()]).toEqual([gsiOf(4), DELIVERED, DELIVERED, DELIVERED]);
    expect(log.splice(0)).toEqual(["chip0 pin 4 high", "chip0 pin 4 low", "chip0 pin 4 pulse"]);
    expect(port.fire()).toBe(DELIVERED);
    expect(["chip0 pin 4 pulse", "chip0 pin 4 high"]).toContain(log[0]); // an edge; Linux's fast path leaves the pin up
    expect([emissions, log.length]).toEqual([4, 1]);
  });

  it("give ports that lead nowhere until there is a chip", () => {
    const bench = routerBench(factory);
    const port = bench.router.port(bench.gsiOf(4));
    expect(port.pulse()).toBe(IGNORED);
  });

  it("are listed with their owners, for dumps", () => {
    const { router, gsiOf } = routerBench(factory, {});
    router.line(gsiOf(1), "uart0");
    router.trigger(gsiOf(2), "rtc");
    router.line(gsiOf(1), "uart1");
    expect([...router.sources]).toEqual([
      { gsi: gsiOf(1), owner: "uart0", trigger: "level" },
      { gsi: gsiOf(2), owner: "rtc", trigger: "edge" },
      { gsi: gsiOf(1), owner: "uart1", trigger: "level" },
    ]);
  });
}

function refusals(factory: RouterFactory): void {
  it.each([-1, 0.5, 2 ** 32, Number.NaN])("refuse GSI %d to a device, by a ConfigError, and keep nothing of it", (gsi) => {
    const { router } = routerBench(factory, {});
    for (const ask of [() => router.line(gsi, "uart0"), () => router.trigger(gsi, "uart0")]) {
      expect(ask).toThrow(expect.toSatisfy((error) => isTraplineError(error, "config")));
    }
    expect(router.sources).toEqual([]);
  });
}

function messages(factory: RouterFactory): void {
  it("go to the chips that take messages, in machine order, until one accepts", () => {
    const { router, log } = routerBench(factory, {}, { msiResult: IGNORED }, { msiResult: COALESCED }, { msiResult: DELIVERED });
    expect(router.msi$.emit(0x808_0040, 7, 5)).toBe(COALESCED);
    expect(log).toEqual(["chip1 msi 0x8080040 7 5", "chip2 msi 0x8080040 7 5"]);
  });

  it("are refused with a negative result when nobody takes them", () => {
    const { router, log } = routerBench(factory, {}, { msiResult: IGNORED });
    expect(router.msi$.emit(0x808_0040, 7, NO_DEVICE_ID)).toBeLessThan(0);
    expect(log).toEqual(["chip1 msi 0x8080040 7 -1"]);
    expect(routerBench(factory).router.msi$.emit(0x808_0040, 7, NO_DEVICE_ID)).toBeLessThan(0);
  });
}

function completions(factory: RouterFactory): void {
  it("reach everybody who listens to a GSI of the pin, until they leave", () => {
    const { router, gsiOf, chips } = routerBench(factory, {}, {});
    const told: string[] = [];
    const first = router.onCompletion(gsiOf(2), () => told.push("first"));
    router.onCompletion(gsiOf(2), () => told.push("second"));
    router.onCompletion(gsiOf(3), () => told.push("another pin"));
    chips[0]!.completions$.emit(2);
    expect(told.splice(0)).toEqual(["first", "second"]);
    chips[1]!.completions$.emit(2); // another chip's pin 2
    expect(told.splice(0)).toEqual([]);
    first.unsubscribe();
    first.unsubscribe();
    chips[0]!.completions$.emit(2);
    expect(told).toEqual(["second"]);
  });

  it("may be answered by lowering the line, as a resampler does, and by leaving", () => {
    const { router, gsiOf, chips, log } = routerBench(factory, {});
    const line = router.line(gsiOf(2), "device");
    line.set(true);
    const listener = router.onCompletion(gsiOf(2), () => {
      line.set(false);
      listener.unsubscribe();
    });
    chips[0]!.completions$.emit(2);
    chips[0]!.completions$.emit(2);
    expect(log).toEqual(["chip0 pin 2 high", "chip0 pin 2 low"]);
  });

  it("are owned for every chip, and the chips are numbered in the order in which they came", () => {
    const { router, chips } = routerBench(factory, {}, {});
    expect(router.irqchips).toEqual(chips);
    for (const { completions$ } of chips) expect(completions$.ownerName).toBeDefined();
  });
}
