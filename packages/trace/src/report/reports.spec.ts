/** What people read of interrupts: numbers, distributions, and why one did not arrive. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Journey } from "../journey/journey.ts";
import { JourneyTracker } from "../journey/journey-tracker.ts";
import { levelInterrupt, type Story, story, WIRING } from "../story.fixture.ts";
import { Wiring, type WiringEvent } from "../wiring.ts";
import { Histogram } from "./histogram.ts";
import { IrqStatistics, MAX_ROWS } from "./irq-statistics.ts";
import { journeyText } from "./journey-text.ts";
import { latencyText } from "./latency-text.ts";
import { statisticsData } from "./statistics-data.ts";
import { bar, duration, table } from "./text.ts";
import { topText } from "./top-text.ts";
import { neverText, whyText } from "./why-text.ts";

const wiring = new Wiring(WIRING);

function statisticsOf({ events }: Story, wired: WiringEvent = WIRING): IrqStatistics {
  const statistics = new IrqStatistics();
  const tracker = new JourneyTracker(statistics, wired);
  for (const event of events) tracker.next(event);
  tracker.finish();
  return statistics;
}

function lastOf({ events }: Story): Journey {
  let last: Journey | undefined;
  const tracker = new JourneyTracker({ ended: (journey) => void (last = journey) }, WIRING);
  for (const event of events) tracker.next(event);
  tracker.finish();
  return last!;
}

/** Three interrupts of the button with different waits, then one of the sensor that nobody takes again. */
function busy(): Story {
  const events = story();
  for (const [start, waits] of [[0, 10], [1000, 20], [2000, 900]] as const) events.at(start).wire(2, "pulse").wire(2, "pulse", 0).at(start + waits).take(0, 34).at(start + waits + 50).end(0, 34, 2);
  return events.at(5000).wire(1, "high").at(5010).take(0, 33).at(5020).end(0, 33, 1).at(9000).sysreg(1, "ICC_IAR1_EL1", 1023);
}

describe("reports", () => {
  it("top has a line for each interrupt, the busiest first", () => {
    expect(topText(statisticsOf(busy()), wiring)).toBe(
      [
        "interrupt         source          raised  taken  merged  withdrawn  lost  waits p50     p99  handled p50    p99  now",
        "SPI 2 (INTID 34)  button (GSI 2)       3      3       3          0     0      20 ns  900 ns        50 ns  50 ns",
        "SPI 1 (INTID 33)  sensor (GSI 1)       2      1       0          0     1      10 ns   10 ns        10 ns  10 ns  held, not taken",
        "reads of IAR that found nothing: vCPU 1 1",
      ].join("\n"),
    );
  });

  it("top shortens a long list, and has nothing to say of nothing", () => {
    expect(topText(statisticsOf(busy()), wiring, 1)).toMatch(/button.*\nand 1 more\n/);
    expect(topText(new IrqStatistics(), wiring)).toBe("no interrupt so far");
  });

  it("top has one line for an interrupt of a vCPU, however its signal came", () => {
    const wide = { ...WIRING, irqchips: [{ name: "gic", pins: 1000, inputs: [{ pin: 0, intid: 16, count: 16, vcpu: 0 }, { pin: 16, intid: 16, count: 16, vcpu: 1 }] }], sources: [] };
    const held = story().gsi(9, "high").pin(25, "high").line(1, true).at(4).take(1, 25).at(6).end(1, 25, 25).at(8).take(1, 25).pin(25, "low").at(9).end(1, 25, 25);
    const rows = statisticsOf(held, wide).rows.map(({ name, counts, waited }) => [name, counts.raised, counts.taken, waited.count]);
    expect(rows).toEqual([["PPI 9 (INTID 25) of vCPU 1", 2, 2, 2]]);
  });

  it("top has one line for an interrupt of a chip with other numbers than its pins', and how long the first of them waited", () => {
    const other = { ...WIRING, irqchips: [...WIRING.irqchips, { name: "pic", pins: 8, inputs: [] }] };
    const events = story().gsi(9, "high").pin(1, "high", 1, "pic").exit(0);
    for (const what of ["acknowledge", "deactivate"]) events.at(events.events.length * 10).exit(0).pin(1, "low", 1, "pic").event(`pic.${what}`, { irqchip: "pic", vcpu: 0, intid: 33 });
    const rows = statisticsOf(events.event("completion", { irqchip: "pic", pin: 1 }).exit(0), other).rows.map(({ name, counts, waited, pending }) => [name, counts.raised, counts.taken, waited.maxNs, pending]);
    expect(rows).toEqual([["pic interrupt 33", 1, 1, 30, undefined]]);
  });

  it("latency of a pin is found by the number that the guest has for it", () => {
    const plic = { ...WIRING, irqchips: [...WIRING.irqchips, { name: "plic", pins: 32, inputs: [] }] };
    const events = story().gsi(9, "high").pin(3, "high", 1, "plic").at(6).exit(0).event("plic.acknowledge", { irqchip: "plic", vcpu: 0, intid: 3 });
    events.pin(3, "low", 1, "plic").at(9).exit(0).event("completion", { irqchip: "plic", pin: 3 }).exit(0);
    expect(latencyText(statisticsOf(events, plic), new Wiring(plic), 3)).toMatch(/^plic pin 3, GSI 9: 1 raised, 1 taken\n {2}raise → acknowledge: min 6 ns,/);
  });

  it("latency has the distribution of waiting and handling", () => {
    expect(latencyText(statisticsOf(busy()), wiring, 34)).toBe(
      [
        "SPI 2 (INTID 34), button (GSI 2): 3 raised, 3 taken",
        "  raise → acknowledge: min 10 ns, p50 20 ns, p90 900 ns, p99 900 ns, max 900 ns",
        "      0 ns  –    16 ns  1  ████████████████████████████████████████",
        "     16 ns  –    32 ns  1  ████████████████████████████████████████",
        "     32 ns  –    64 ns  0",
        "     64 ns  –   128 ns  0",
        "    128 ns  –   256 ns  0",
        "    256 ns  –   512 ns  0",
        "    512 ns  –  1.02 µs  1  ████████████████████████████████████████",
        "  acknowledge → end: min 50 ns, p50 50 ns, p90 50 ns, p99 50 ns, max 50 ns",
        "    32 ns  –  64 ns  3  ████████████████████████████████████████",
      ].join("\n"),
    );
    expect(latencyText(statisticsOf(busy()), wiring, 77)).toBe("INTID 77 was not taken");
    expect(latencyText(statisticsOf(story()), wiring)).toBe("no interrupt was taken");
  });

  it("data is the same for programs", () => {
    const [sensor, button] = statisticsData(statisticsOf(busy()), wiring);
    expect(sensor).toMatchObject({ name: "SPI 1 (INTID 33)", intid: 33, source: "sensor (GSI 1)", raised: 2, taken: 1, completed: 1, lost: 1, waiting: true });
    expect(button).toMatchObject({ intid: 34, gsi: 2, merged: 3, waiting: false, waited: { count: 3, minNs: 10, p50Ns: 20, maxNs: 900 }, handled: { meanNs: 50 } });
  });

  it("a journey is its steps, with the time between them", () => {
    expect(journeyText(lastOf(levelInterrupt()), wiring)).toBe(
      [
        "SPI 1 (INTID 33): completed",
        "  #2   1.000 µs          sensor (GSI 1) goes high",
        "  #3   1.000 µs          gic pin 1 goes high",
        "  #4   1.000 µs          gic drives a line of vCPU 0 high",
        "  #7   1.010 µs  +10 ns  vCPU 0 takes it, priority 0xa0",
        "  #12  1.020 µs  +10 ns  GSI 1 goes low",
        "  #14  1.030 µs  +10 ns  end of interrupt: the priority drops",
        "  #15  1.030 µs          deactivated",
        "  #16  1.030 µs          completed: the router is told",
      ].join("\n"),
    );
  });

  it("a guest with more interrupts than rows fills the last one", () => {
    const statistics = new IrqStatistics();
    const tracker = new JourneyTracker(statistics, WIRING);
    const events = story();
    for (let n = 0; n < MAX_ROWS + 10; n++) events.msi("router", n, 8).msi("gic", n, 8).translation(8, n, 8192 + n).exit(0);
    for (const event of events.events) tracker.next(event);
    expect([statistics.rows.length, statistics.rows.at(-1)]).toMatchObject([MAX_ROWS + 1, { name: "others", counts: { raised: 10 } }]);
  });
});

describe("why", () => {
  const edge = (): Story => story().access(0, "gic distributor", "GICD_ICFGR<2>", "write", 0b10 << 2);
  const held = (from: Story): Story => from.at(2).wire(1, "high").at(4).take(0, 33).at(5).end(0, 33, 1);
  it.each<[string, Story, RegExp]>([
    ["it arrived", levelInterrupt(), /^SPI 1 \(INTID 33\) arrived: vCPU 0 took it after 10 ns and was done after 20 ns\.$/],
    ["nobody ended it", story().wire(1, "high").take(0, 33), /is active: vCPU 0 took it at 0\.000 µs and has not ended it/],
    ["the guest masks it", story().wire(1, "high").line(0, true).exit(0), /waits since 0\.000 µs: vCPU 0's line is high for it, and the guest does not take it/],
    ["the chip does not signal it", story().wire(1, "high").exit(0), /waits since .* and is not signalled: it is disabled, masked/],
    ["a held line on an edge-triggered input", held(edge()), /^SPI 1 \(INTID 33\) is lost: sensor \(GSI 1\) holds its line high since .* configured it as edge-triggered, and a line that stays high has no edge: configure it as level-sensitive\.$/],
    ["a held line, the configuration unseen", held(story()), /is lost: .*; it is configured as edge-triggered, disabled, or masked/],
    ["a pulse on a level-sensitive input", story().gsi(2, "pulse", -1).pin(2, "pulse", -1).exit(0), /^The pulse of button \(GSI 2\) left nothing behind: SPI 2 \(INTID 34\), gic pin 2 is level-sensitive/],
    ["no route", story().gsi(9, "high", -1).exit(0), /^The signal of GSI 9 was ignored: GSI 9 leads nowhere\.$/],
    ["no such pin", story().gsi(1, "high", -1).pin(700, "high", -1).exit(0), /does not implement pin 700 of gic/],
    ["a message to nobody", story().msi("router", 7, 8, -1).exit(0), /^The message 0x7 to 0x808_0040 was taken by nobody, or blocked/],
    ["a line that fell, masked", story().wire(1, "high").at(30).wire(1, "low").exit(0), /was never signalled to a vCPU: the line was high for 30 ns and went low again/],
    ["a line that fell, not taken", story().wire(1, "high").line(1, true).at(30).wire(1, "low").exit(0), /was signalled to vCPU 1, which did not take it/],
    ["a reset", story().wire(1, "high").machine("reset").wire(1, "low"), /was forgotten in a reset or a restore while it waited/],
  ])("%s", (_what, events, expected) => {
    expect(whyText(lastOf(events), wiring)).toMatch(expected);
  });

  it("says so of one that never was raised", () => {
    expect([33, 40].map((intid) => neverText(`INTID ${intid}`, wiring, intid))).toEqual([
      "INTID 33 was never raised in this trace; its source is sensor (GSI 1).",
      "INTID 40 was never raised in this trace, and nothing is wired to it.",
    ]);
  });
});

describe("numbers", () => {
  it("durations have three digits and a unit", () => {
    expect([0, 950, 1250, 30_000_000, 2.5e9, 1e12].map(duration)).toEqual(["0 ns", "950 ns", "1.25 µs", "30 ms", "2.5 s", "1000 s"]);
  });

  it("columns of numbers and durations are aligned to the right", () => {
    expect(table([["name", "n", "time"], ["a", "5", "12 ns"], ["bc", "10", "1.5 µs"]])).toBe("name   n    time\na      5   12 ns\nbc    10  1.5 µs");
  });

  it("bars show even the little", () => {
    expect([bar(0, 100, 4), bar(1, 1000, 4), bar(50, 100, 4), bar(100, 100, 4), bar(0, 0, 4)]).toEqual(["", "▏", "██", "████", ""]);
  });

  it("quantiles are at most a sixteenth too high, and never too low", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(100), fc.nat(10_000_000), fc.maxSafeNat()), { minLength: 1, maxLength: 50 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1]!;
        expect(histogram.quantile(q)).toBeGreaterThanOrEqual(exact);
        expect(histogram.quantile(q)).toBeLessThanOrEqual(exact + exact / 16);
        expect(histogram.bars().reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
      }),
    );
  });
});
