/** The router of machines without a table: GSI n is pin n of the first irqchip. And the wires every irqchip has. */
import type { Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import { isTraplineError } from "../errors.ts";
import { WireOrder } from "../wire/wire-order.ts";
import { FixedRouter } from "./fixed-router.ts";
import { COALESCED, DELIVERED, FIQ_LINE, HIGH, IGNORED, IRQ_LINE, LOW, PULSE } from "./irq-signal.ts";
import { type Irqchip, NO_DEVICE_ID } from "./irqchip.ts";
import { irqchipWires } from "./irqchip-wires.ts";

/** A chip that writes down what reaches it. */
function chip(order: WireOrder, name: string, options: { readonly pins?: number; readonly msi?: boolean; readonly msiResult?: number } = {}): { readonly chip: Irqchip; readonly log: string[] } {
  const { pins = 4, msi = false, msiResult = DELIVERED } = options;
  const log: string[] = [];
  const made: Irqchip = {
    ...irqchipWires(order, name),
    name,
    pinCount: pins,
    capabilities: { msi, completions: true, synchronous: true },
    describePin: (pin) => `${name} ${pin}`,
    peekPin: () => undefined,
    reset: () => {},
    save: () => null,
    restore: () => {},
  };
  made.pins$.own(name, (pin, signal) => {
    log.push(`${name} pin ${pin} ${["low", "high", "pulse"][signal]}`);
    return signal === PULSE ? COALESCED : DELIVERED;
  });
  made.msi$.own(name, (address, data, deviceId) => {
    log.push(`${name} msi ${address.toString(16)} ${data} ${deviceId}`);
    return msiResult;
  });
  return { chip: made, log };
}

function routed(...chips: readonly Parameters<typeof chip>[2][]): { readonly router: FixedRouter; readonly order: WireOrder; readonly chips: readonly Irqchip[]; readonly log: string[] } {
  const order = new WireOrder();
  const router = new FixedRouter(order);
  const made = chips.map((options, n) => chip(order, `chip${n}`, options));
  for (const { chip: each } of made) router.addIrqchip(each);
  const log: string[] = [];
  for (const each of made) each.log.push = (...lines) => log.push(...lines);
  return { router, order, chips: made.map(({ chip: each }) => each), log };
}

describe("the fixed router", () => {
  it("leads GSI n to pin n of the first chip, with the signal and the chip's answer", () => {
    const { router, log } = routed({}, {});
    expect([router.gsi$.emit(3, HIGH), router.gsi$.emit(3, LOW), router.gsi$.emit(0, PULSE)]).toEqual([DELIVERED, DELIVERED, COALESCED]);
    expect(log).toEqual(["chip0 pin 3 high", "chip0 pin 3 low", "chip0 pin 0 pulse"]);
    expect([router.resolve(3), router.resolve(4)]).toEqual([[{ irqchip: 0, pin: 3 }], []]);
  });

  it("leads nowhere without a chip", () => {
    const { router } = routed();
    expect([router.gsi$.emit(0, HIGH), router.msi$.emit(0, 0, NO_DEVICE_ID), router.resolve(0)]).toEqual([IGNORED, IGNORED, []]);
  });

  it("leads nowhere beyond the chip's pins: the chip never hears of it", () => {
    const { router, log } = routed({ pins: 4 });
    expect([router.gsi$.emit(4, HIGH), router.gsi$.emit(0xffff_ffff, PULSE), log]).toEqual([IGNORED, IGNORED, []]);
  });

  it("gives devices lines that are ORed, and triggers", () => {
    const { router, log } = routed({});
    const [a, b] = [router.line(2, "uart0"), router.line(2, "uart1")];
    a.set(true);
    b.set(true);
    a.set(false);
    b.set(false);
    router.trigger(1, "rtc").pulse();
    expect(log).toEqual(["chip0 pin 2 high", "chip0 pin 2 low", "chip0 pin 1 pulse"]);
    expect(router.sources).toEqual([
      { gsi: 2, owner: "uart0", trigger: "level" },
      { gsi: 2, owner: "uart1", trigger: "level" },
      { gsi: 1, owner: "rtc", trigger: "edge" },
    ]);
  });

  it.each([-1, 0.5, 2 ** 32])("refuses GSI %d", (gsi) => {
    const { router } = routed({});
    for (const ask of [() => router.line(gsi, "uart0"), () => router.trigger(gsi, "uart0")]) {
      let error: unknown;
      try {
        ask();
      } catch (e) {
        error = e;
      }
      expect(isTraplineError(error, "config")).toBe(true);
    }
    expect(router.sources).toEqual([]);
  });

  it("asks the chips that take MSIs in order, until one does", () => {
    const { router, log } = routed({}, { msi: true, msiResult: IGNORED }, { msi: true, msiResult: 0 }, { msi: true });
    expect(router.msi$.emit(0x808_0040, 7, 5)).toBe(0);
    expect(log).toEqual(["chip1 msi 8080040 7 5", "chip2 msi 8080040 7 5"]);
  });

  it("tells of completions of the first chip's pins, every listener, until it leaves", () => {
    const { router, chips } = routed({}, {});
    const told: string[] = [];
    const first = router.onCompletion(2, () => told.push("first"));
    router.onCompletion(2, () => told.push("second"));
    router.onCompletion(3, () => told.push("other pin"));
    chips[0]!.completions$.emit(2);
    chips[1]!.completions$.emit(2); // another chip's pin 2 is another pin
    expect(told.splice(0)).toEqual(["first", "second"]);
    first.unsubscribe();
    chips[0]!.completions$.emit(2);
    expect(told).toEqual(["second"]);
  });

  it("lets a listener leave, or another come, while it tells", () => {
    const { router, chips } = routed({});
    const told: string[] = [];
    const once = router.onCompletion(0, () => {
      told.push("once");
      once.unsubscribe();
      router.onCompletion(0, () => told.push("late"));
    });
    chips[0]!.completions$.emit(0);
    chips[0]!.completions$.emit(0);
    expect(told).toEqual(["once", "late"]);
  });

  it("gives up a chip's completions when asked, and refuses a chip that another router has", () => {
    const order = new WireOrder();
    const { chip: shared } = chip(order, "shared");
    const held = new FixedRouter(order).addIrqchip(shared);
    expect(() => new FixedRouter(order).addIrqchip(shared)).toThrow("fixed router wants to own shared.completions, which fixed router owns");
    held.unsubscribe();
    expect(() => new FixedRouter(order).addIrqchip(shared)).not.toThrow();
  });

  it("saves the levels of its lines and restores them silently", () => {
    const first = routed({});
    first.router.line(1, "a").set(true);
    const second = routed({});
    const line = second.router.line(1, "a");
    second.router.restore(first.router.save());
    expect([line.high, second.log]).toEqual([true, []]);
    line.set(false);
    expect(second.log).toEqual(["chip0 pin 1 low"]);
  });
});

describe("an interrupt on its way", () => {
  it("is seen as GSI, then pin, then vCPU line, then completion, in the words of the trace", () => {
    const { router, order, chips } = routed({ msi: true });
    const events: unknown[] = [];
    const [only] = chips;
    const wires: readonly Observable<unknown>[] = [router.gsi$, router.msi$, only!.pins$, only!.privateLines$, only!.msi$, only!.vcpuLines$, only!.completions$];
    for (const wire of wires) wire.subscribe((event) => events.push(event));
    router.trigger(1, "rtc").pulse();
    only!.privateLines$.emit(3, 27, true);
    router.msi$.emit(0x1000, 9, NO_DEVICE_ID);
    router.msi$.emit(2n ** 60n, 9, 4);
    only!.vcpuLines$.emit(0, IRQ_LINE, true);
    only!.vcpuLines$.emit(2, FIQ_LINE, false);
    only!.completions$.emit(1);
    const at = { atNs: 0 };
    expect(events).toEqual([
      { seq: 1, ...at, kind: "gsi", gsi: 1, signal: "pulse", result: COALESCED },
      { seq: 2, ...at, kind: "pin", irqchip: "chip0", pin: 1, signal: "pulse", result: COALESCED },
      { seq: 3, ...at, kind: "private-line", irqchip: "chip0", vcpu: 3, intid: 27, level: true },
      { seq: 4, ...at, kind: "msi", at: "router", address: 0x1000, data: 9, result: DELIVERED },
      { seq: 5, ...at, kind: "msi", at: "chip0", address: 0x1000, data: 9, result: DELIVERED },
      { seq: 6, ...at, kind: "msi", at: "router", address: 2n ** 60n, data: 9, deviceId: 4, result: DELIVERED },
      { seq: 7, ...at, kind: "msi", at: "chip0", address: 2n ** 60n, data: 9, deviceId: 4, result: DELIVERED },
      { seq: 8, ...at, kind: "vcpu-line", irqchip: "chip0", vcpu: 0, line: "irq", level: true },
      { seq: 9, ...at, kind: "vcpu-line", irqchip: "chip0", vcpu: 2, line: "fiq", level: false },
      { seq: 10, ...at, kind: "completion", irqchip: "chip0", pin: 1 },
    ]);
    expect(order.sequence).toBe(10);
  });

  it("to a chip that nobody owns is ignored; closing the wires completes all five", () => {
    const wires = irqchipWires(new WireOrder(), "bare");
    expect([wires.pins$.emit(0, HIGH), wires.msi$.emit(0, 0, NO_DEVICE_ID)]).toEqual([IGNORED, IGNORED]);
    let ended = 0;
    const all: readonly Observable<unknown>[] = [wires.pins$, wires.privateLines$, wires.msi$, wires.vcpuLines$, wires.completions$];
    for (const wire of all) wire.subscribe({ complete: () => ended++ });
    wires.close();
    expect(ended).toBe(5);
  });
});
