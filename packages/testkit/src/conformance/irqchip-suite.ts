/**
 * The conformance suite of the irqchip contract (@trapline/core, irq/irqchip.ts). It runs on any chip, by what a guest and a
 * router can see of it; what makes a GIC a GIC is tested elsewhere.
 *
 * @example
 * describeIrqchip("my chip", () => ({ irqchip, order, pins: [1, 2, 3], triggers: ["level"], enable, disable, acknowledge, complete }));
 */
import { COALESCED, HIGH, IGNORED, LOW, NO_DEVICE_ID, PULSE, Wire } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IrqchipBench, irqchipBench } from "./irqchip-bench.ts";
import type { IrqchipFactory, Trigger } from "./irqchip-under-test.ts";

/** Registers the suite with vitest under `name`. */
export function describeIrqchip(name: string, factory: IrqchipFactory): void {
  const { triggers, unimplementedPin } = factory();
  describe(`${name}, irqchip contract: at power-on`, () => {
    quiet(factory);
  });
  for (const trigger of triggers) {
    describe(`${name}, irqchip contract: ${trigger === "level" ? "a level" : "an edge"} pin`, () => {
      PIN_SUITES[trigger](factory);
    });
  }
  describe(`${name}, irqchip contract: several pins`, () => {
    severalPins(factory, triggers[0]!);
  });
  describe(`${name}, irqchip contract: what it does not have`, () => {
    absent(factory, unimplementedPin);
  });
  describe(`${name}, irqchip contract: reset, save and restore`, () => {
    state(factory, triggers[0]!);
  });
  describe(`${name}, irqchip contract: any sequence of signals and guest actions`, () => {
    anySequence(factory);
  });
}

/** By trigger mode. */
const PIN_SUITES: Readonly<Record<Trigger, (factory: IrqchipFactory) => void>> = { level: levelPin, edge: edgePin };

function quiet(factory: IrqchipFactory): void {
  it("is silent: no line high, nothing pending, nothing taken", () => {
    const bench = irqchipBench(factory);
    expect(bench.log).toEqual([]);
    expect(bench.acknowledge()).toBeUndefined();
    for (const pin of bench.pins) expect(bench.irqchip.peekPin(pin)).toMatchObject({ line: false, pending: false, active: false });
  });

  it("has a name for every pin, and no two pins share one", () => {
    const { irqchip } = factory();
    const names = Array.from({ length: Math.min(irqchip.pinCount, 4096) }, (_, pin) => irqchip.describePin(pin));
    expect(new Set(names).size).toBe(names.length);
  });
}

function levelPin(factory: IrqchipFactory): void {
  const isKept = factory().fallenLevel === "kept";
  it(`is signalled when high and enabled, and ${isKept ? "kept" : "withdrawn"} when it falls before it was taken`, () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "level");
    expect(signal(bench, pin, HIGH)).toBeGreaterThan(0);
    expect(bench.signalled).toBe(true);
    signal(bench, pin, LOW);
    expect(bench.signalled).toBe(isKept);
    expect(bench.acknowledge()).toBe(isKept ? pin : undefined);
    expect(bench.log).toEqual(["irq0 high", "irq0 low"].map((entry) => entry.replace("irq0", lineOf(bench))));
    if (!isKept) return;
    bench.complete(pin); // the line is low: nothing is left
    expect([bench.signalled, bench.irqchip.peekPin(pin)]).toMatchObject([false, { pending: false, active: false }]);
  });

  it("drives the vCPU line once, however often it is told the same", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "level");
    for (let n = 0; n < 3; n++) signal(bench, pin, HIGH);
    expect(bench.log).toHaveLength(1);
  });

  it("stays pending while disabled and is delivered when enabled", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "level");
    bench.disable(pin);
    signal(bench, pin, HIGH);
    expect(bench.signalled).toBe(false);
    expect(bench.irqchip.peekPin(pin)).toMatchObject({ line: true, pending: true, enabled: false });
    bench.enable(pin, "level");
    expect(bench.signalled).toBe(true);
    bench.disable(pin);
    expect(bench.signalled).toBe(false);
  });

  it("is not signalled while the guest has it, and again when completed with the line still high", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "level");
    signal(bench, pin, HIGH);
    expect(bench.acknowledge()).toBe(pin);
    expect(bench.signalled).toBe(false);
    expect(bench.irqchip.peekPin(pin)).toMatchObject({ line: true, active: true });
    bench.complete(pin);
    expect(bench.signalled).toBe(true);
    expect(bench.log.filter((entry) => entry.startsWith("done"))).toEqual([`done ${pin}`]);
  });

  it("is over when the line fell before completion", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "level");
    signal(bench, pin, HIGH);
    bench.acknowledge();
    signal(bench, pin, LOW);
    bench.complete(pin);
    expect(bench.signalled).toBe(false);
    expect(bench.irqchip.peekPin(pin)).toMatchObject({ line: false, pending: false, active: false });
  });

  it("can be lowered inside its completion, as a resampler does, without a glitch on the vCPU line", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "level");
    bench.onCompletion = (completed) => void signal(bench, completed, LOW);
    signal(bench, pin, HIGH);
    bench.acknowledge();
    const before = bench.log.length;
    bench.complete(pin);
    expect(bench.log.slice(before)).toEqual([`done ${pin}`]);
    expect(bench.signalled).toBe(false);
  });

  it("can be raised again inside its completion", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "level");
    bench.onCompletion = (completed) => {
      signal(bench, completed, LOW);
      signal(bench, completed, HIGH);
    };
    signal(bench, pin, HIGH);
    bench.acknowledge();
    bench.complete(pin);
    expect(bench.signalled).toBe(true);
    expect(bench.acknowledge()).toBe(pin);
  });
}

function edgePin(factory: IrqchipFactory): void {
  it("latches a pulse until the guest takes it", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "edge");
    expect(signal(bench, pin, PULSE)).toBeGreaterThan(0);
    expect(bench.signalled).toBe(true);
    expect(bench.acknowledge()).toBe(pin);
    expect(bench.signalled).toBe(false);
    bench.complete(pin);
    expect(bench.signalled).toBe(false);
    expect(bench.acknowledge()).toBeUndefined();
  });

  it("latches a rising level, and not its fall", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "edge");
    signal(bench, pin, HIGH);
    signal(bench, pin, LOW);
    expect(bench.signalled).toBe(true);
    expect(bench.acknowledge()).toBe(pin);
    bench.complete(pin);
    expect(bench.signalled).toBe(false);
  });

  it("merges pulses that come before it is taken", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "edge");
    signal(bench, pin, PULSE);
    expect(signal(bench, pin, PULSE)).toBe(COALESCED);
    expect(bench.acknowledge()).toBe(pin);
    bench.complete(pin);
    expect(bench.acknowledge()).toBeUndefined();
  });

  it("remembers a pulse that comes while the guest has it", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "edge");
    signal(bench, pin, PULSE);
    bench.acknowledge();
    signal(bench, pin, PULSE);
    expect(bench.signalled).toBe(false);
    bench.complete(pin);
    expect(bench.signalled).toBe(true);
    expect(bench.acknowledge()).toBe(pin);
  });

  it("keeps a pulse that came while it was disabled", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, "edge");
    bench.disable(pin);
    signal(bench, pin, PULSE);
    expect(bench.signalled).toBe(false);
    bench.enable(pin, "edge");
    expect(bench.signalled).toBe(true);
  });
}

function severalPins(factory: IrqchipFactory, trigger: Trigger): void {
  it("do not disturb each other, and each is taken once", () => {
    const bench = irqchipBench(factory);
    const pins = bench.pins.slice(0, 3);
    for (const pin of pins) bench.enable(pin, trigger);
    for (const pin of pins) signal(bench, pin, trigger === "edge" ? PULSE : HIGH);
    const taken: (number | undefined)[] = [];
    for (let n = 0; n < pins.length; n++) {
      const pin = bench.acknowledge();
      taken.push(pin);
      if (pin === undefined) break;
      signal(bench, pin, LOW);
      bench.complete(pin);
    }
    expect(new Set(taken)).toEqual(new Set(pins));
    expect(bench.signalled).toBe(false);
  });

  it("that change inside one emission make the chip decide once, when it ends", () => {
    const bench = irqchipBench(factory);
    for (const pin of bench.pins) bench.enable(pin, trigger);
    const outer = new Wire<[], void, never>(bench.order, { name: "outer", unowned: undefined, describe: () => undefined as never });
    outer.own("test", () => {
      for (const pin of bench.pins) signal(bench, pin, trigger === "edge" ? PULSE : HIGH);
      expect(bench.log).toEqual([]);
    });
    outer.emit();
    expect(bench.log).toHaveLength(1);
    expect(bench.signalled).toBe(true);
  });
}

function absent(factory: IrqchipFactory, unimplementedPin: number | undefined): void {
  it.each([-1, -(2 ** 31), 2 ** 31, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER])("ignores pin %d", (pin) => {
    const bench = irqchipBench(factory);
    for (const how of [HIGH, PULSE, LOW] as const) expect(signal(bench, pin, how)).toBe(IGNORED);
    expect(bench.log).toEqual([]);
    expect(bench.irqchip.peekPin(pin)).toBeUndefined();
  });

  it("ignores the pin after its last", () => {
    const bench = irqchipBench(factory);
    expect(signal(bench, bench.irqchip.pinCount, PULSE)).toBe(IGNORED);
    expect(bench.irqchip.peekPin(bench.irqchip.pinCount)).toBeUndefined();
  });

  it("ignores private lines of vCPUs and INTIDs that are not there", () => {
    const bench = irqchipBench(factory);
    for (const vcpu of [-1, 1_000_000]) bench.irqchip.privateLines$.emit(vcpu, 27, true);
    for (const intid of [-1, 0, 15, 1023, 8192, 2 ** 31]) bench.irqchip.privateLines$.emit(0, intid, true);
    expect(bench.log).toEqual([]);
  });

  it("refuses an MSI to an address that is nobody's", () => {
    const bench = irqchipBench(factory);
    for (const address of [1, 0xffff_ffff_ffff_fff0n]) expect(bench.irqchip.msi$.emit(address, 0xffff_ffff, NO_DEVICE_ID)).toBeLessThan(0);
    expect(bench.log).toEqual([]);
  });

  if (unimplementedPin === undefined) return;
  it("swallows signals on a pin it does not implement", () => {
    const bench = irqchipBench(factory);
    expect(signal(bench, unimplementedPin, HIGH)).toBe(IGNORED);
    expect(bench.log).toEqual([]);
  });
}

function state(factory: IrqchipFactory, trigger: Trigger): void {
  /** The stations of an interrupt's life. */
  const LIFE: readonly ((bench: IrqchipBench, pin: number) => void)[] = [
    (bench, pin) => bench.enable(pin, trigger),
    (bench, pin) => void signal(bench, pin, trigger === "edge" ? PULSE : HIGH),
    (bench) => void bench.acknowledge(),
    (bench, pin) => void signal(bench, pin, trigger === "edge" ? PULSE : LOW),
    (bench, pin) => bench.complete(pin),
    (bench, pin) => bench.disable(pin),
  ];

  it("a reset withdraws everything the guest did; a line that is high stays high, being a wire", () => {
    for (const kind of ["warm", "power-on"] as const) {
      const bench = irqchipBench(factory);
      const pin = bench.pins[0]!;
      bench.enable(pin, trigger);
      signal(bench, pin, HIGH);
      bench.acknowledge();
      bench.irqchip.reset(kind);
      expect(bench.signalled).toBe(false);
      expect(bench.irqchip.peekPin(pin)).toMatchObject({ line: true, active: false, enabled: false });
      expect(bench.acknowledge()).toBeUndefined();
    }
  });

  it("saving changes nothing, and a restored chip continues identically from every station", () => {
    for (let station = 0; station <= LIFE.length; station++) {
      const original = irqchipBench(factory);
      const pin = original.pins[0]!;
      for (const step of LIFE.slice(0, station)) step(original, pin);
      const saved = original.irqchip.save();
      expect(original.irqchip.save()).toEqual(saved);

      const copy = irqchipBench(factory);
      copy.irqchip.restore(saved);
      expect(copy.log).toEqual([]); // restoring is silent: the vCPUs restore their own view of the lines
      for (const each of original.pins) expect(copy.irqchip.peekPin(each)).toEqual(original.irqchip.peekPin(each));

      const before = original.log.length;
      for (const step of LIFE.slice(station)) {
        step(original, pin);
        step(copy, pin);
      }
      expect(copy.log).toEqual(original.log.slice(before));
      expect(copy.irqchip.save()).toEqual(original.irqchip.save());
    }
  });

  it("peeking changes nothing", () => {
    const bench = irqchipBench(factory);
    const pin = bench.pins[0]!;
    bench.enable(pin, trigger);
    signal(bench, pin, trigger === "edge" ? PULSE : HIGH);
    const saved = bench.irqchip.save();
    for (let n = 0; n < 3; n++) bench.irqchip.peekPin(pin);
    expect(bench.irqchip.save()).toEqual(saved);
  });
}

function anySequence(factory: IrqchipFactory): void {
  const { pins, triggers } = factory();
  const step = fc.oneof(
    fc.record({ act: fc.constantFrom("high", "low", "pulse", "enable", "disable", "complete"), pin: fc.constantFrom(...pins.slice(0, 4)) }),
    fc.record({ act: fc.constantFrom("acknowledge", "save"), pin: fc.constant(0) }),
  );

  it("drives the vCPU line only when it changes, and high exactly while there is something to take", () => {
    fc.assert(
      fc.property(fc.constantFrom(...triggers), fc.array(step, { maxLength: 60 }), (trigger, steps) => {
        const bench = irqchipBench(factory);
        for (const { act, pin } of steps) {
          apply(bench, act, pin, trigger);
          const last = bench.log.filter((entry) => !entry.startsWith("done"));
          for (let n = 1; n < last.length; n++) expect(last[n]).not.toBe(last[n - 1]);
        }
        const signalled = bench.signalled;
        expect(bench.acknowledge() !== undefined).toBe(signalled);
      }),
    );
  });
}

function apply(bench: IrqchipBench, act: string, pin: number, trigger: Trigger): void {
  switch (act) {
    case "high":
      signal(bench, pin, HIGH);
      break;
    case "low":
      signal(bench, pin, LOW);
      break;
    case "pulse":
      signal(bench, pin, PULSE);
      break;
    case "enable":
      bench.enable(pin, trigger);
      break;
    case "disable":
      bench.disable(pin);
      break;
    case "acknowledge":
      bench.acknowledge();
      break;
    case "complete":
      if (bench.irqchip.peekPin(pin)?.active === true) bench.complete(pin);
      break;
    case "save":
      bench.irqchip.restore(bench.irqchip.save());
  }
}

function signal(bench: IrqchipBench, pin: number, how: typeof LOW | typeof HIGH | typeof PULSE): number {
  return bench.irqchip.pins$.emit(pin, how);
}

/** Which line of vCPU 0 the chip uses for its pins. */
function lineOf(bench: IrqchipBench): string {
  return bench.log[0]?.split(" ")[0] ?? "irq0";
}
