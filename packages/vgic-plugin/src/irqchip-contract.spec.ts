/** The GIC as an irqchip: pins in every layout, private lines, completions, one evaluation per emission, reset, trace. */
import { COALESCED, DELIVERED, HIGH, IGNORED, LOW, PULSE } from "@trapline/core";
import { describe, expect, it } from "vitest";
import type { GicEvent } from "./gic-event.ts";
import { RigV2, RigV3 } from "./gic-rig.fixture.ts";
import { PinLayout } from "./pin-layout.ts";

describe("pins", () => {
  // DESIGN.md §4                 layout     V  intid  vcpu    pin
  it.each([
    ["mainline", 4, 32, -1, 0],
    ["mainline", 4, 1019, -1, 987],
    ["mainline", 4, 27, 0, -1], // SPIs only
    ["rfc2014", 8, 16, 0, 0],
    ["rfc2014", 8, 31, 7, 127],
    ["rfc2014", 8, 32, -1, 128], // behind 16 PPIs of each of 8 vCPUs
    ["rfc2014", 300, 27, 299, 16 * 299 + 11],
    ["rfc2014", 8, 15, 0, -1], // SGIs have no pin
    ["rfc2014", 8, 27, 8, -1], // beyond the capacity
    ["rfc2014", 8, 4096, -1, -1],
    ["wide", 4, 16, 1, 80],
    ["wide", 4, 1056, 1, 96],
    ["wide", 4, 32, -1, 320],
    ["wide", 4, 4096, -1, 320 + 988],
    ["wide", 4, 8192, -1, -1],
  ] as const)("%s of %i: INTID %i of vCPU %i is pin %i", (profile, capacity, intid, vcpu, pin) => {
    const layout = new PinLayout(profile, capacity);
    expect(layout.pin(intid, vcpu)).toBe(pin);
    if (pin >= 0) expect([layout.intid(pin), layout.vcpu(pin)]).toEqual([intid, vcpu]);
  });

  it("are as many as the layout says, whatever is implemented; the others swallow", () => {
    const g = new RigV3(2, { spis: 32 });
    expect(g.gic.pinCount).toBe(988);
    expect(g.gic.pins$.emit(31, HIGH)).toBe(DELIVERED);
    for (const pin of [32, 987, 988, -1, 1.5, NaN]) expect(g.gic.pins$.emit(pin, HIGH)).toBe(IGNORED);
    expect([g.gic.describePin(1), g.gic.describePin(500), g.gic.describePin(988)]).toEqual([
      "SPI 1 (INTID 33)",
      "SPI 500 (INTID 532), not implemented",
      "no pin 988",
    ]);
    expect([g.gic.peekPin(500), g.gic.peekPin(-1), g.gic.peekPin(31)?.line]).toEqual([undefined, undefined, true]);
  });

  it("of PPIs reach the vCPU they name, beside the private lines", () => {
    const g = new RigV2(2, { pins: "rfc2014" });
    expect(g.gic.pinCount).toBe(8 * 16 + 988);
    g.use(27, { pe: 1 });
    const pin = 16 + 11;
    g.gic.pins$.emit(pin, HIGH);
    expect([g.irq(0), g.irq(1), g.gic.describePin(pin)]).toEqual([false, true, "PPI 11 of vCPU 1 (INTID 27)"]);
    g.wire(27, true, 1);
    g.gic.pins$.emit(pin, LOW);
    expect(g.irq(1)).toBe(true); // the timer still holds it
    g.wire(27, false, 1);
    expect(g.irq(1)).toBe(false);
    expect(g.gic.pins$.emit(7 * 16, HIGH)).toBe(IGNORED); // a vCPU that is not there
  });

  it("tell what became of a signal", () => {
    const g = new RigV3();
    g.use(40, { edge: true });
    g.use(41);
    const edge = ([PULSE, PULSE, HIGH, LOW] as const).map((signal) => g.gic.pins$.emit(8, signal));
    expect(edge).toEqual([DELIVERED, COALESCED, COALESCED, DELIVERED]);
    const level = ([HIGH, HIGH, PULSE, LOW, LOW, PULSE] as const).map((signal) => g.gic.pins$.emit(9, signal));
    expect(level).toEqual([DELIVERED, COALESCED, COALESCED, DELIVERED, COALESCED, IGNORED]);
  });
});

describe("private lines", () => {
  it("ignore what is no PPI of an existing vCPU", () => {
    const g = new RigV3(2);
    const before = g.gic.save();
    for (const [vcpu, intid] of [[2, 27], [-1, 27], [0, 15], [0, 40], [0, 1056], [0, 8192]] as const) g.gic.privateLines$.emit(vcpu, intid, true);
    expect(g.gic.save()).toEqual(before);
  });

  it("drive extended PPIs where there are some", () => {
    const g = new RigV3(2, { extendedPpis: 64 });
    g.rd(true, 0x1_0424, 1, 0xa0, 1);
    g.R(0x1_0084, 1 << 4, 1);
    g.R(0x1_0104, 1 << 4, 1);
    g.gic.privateLines$.emit(1, 1060, true);
    expect([g.irq(1), g.iar1(1), g.r(0x0008, 1) >>> 27]).toEqual([true, 1060, 2]);
  });
});

describe("completions", () => {
  it("come at EOI, at DIR when split, and at ICACTIVER", () => {
    const g = new RigV3();
    g.use(40);
    g.wire(40, true);
    g.eoi1(g.iar1());
    expect(g.completions).toEqual([8]);
    g.msr("CTLR", 2);
    g.eoi1(g.iar1());
    expect(g.completions).toEqual([8]);
    g.msr("DIR", 40);
    expect(g.completions).toEqual([8, 8]);
    g.eoi1(g.iar1());
    g.setBit(0x380, 40);
    g.msr("DIR", 40); // not active any more
    expect(g.completions).toEqual([8, 8, 8]);
  });

  it("come before the line is looked at again: a resampler that lowers its pin causes no second interrupt", () => {
    const rig = new RigV3();
    rig.use(40);
    const lines: boolean[] = [];
    rig.gic.vcpuLines$.subscribe(({ level }) => lines.push(level));
    rig.onCompletion = (pin) => void rig.gic.pins$.emit(pin, LOW);
    rig.wire(40, true);
    const id = rig.iar1();
    rig.exit(() => rig.eoi1(id));
    expect([lines, rig.gic.peekPin(8)?.pending]).toEqual([[true, false], false]);
  });
});

describe("evaluation", () => {
  it("happens once per outermost emission, however much changes inside", () => {
    const g = new RigV3();
    for (const intid of [40, 41, 42]) g.use(intid);
    const lines: boolean[] = [];
    g.gic.vcpuLines$.subscribe(({ level }) => lines.push(level));
    g.exit(() => {
      for (const intid of [40, 41, 42]) g.wire(intid, true);
      for (const intid of [40, 41]) g.wire(intid, false);
      expect([g.irq(), lines]).toEqual([false, []]);
    });
    expect([g.irq(), lines]).toEqual([true, [true]]);
  });

  it("does not drop a line on the way when a pending interrupt changes priority or group", () => {
    const g = new RigV3();
    g.use(40);
    g.wire(40, true);
    const lines: boolean[] = [];
    g.gic.vcpuLines$.subscribe(({ level }) => lines.push(level));
    g.D8(0x400 + 40, 0x20);
    expect([[...lines], g.iar1(), g.rpr()]).toEqual([[], 40, 0x20]);
  });
});

describe("reset", () => {
  it.each(["power-on", "warm"] as const)("%s: registers take their reset values, wires stay, lines fall", (kind) => {
    for (const g of [new RigV3(), new RigV2()]) {
      g.use(40);
      g.use(41, { edge: true });
      g.wire(40, true);
      g.pulse(41);
      expect(g.irq()).toBe(true);
      g.gic.reset(kind);
      expect([g.irq(), g.bit(0x200, 40), g.bit(0x200, 41), g.bit(0x100, 40), g.d8(0x400 + 40)]).toEqual([false, 1, 0, 0, 0]);
      const fresh = g instanceof RigV3 ? new RigV3(4, {}, false) : new RigV2(4, {}, false);
      fresh.wire(40, true);
      expect(g.gic.save()).toEqual(fresh.gic.save());
    }
  });

  it("of one vCPU resets its CPU interface and keeps its banked interrupts (PSCI CPU_ON)", () => {
    const g = new RigV3();
    g.use(27, { pe: 1 });
    g.wire(27, true, 1);
    g.msr("BPR1", 5, 1);
    g.gic.resetVcpu(1);
    expect([g.irq(1), g.mrs("PMR", 1), g.mrs("IGRPEN1", 1), g.mrs("BPR1", 1), (g.r(0x1_0200, 1) >> 27) & 1]).toEqual([false, 0, 0, 3, 1]);
    g.gic.resetVcpu(99);
  });
});

describe("1-of-N", () => {
  it("spreads over the vCPUs whose CPU interface takes part, and follows when one leaves", () => {
    const g = new RigV3(4, { oneOfN: true });
    expect((g.d(0x0004) >> 25) & 1).toBe(0);
    for (const intid of [40, 41, 42]) {
      g.use(intid);
      g.D(0x6000 + 8 * intid, 0x8000_0000);
    }
    g.msr("IGRPEN1", 0, 1);
    for (const intid of [40, 41, 42]) g.wire(intid, true);
    expect([0, 1, 2, 3].map((pe) => g.irq(pe))).toEqual([true, false, true, true]);
    g.msr("IGRPEN1", 0, 0);
    g.msr("IGRPEN1", 0, 2);
    expect([0, 1, 2, 3].map((pe) => g.irq(pe))).toEqual([false, false, false, true]);
    g.msr("IGRPEN1", 0, 3);
    expect(g.irq(3)).toBe(false);
    g.msr("IGRPEN1", 1, 1);
    expect([g.irq(1), g.iar1(1), g.d(0x6000 + 8 * 40) >>> 0]).toEqual([true, 40, 0x8000_0000]);
  });
});

describe("trace", () => {
  it("tells acknowledge, EOI, deactivation and SGIs in their order", () => {
    const g = new RigV3();
    const events: GicEvent[] = [];
    g.gic.cpu$.subscribe((event) => events.push(event));
    g.msr("CTLR", 2, 1);
    g.msr("SGI1R", 0x0700_0002);
    g.eoi1(g.iar1(1), 1);
    g.msr("DIR", 7, 1);
    expect(events.map(({ seq: _seq, atNs: _atNs, irqchip: _irqchip, ...rest }) => rest)).toEqual([
      { kind: "gic.sgi", vcpu: 0, intid: 7, target: 1 },
      { kind: "gic.acknowledge", vcpu: 1, intid: 7, group: 1, priority: 0xa0 },
      { kind: "gic.eoi", vcpu: 1, intid: 7, group: 1 },
      { kind: "gic.deactivate", vcpu: 1, intid: 7 },
    ]);
  });

  it("takes the same numbers whether or not anybody watches", () => {
    const numbers = (watched: boolean): number => {
      const g = new RigV3();
      if (watched) g.gic.cpu$.subscribe();
      g.use(40);
      g.wire(40, true);
      g.eoi1(g.iar1());
      return g.order.sequence;
    };
    expect(numbers(true)).toBe(numbers(false));
  });
});
