/** The boundary: what happens when the outermost emission ends, and what bounds it. ADR 0001 and 0002. */
import { describe, expect, it } from "vitest";
import { isTraplineError, type TraplineError } from "../errors.ts";
import { traceOf } from "../trace/trace.ts";
import { Wire } from "./wire.ts";
import { type Deferred, MAX_BOUNDARY_STEPS, MAX_QUEUED_EVENTS, type WireEvent, WireOrder } from "./wire-order.ts";

type StepWire = Wire<readonly [value: number], void, WireEvent & { readonly value: number }>;

function stepWire(order: WireOrder, name: string, owner: (value: number) => void = () => {}): StepWire {
  const wire: StepWire = new Wire<readonly [value: number], void, WireEvent & { readonly value: number }>(order, {
    name,
    unowned: undefined,
    describe: (seq, atNs, _answer, value) => ({ seq, atNs, kind: name, value }),
  });
  wire.own(`${name} owner`, owner);
  return wire;
}

const evaluation = (evaluate: () => void): Deferred => ({ deferred: false, evaluate });

function reporting(): { readonly order: WireOrder; readonly reports: TraplineError[] } {
  const reports: TraplineError[] = [];
  return { order: new WireOrder(undefined, (error) => reports.push(error)), reports };
}

describe("deferred evaluations: latch, then evaluate once", () => {
  it("run once, when the outermost emission ends, before the taps", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const lines = stepWire(order, "vcpu-line", () => log.push("line owner"));
    const chip = evaluation(() => {
      log.push("evaluate");
      lines.emit(1);
    });
    const pins = stepWire(order, "pin", (pin) => {
      log.push(`latch ${pin}`);
      order.defer(chip);
    });
    const device = stepWire(order, "access", () => {
      for (const pin of [1, 2, 3]) pins.emit(pin);
      log.push("device done");
    });
    for (const wire of [device, pins, lines]) wire.subscribe(({ seq, kind }) => log.push(`tap #${seq} ${kind}`));
    device.emit(0);
    expect(log).toEqual([
      "latch 1",
      "latch 2",
      "latch 3",
      "device done",
      "evaluate",
      "line owner",
      "tap #1 access",
      "tap #2 pin",
      "tap #3 pin",
      "tap #4 pin",
      "tap #5 vcpu-line",
    ]);
  });

  it("run at once when nothing is being emitted", () => {
    let ran = 0;
    new WireOrder().defer(evaluation(() => ran++));
    expect(ran).toBe(1);
  });

  it("run although nobody watches, and again at the next boundary", () => {
    const order = new WireOrder();
    let ran = 0;
    const chip = evaluation(() => ran++);
    const pins = stepWire(order, "pin", () => order.defer(chip));
    pins.emit(1);
    pins.emit(2);
    expect(ran).toBe(2);
  });

  it("run for an emitter that calls the owner itself, whichever way it ends the emission", () => {
    const order = new WireOrder();
    let ran = 0;
    const chip = evaluation(() => ran++);
    const ends: readonly ((depth: number) => void)[] = [() => order.endAnswered(), (depth) => order.endAt(depth)];
    for (const end of ends) {
      const { depth } = order;
      expect([depth, order.begin(), order.begin()]).toEqual([0, true, true]);
      order.defer(chip);
      end(depth + 1);
      expect([order.depth, order.busy]).toEqual([1, true]);
      end(depth);
      expect([order.depth, order.busy]).toEqual([0, false]);
    }
    expect([ran, order.sequence]).toEqual([2, 4]);
  });

  it("may ask for others, or for themselves, within the same boundary", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const parent = evaluation(() => log.push("parent"));
    const child: Deferred = evaluation(() => {
      log.push("child");
      order.defer(parent);
      if (log.length < 3) order.defer(child);
    });
    const pins = stepWire(order, "pin", () => order.defer(child));
    pins.subscribe(() => log.push("tap"));
    pins.emit(0);
    expect(log).toEqual(["child", "parent", "child", "parent", "tap"]);
  });

  it("asked for by a tap run at once, their events after those that wait", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const lines = stepWire(order, "line");
    const chip = evaluation(() => {
      log.push("evaluate");
      lines.emit(9);
    });
    const pins = stepWire(order, "pin");
    const outer = stepWire(order, "outer", () => {
      pins.emit(1);
      pins.emit(2);
    });
    pins.subscribe(({ value }) => {
      log.push(`tap of pin ${value}`);
      if (value === 1) order.defer(chip);
    });
    lines.subscribe(() => log.push("tap of line"));
    outer.emit(0);
    expect(log).toEqual(["tap of pin 1", "evaluate", "tap of pin 2", "tap of line"]);
  });

  it("run after an owner threw: what was latched before is not forgotten", () => {
    const order = new WireOrder();
    let ran = 0;
    const chip = evaluation(() => ran++);
    const device = stepWire(order, "access", () => {
      order.defer(chip);
      throw new Error("device bug");
    });
    expect(() => device.emit(0)).toThrow("device bug");
    expect(ran).toBe(1);
  });

  it("that throw reach the emitter, and can be asked for again", () => {
    const order = new WireOrder();
    let failing = true;
    let ran = 0;
    const chip = evaluation(() => {
      ran++;
      if (failing) throw new Error("chip bug");
    });
    const pins = stepWire(order, "pin", () => order.defer(chip));
    expect(() => pins.emit(0)).toThrow("chip bug");
    failing = false;
    pins.emit(0);
    expect([ran, order.depth]).toEqual([2, 0]);
  });

  it("that throw keep neither the other evaluations from running nor the taps from seeing what led there", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const bad = evaluation(() => {
      throw new Error("chip bug");
    });
    const good = evaluation(() => log.push("the other chip"));
    const pins = stepWire(order, "pin", () => {
      order.defer(bad);
      order.defer(good);
    });
    pins.subscribe(({ value }) => log.push(`tap of pin ${value}`));
    expect(() => pins.emit(5)).toThrow("chip bug");
    expect(log).toEqual(["the other chip", "tap of pin 5"]);
  });

  it("that throw do not hide an exception of the owner, which came first", () => {
    const { order, reports } = reporting();
    const bad = evaluation(() => {
      throw new Error("chip bug");
    });
    const device = stepWire(order, "access", () => {
      order.defer(bad);
      throw new Error("device bug");
    });
    expect(() => device.emit(0)).toThrow("device bug");
    expect(reports.map(({ message }) => message)).toEqual([
      "an evaluation threw after something else had failed: chip bug; look at the first failure first",
    ]);
  });

  it(`end after ${MAX_BOUNDARY_STEPS} steps with an error, and the machine can go on`, () => {
    const order = new WireOrder();
    let steps = 0;
    const loop: Deferred = evaluation(() => {
      steps++;
      order.defer(loop);
    });
    const pins = stepWire(order, "pin", (value) => (value === 1 ? order.defer(loop) : undefined));
    const thrown = attempt(() => pins.emit(1));
    expect(isTraplineError(thrown, "invariant")).toBe(true);
    expect(thrown?.message).toMatch(/^a boundary did not end after 1000000 evaluations; look for a feedback loop/);
    expect(steps).toBe(MAX_BOUNDARY_STEPS);
    pins.emit(0);
    expect([order.depth, loop.deferred]).toEqual([0, false]);
  });
});

describe("the queue of events", () => {
  it("holds what one emission causes, up to its bound; the rest is counted and reported", () => {
    const { order, reports } = reporting();
    const seen: number[] = [];
    const pulses = stepWire(order, "pulse");
    const burst = stepWire(order, "burst", (count) => {
      for (let n = 0; n < count; n++) pulses.emit(n);
    });
    pulses.subscribe(({ value }) => seen.push(value));
    burst.emit(MAX_QUEUED_EVENTS);
    expect([seen.length, reports.length]).toEqual([MAX_QUEUED_EVENTS, 0]);

    burst.emit(MAX_QUEUED_EVENTS + 3);
    expect(seen.length).toBe(2 * MAX_QUEUED_EVENTS);
    expect(reports.map(({ message }) => message)).toEqual([
      "3 events were not shown to taps: one emission caused more than 65536; tap fewer wires, or let the owner do its work in smaller steps",
    ]);

    burst.emit(1);
    expect([seen.length, reports.length]).toEqual([2 * MAX_QUEUED_EVENTS + 1, 1]);
    expect(order.sequence).toBe(3 + 2 * MAX_QUEUED_EVENTS + 4); // lost events had numbers all the same
  });

  it("cannot be kept busy for ever by a tap that emits whenever it is told of its own effect", () => {
    const { order, reports } = reporting();
    const echo: StepWire = stepWire(order, "echo");
    let told = 0;
    echo.subscribe(({ value }) => {
      told++;
      echo.emit(value + 1);
    });
    echo.emit(0);
    expect(told).toBe(MAX_QUEUED_EVENTS);
    expect(reports.map(({ facts }) => facts.value)).toEqual([1]);
  });
});

describe("whoever watches all wires", () => {
  function trace(order: WireOrder): { readonly lines: string[]; readonly stop: () => void } {
    const lines: string[] = [];
    const tap = traceOf(order, () => {}).subscribe({
      next: ({ seq, kind }) => lines.push(`#${seq} ${kind}`),
      complete: () => lines.push("complete"),
    });
    return { lines, stop: () => tap.unsubscribe() };
  }

  it("sees wires that were there and wires to come, in one order", () => {
    const order = new WireOrder();
    const before = stepWire(order, "before");
    const { lines, stop } = trace(order);
    const after = stepWire(order, "after", () => before.emit(0));
    after.emit(0);
    stop();
    after.emit(0);
    expect(lines).toEqual(["#1 after", "#2 before"]);
    expect([before.tapped, after.tapped]).toEqual([false, false]);
  });

  it("outlives a wire that completes, while the wire's own taps end", () => {
    const order = new WireOrder();
    const first = stepWire(order, "first");
    const second = stepWire(order, "second");
    const { lines } = trace(order);
    let ended = false;
    first.subscribe({ complete: () => (ended = true) });
    first.emit(0);
    first.complete();
    second.emit(0);
    expect([lines, ended]).toEqual([["#1 first", "#2 second"], true]);
  });

  it("completes when the order closes, with every wire", () => {
    const order = new WireOrder();
    const wire = stepWire(order, "wire");
    const { lines } = trace(order);
    let ended = 0;
    wire.subscribe({ complete: () => ended++ });
    order.close();
    order.close();
    expect([lines, ended, wire.tapped]).toEqual([["complete"], 1, false]);
  });

  it("and comes after the close is told at once that there will be nothing", () => {
    const order = new WireOrder();
    order.close();
    expect(trace(order).lines).toEqual(["complete"]);
  });

  it("costs nothing while nobody does", () => {
    const order = new WireOrder();
    let described = 0;
    const wire = new Wire<readonly [], void, WireEvent>(order, {
      name: "wire",
      unowned: undefined,
      describe: (seq, atNs) => {
        described++;
        return { seq, atNs, kind: "wire" };
      },
    });
    wire.emit();
    const { stop } = trace(order);
    wire.emit();
    stop();
    wire.emit();
    expect(described).toBe(1);
  });
});

describe("watching changes nothing", () => {
  it("when the event cannot be described: the emitter has its answer, the failure is reported", () => {
    const { order, reports } = reporting();
    const wire = new Wire<readonly [], number, WireEvent>(order, {
      name: "clumsy",
      unowned: 0,
      describe: () => {
        throw new Error("no name for this register");
      },
    });
    wire.own("device", () => 7);
    const tap = wire.subscribe();
    expect(wire.emit()).toBe(7);
    expect(tap.closed).toBe(false);
    expect(reports.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      "tap: an event of clumsy could not be described and was not shown: no name for this register; correct `describe` of the wire, or what it asks of the device",
    ]);
  });
});

function attempt(use: () => unknown): TraplineError | undefined {
  try {
    use();
  } catch (error) {
    return error as TraplineError;
  }
  return undefined;
}
