/**
 * kvm-irq-abi.md K.8: what Linux's VGIC does with an interrupt over its life, by number. Where it differs from the
 * architecture the architecture's answer stands here (DESIGN.md §4): rows 166, 168 and 174 say so.
 */
import { describe, expect, it } from "vitest";
import { RigV2, RigV3 } from "./gic-rig.fixture.ts";

const ROWS: readonly (readonly [id: number, behaviour: string, run: (g: RigV2) => void])[] = [
  [159, "a level not lowered is pending again after EOI", (g) => {
    g.use(40);
    g.wire(40, true);
    g.eoi(g.iar());
    expect(g.irq()).toBe(true);
  }],
  [160, "a level lowered before EOI is not", (g) => {
    g.use(40);
    g.wire(40, true);
    const id = g.iar();
    g.wire(40, false);
    g.eoi(id);
    expect([g.irq(), g.bit(0x200, 40)]).toEqual([false, 0]);
  }],
  [161, "active with the line high: not signalled a second time", (g) => {
    g.use(40);
    g.wire(40, true);
    g.iar();
    expect([g.irq(), g.iar()]).toEqual([false, 0x3ff]);
  }],
  [162, "an edge while active is delivered after EOI", (g) => {
    g.use(40, { edge: true });
    g.pulse(40);
    const id = g.iar();
    g.pulse(40);
    expect([g.bit(0x200, 40), g.bit(0x300, 40), g.irq()]).toEqual([1, 1, false]);
    g.eoi(id);
    expect(g.iar()).toBe(40);
  }],
  [163, "a level interrupt made pending by software is delivered once", (g) => {
    g.use(40);
    g.setBit(0x200, 40);
    g.eoi(g.iar());
    expect([g.irq(), g.bit(0x200, 40)]).toEqual([false, 0]);
  }],
  [164, "ICPENDR does not clear a high level", (g) => {
    g.use(40);
    g.wire(40, true);
    g.setBit(0x280, 40);
    expect(g.bit(0x200, 40)).toBe(1);
  }],
  [165, "pending while disabled is delivered when enabled", (g) => {
    g.use(40, { enabled: false, edge: true });
    g.pulse(40);
    g.setBit(0x100, 40);
    expect(g.irq()).toBe(true);
  }],
  [166, "retargeting a pending SPI moves it; ours at once, not at the next prune", (g) => {
    g.use(40);
    g.wire(40, true);
    g.D8(0x800 + 40, 2);
    expect([g.irq(0), g.irq(1)]).toEqual([false, true]);
  }],
  [167, "retargeting an active SPI: it ends where it is, the next goes to the new target", (g) => {
    g.use(40, { edge: true });
    g.pulse(40);
    const id = g.iar(0);
    g.D8(0x800 + 40, 2);
    g.pulse(40);
    expect([g.irq(0), g.irq(1)]).toEqual([false, false]);
    g.eoi(id, 0);
    expect([g.irq(0), g.irq(1)]).toEqual([false, true]);
  }],
  [168, "switching the distributor on delivers what is pending (Linux does not; gic.md 51 does)", (g) => {
    g.D(0, 0);
    g.use(40, { edge: true });
    g.pulse(40);
    expect(g.irq()).toBe(false);
    g.D(0, 1);
    expect(g.irq()).toBe(true);
  }],
  [171, "an SGI from two CPUs: two deliveries, lower source first", (g) => {
    g.D(0xf00, 0x0002_0003, 2);
    g.D(0xf00, 0x0002_0003, 0);
    const first = g.iar(1);
    g.eoi(first, 1);
    expect([first, g.iar(1)]).toEqual([3, 0x803]);
  }],
  [172, "SGIR filter 3 does nothing", (g) => {
    g.D(0xf00, 0x03ff_0003);
    expect([0, 1, 2, 3].some((pe) => g.irq(pe))).toBe(false);
  }],
  [173, "ITARGETSR of INTID 20 ignores writes", (g) => {
    g.D8(0x814, 0xff);
    expect(g.d8(0x814)).toBe(1);
  }],
];

const LEFT_OUT: Readonly<Record<number, string>> = {
  169: "list registers: our GIC has none, every pending interrupt takes part",
  170: "list registers; the order of equal priorities is by INTID here (gic.md 57)",
  ...Object.fromEntries([175, 176, 177, 178, 179, 180].map((id) => [id, "ITS and LPIs: src/its, src/lpi"])),
};

describe("kvm-irq-abi.md K.8", () => {
  it.each(ROWS)("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run(new RigV2());
  });

  it("174: routed to an absent affinity it waits, and a later route delivers it at once (Linux needs another event)", () => {
    const g = new RigV3();
    g.use(40, { edge: true });
    g.raw(true, 0x6000 + 8 * 40, 8, 0x0012_3456);
    g.pulse(40);
    expect([0, 1, 2, 3].some((pe) => g.irq(pe))).toBe(false);
    g.raw(true, 0x6000 + 8 * 40, 8, 1);
    expect(g.irq(1)).toBe(true);
  });

  it("leaves no row out without a reason", () => {
    const rows = [...ROWS.map(([id]) => id), 174, ...Object.keys(LEFT_OUT).map(Number)].sort((a, b) => a - b);
    expect(rows).toEqual(Array.from({ length: 22 }, (_, n) => 159 + n));
  });
});
