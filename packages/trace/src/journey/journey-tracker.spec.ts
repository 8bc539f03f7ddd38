/** Traces as a machine writes them, and the journeys that are in them. */
import { describe, expect, it } from "vitest";
import { journeyName } from "../report/journey-text.ts";
import { levelInterrupt, type Story, story, WIRING } from "../story.fixture.ts";
import type { WiringEvent } from "../wiring.ts";
import type { Journey } from "./journey.ts";
import { JourneyTracker } from "./journey-tracker.ts";

function journeysOf({ events }: Story, wiring: WiringEvent | null = WIRING): Journey[] {
  const journeys: Journey[] = [];
  const tracker = new JourneyTracker({ ended: (journey) => void journeys.push(journey) }, wiring ?? undefined);
  for (const event of events) tracker.next(event);
  tracker.finish();
  return journeys.sort((a, b) => a.number - b.number);
}

/** "SPI 1 (INTID 33) by line: completed; raise 1000, pin 1000, …" */
function told(journey: Journey): string {
  const { origin, outcome, merged, steps } = journey;
  const moments = Object.entries(steps).sort(([, a], [, b]) => a.seq - b.seq);
  return `${journeyName(journey)} by ${origin}: ${outcome}${merged === 0 ? "" : ` +${merged}`}; ${moments.map(([step, { atNs }]) => `${step} ${atNs}`).join(", ")}`;
}

const tell = (from: Story, wiring?: WiringEvent | null): string[] => journeysOf(from, wiring).map(told);

describe("a journey", () => {
  it("goes from the source over pin and line to acknowledge, end and completion", () => {
    expect(tell(levelInterrupt())).toEqual([
      "SPI 1 (INTID 33) by line: completed; raise 1000, pin 1000, line 1000, acknowledge 1010, lower 1020, endOfInterrupt 1030, deactivate 1030, completion 1030",
    ]);
    expect(journeysOf(levelInterrupt())[0]).toMatchObject({ gsi: 1, irqchip: "gic", pin: 1, intid: 33, vcpu: 0, priority: 0xa0 });
  });

  it("begins with the eventfd of an irqfd, and ends with the resamplefd", () => {
    const events = story().at(5).signal("rx").wire(2, "high").line(0, true).at(9).take(0, 34).at(11).end(0, 34, 2).wire(2, "low").signal("rx done").exit(0);
    expect(tell(events)).toEqual([
      "SPI 2 (INTID 34) by line: completed; signal 5, raise 5, pin 5, line 5, acknowledge 9, endOfInterrupt 11, deactivate 11, completion 11, lower 11, resample 11",
    ]);
    expect(journeysOf(events)[0]!.eventFd).toBe("rx");
  });

  it("with split end of interrupt is over when it is deactivated", () => {
    const events = story().wire(1, "high").line(0, true).at(1).take(0, 33);
    events.at(2).exit(0, "sysreg").event("gic.eoi", { irqchip: "gic", vcpu: 0, intid: 33, group: 1 });
    events.at(7).exit(0, "sysreg").event("gic.deactivate", { irqchip: "gic", vcpu: 0, intid: 33 });
    expect(tell(events)[0]).toMatch(/completed; .*endOfInterrupt 2, deactivate 7$/);
  });

  it("of a message is the LPI that the ITS makes of it, which EOI ends", () => {
    const events = story().msi("router", 5, 8).msi("gic", 5, 8).translation(8, 5, 8197).line(0, true).at(3).take(0, 8197).at(4).end(0, 8197);
    expect(tell(events)).toEqual(["LPI 5 (INTID 8197) by message: completed; raise 0, line 0, acknowledge 3, endOfInterrupt 4"]);
  });

  it("of a message through a GSI keeps the GSI", () => {
    const [journey] = journeysOf(story().signal("vq").gsi(40, "pulse").msi("router", 5, 8).msi("gic", 5, 8).translation(8, 5, 8197).exit(0));
    expect(journey).toMatchObject({ eventFd: "vq", gsi: 40, message: { data: 5, deviceId: 8 }, intid: 8197, outcome: "pending" });
  });

  it("of a message without an ITS is the SPI that the message names (GICv2m)", () => {
    expect(tell(story().msi("router", 50, undefined).msi("gic", 50, undefined).line(0, true).take(0, 50).end(0, 50))[0]).toMatch(/^SPI 18 \(INTID 50\) by message: completed/);
  });

  it("of a timer is private to its vCPU, and so is an SGI", () => {
    const events = story().timer(1, true).line(1, true).event("gic.sgi", { irqchip: "gic", vcpu: 0, intid: 3, target: 1 }).take(1, 27, false).timer(1, false).end(1, 27).take(1, 3).end(1, 3);
    expect(tell(events).map((text) => text.split(";")[0])).toEqual(["PPI 11 (INTID 27) of vCPU 1 by private-line: completed", "SGI 3 (INTID 3) of vCPU 1 by sgi: completed"]);
    expect(journeysOf(events)[1]).toMatchObject({ sender: 0, vcpu: 1 });
  });

  it("of a timer is the GIC's, though its vCPU tells every chip", () => {
    const both = { ...WIRING, irqchips: [...WIRING.irqchips, { name: "gpio", pins: 8, inputs: [] }] };
    const events = story().timer(0, true).event("private-line", { irqchip: "gpio", vcpu: 0, intid: 27, level: true }).take(0, 27);
    expect(tell(events, both)).toHaveLength(1);
  });

  it("through a chip in front of another has both, in order", () => {
    const events = story().gsi(30, "high").pin(3, "high", 1, "gpio").wire(1, "high").line(0, true).exit(0);
    expect(journeysOf(events).map(({ irqchip, pin, gsi }) => [irqchip, pin, gsi])).toEqual([["gpio", 3, 30], ["gic", 1, 1]]);
  });

  it("of a chip that tells no more is over with its completion", () => {
    const events = story().gsi(4, "high").pin(4, "high", 1, "plic").at(8).exit(0).gsi(4, "low").pin(4, "low", 1, "plic").event("completion", { irqchip: "plic", pin: 4 }).exit(0);
    expect(tell(events)).toEqual(["plic pin 4 by line: completed; raise 0, pin 0, lower 8, completion 8"]);
  });
});

describe("a chip with numbers of its own", () => {
  const PLIC = { ...WIRING, irqchips: [...WIRING.irqchips, { name: "plic", pins: 32, inputs: [] }] };
  const high = (pin: number, from: Story = story()): Story => from.gsi(pin, "high").pin(pin, "high", 1, "plic").event("vcpu-line", { irqchip: "plic", vcpu: 1, line: "irq", level: true });
  const low = (pin: number, from: Story): Story => from.gsi(pin, "low").pin(pin, "low", 1, "plic");
  const did = (from: Story, what: string, intid: number): Story => from.exit(1).event(`plic.${what}`, { irqchip: "plic", vcpu: 1, intid });

  it("is told of by its name, from the pin to the completion, though it tells of no deactivation", () => {
    const events = did(high(10).at(4), "acknowledge", 10);
    low(10, events.at(7)).at(9).exit(1).event("completion", { irqchip: "plic", pin: 10 }).exit(1);
    expect(tell(events, PLIC)).toEqual(["plic pin 10 by line: completed; raise 0, pin 0, line 0, acknowledge 4, lower 7, completion 9"]);
    expect(journeysOf(events, PLIC)[0]).toMatchObject({ irqchip: "plic", pin: 10, intid: 10, vcpu: 1, private: false, ownNumbers: true });
  });

  it("has one interrupt of a number, whichever vCPU takes it", () => {
    const once = (from: Story, vcpu: number): Story => low(10, high(10, from).exit(vcpu).event("plic.acknowledge", { irqchip: "plic", vcpu, intid: 10 })).event("completion", { irqchip: "plic", pin: 10 });
    const journeys = journeysOf(once(once(story(), 1), 0), PLIC);
    expect(journeys.map(({ vcpu, origin, outcome }) => [vcpu, origin, outcome])).toEqual([[1, "line", "completed"], [0, "line", "completed"]]);
  });

  it.each([["with", true], ["without"]])("whose numbers are not those of its pins is joined by its completion, %s a deactivation", (_with, deactivates = false) => {
    const taken = did(high(2).at(4), "acknowledge", 66);
    low(2, taken.at(7)).at(9).exit(1);
    const events = (deactivates ? taken.event("plic.deactivate", { irqchip: "plic", vcpu: 1, intid: 66 }) : taken).event("completion", { irqchip: "plic", pin: 2 }).exit(1);
    expect(tell(events, PLIC)).toHaveLength(1);
    expect(journeysOf(events, PLIC)[0]).toMatchObject({ pin: 2, intid: 66, vcpu: 1, origin: "line", outcome: "completed", steps: { raise: { atNs: 0 }, acknowledge: { atNs: 4 } } });
  });

  it("does not take a vCPU's timer for its input of the same number", () => {
    const alone = { ...WIRING, irqchips: [{ name: "plic", pins: 32, inputs: [] }] };
    const timer = story().event("private-line", { irqchip: "plic", vcpu: 1, intid: 27, level: true }).event("private-line", { irqchip: "plic", vcpu: 1, intid: 27, level: false });
    const events = did(high(27, timer).at(4), "acknowledge", 27);
    low(27, events).event("completion", { irqchip: "plic", pin: 27 }).exit(1);
    expect(tell(events, alone).map((text) => text.split(";")[0])).toEqual(["plic interrupt 27 of vCPU 1 by private-line: withdrawn", "plic pin 27 by line: completed"]);
  });
});

describe("signals that meet others", () => {
  it("are merged into the one that waits", () => {
    expect(tell(story().wire(2, "pulse").wire(2, "pulse", 0).gsi(2, "pulse", 0).exit(0))).toEqual(["SPI 2 (INTID 34) by edge: pending +2; raise 0, pin 0"]);
  });

  it("while one is active begin another", () => {
    const events = story().wire(2, "pulse").take(0, 34).at(5).wire(2, "pulse").at(9).end(0, 34, 2).take(0, 34).end(0, 34, 2);
    expect(tell(events).map((text) => text.split("; ")[1]!.split(",")[0])).toEqual(["raise 0", "raise 5"]);
  });
});

describe("what goes wrong", () => {
  it.each<[string, Story, RegExp]>([
    ["a GSI without a route", story().gsi(7, "high", -1).exit(0), /^GSI 7 by line: ignored; raise 0$/],
    ["a pin that the chip does not implement", story().gsi(700, "high", -1).pin(700, "high", -1).exit(0), /^gic pin 700 by line: ignored/],
    ["a pulse on a level-sensitive input", story().gsi(1, "pulse", -1).pin(1, "pulse", -1).exit(0), /^SPI 1 \(INTID 33\) by edge: ignored; raise 0, pin 0$/],
    ["a message that is not mapped", story().msi("router", 7, 8, 0).msi("gic", 7, 8, 0).translation(8, 7, undefined, 0).exit(0), /^message 0x7 to .* by message: ignored/],
    ["a message to nobody", story().msi("router", 7, 8, -1).exit(0), /by message: ignored/],
    ["a level that falls before anybody takes it", story().wire(1, "high").line(0, true).at(4).wire(1, "low").line(0, false).exit(0), /withdrawn; raise 0, pin 0, line 0, lower 4$/],
    ["one that nobody takes", story().wire(1, "high").line(0, true).exit(0), /: pending; raise 0, pin 0, line 0$/],
    ["one that is never signalled", story().wire(1, "high").exit(0), /: pending; raise 0, pin 0$/],
    ["one that nobody ends", story().wire(1, "high").take(0, 33).exit(0), /: active; .*acknowledge 0$/],
    ["a reset meanwhile", story().wire(1, "high").at(6).machine("reset"), /: reset; /],
    ["one whose beginning was not seen", story().take(0, 40).end(0, 40), /^SPI 8 \(INTID 40\) by unseen: completed; acknowledge/],
  ])("%s", (_what, events, expected) => {
    expect(tell(events).at(0)).toMatch(expected);
  });

  it("a line held over its end is raised again from there, taken or not", () => {
    const held = story().wire(1, "high").at(2).take(0, 33).at(5).end(0, 33, 1);
    expect(tell(held)[1]).toBe("SPI 1 (INTID 33) by held: pending; raise 5");
    expect(tell(held.at(8).take(0, 33).wire(1, "low").at(9).end(0, 33, 1))[1]).toMatch(/by held: completed; raise 5, acknowledge 8/);
  });

  it("an irqfd that never lowers its pin holds nothing (Linux's fast path)", () => {
    expect(tell(story().signal("rx").wire(1, "high").take(0, 33).end(0, 33, 1).exit(0))).toHaveLength(1);
  });

  it("an edge that was latched is not withdrawn when the line falls", () => {
    const configured = story().exit(0).access(0, "gic distributor", "GICD_ICFGR<2>", "write", 0b10 << 2);
    expect(tell(configured.wire(1, "high").at(3).wire(1, "low").exit(0))[0]).toMatch(/: pending; /);
    expect(journeysOf(configured)[0]!.edge).toBe(true);
  });

  it("spurious reads of IAR are told", () => {
    const seen: number[] = [];
    const tracker = new JourneyTracker({ ended: () => {}, spurious: (vcpu) => void seen.push(vcpu) }, WIRING);
    for (const event of story().sysreg(1, "ICC_IAR1_EL1", 1023).access(0, "gic CPU interface", "GICC_IAR", "read", 1022).sysreg(0, "ICC_IAR1_EL1", 33).events) tracker.next(event);
    expect(seen).toEqual([1, 0]);
  });
});

describe("without a wiring", () => {
  it("a completion tells which pin an INTID is, and joins what had begun on the pin", () => {
    const once = (from: Story): Story => from.wire(1, "pulse").take(0, 33).end(0, 33, 1);
    expect(tell(once(once(story())), null).map((text) => text.split(";")[0])).toEqual(["SPI 1 (INTID 33) by edge: completed", "SPI 1 (INTID 33) by edge: completed"]);
  });

  it("the trace's own first line is as good", () => {
    const events = levelInterrupt();
    events.events.unshift(WIRING);
    expect(tell(events, null)).toEqual(tell(levelInterrupt()));
  });
});

it("a line of a vCPU is said of the interrupt that came in alone, otherwise of the one that is taken", () => {
  const both = story().wire(1, "high").wire(2, "pulse").line(0, true).at(3).take(0, 34, false).at(4).take(0, 33);
  expect(journeysOf(both).map(({ steps }) => steps.line?.atNs)).toEqual([0, 0]);
  const [first] = journeysOf(story().wire(1, "high").wire(2, "pulse").line(0, true).exit(0));
  expect(first!.steps.line).toBeUndefined();
});
