/**
 * Without taps the bus calls a device or a doorbell's owner itself, not through the wire. Nobody may be able to tell: each
 * behaviour is run both ways, untapped and tapped, and must come out the same.
 */
import type { Subscription } from "rxjs";
import { describe, expect, it } from "vitest";
import { isTraplineError } from "../errors.ts";
import { MAX_DEPTH, WireOrder } from "../wire/wire-order.ts";
import { Bus, type Doorbell, type Region } from "./bus.ts";
import { type BusDevice, EXTERNAL_ABORT } from "./bus-device.ts";

const BASE = 0x0900_0000;
const BELL = 0x0a00_0000;

interface Setting {
  readonly order: WireOrder;
  readonly bus: Bus;
  readonly region: Region;
  readonly doorbell: Doorbell;
  /** Numbers that the taps saw. */
  readonly seen: number[];
}

function setting(tapped: boolean, device: BusDevice, rung: (value: number | bigint) => void = () => {}): Setting {
  const order = new WireOrder();
  const bus = new Bus(order, "mmio");
  const region = bus.claim({ name: "device", base: BASE, size: 0x1000 }, device);
  const doorbell = bus.doorbell("bell", { address: BELL, width: 4 });
  doorbell.hits$.own("bell", rung);
  const seen: number[] = [];
  if (tapped) tap(region, doorbell, seen);
  return { order, bus, region, doorbell, seen };
}

function tap(region: Region, doorbell: Doorbell, seen: number[]): readonly Subscription[] {
  return [region.accesses$.subscribe(({ seq }) => seen.push(seq)), doorbell.hits$.subscribe(({ seq }) => seen.push(seq))];
}

const quiet: BusDevice = { read: () => 7, write: () => {} };

describe.each([
  ["untapped", false],
  ["tapped", true],
])("an access, %s", (_, tapped) => {
  it("takes one number of the machine's order, answered or aborted", () => {
    const { order, bus } = setting(tapped, { read: () => 7, write: () => EXTERNAL_ABORT });
    expect([bus.read(BASE, 4, 0), bus.write(BASE, 4, 1, 0), bus.write(BELL, 4, 1, 0)]).toEqual([7, EXTERNAL_ABORT, 0]);
    expect([order.sequence, order.depth]).toEqual([3, 0]);
  });

  it("ends the outermost emission: what the device deferred is evaluated before the bus returns", () => {
    const log: string[] = [];
    const task = { deferred: false, evaluate: () => void log.push("evaluated") };
    const raise = (): void => {
      order.defer(task);
      log.push("raised");
    };
    const { order, bus } = setting(tapped, { read: () => (raise(), 1), write: raise }, raise);
    for (const access of [() => bus.read(BASE, 4, 0), () => bus.write(BASE, 4, 0, 0), () => bus.write(BELL, 4, 0, 0)]) {
      log.length = 0;
      access();
      expect(log).toEqual(["raised", "evaluated"]);
    }
  });

  it("gives the emitter what the device throws, and leaves the order as it was", () => {
    const broken = (): never => {
      throw new RangeError("broken");
    };
    const { order, bus } = setting(tapped, { read: broken, write: broken }, broken);
    expect(() => bus.read(BASE, 4, 0)).toThrow(RangeError);
    expect(() => bus.write(BASE, 4, 0, 0)).toThrow(RangeError);
    expect(() => bus.write(BELL, 4, 0, 0)).toThrow(RangeError);
    expect([order.sequence, order.depth, order.busy]).toEqual([3, 0, false]);
  });

  it("evaluates what was deferred before the device threw", () => {
    let evaluated = 0;
    const task = { deferred: false, evaluate: () => void evaluated++ };
    const raiseAndBreak = (): never => {
      order.defer(task);
      throw new RangeError("broken");
    };
    const { order, bus } = setting(tapped, { read: raiseAndBreak, write: raiseAndBreak }, raiseAndBreak);
    expect(() => bus.read(BASE, 4, 0)).toThrow(RangeError);
    expect(() => bus.write(BASE, 4, 0, 0)).toThrow(RangeError);
    expect(() => bus.write(BELL, 4, 0, 0)).toThrow(RangeError);
    expect(evaluated).toBe(3);
  });

  it("is refused by name when accesses are nested in a circle", () => {
    let calls = 0;
    const again = (): number => {
      calls++;
      return bus.read(BASE, 4, 0) as number;
    };
    const { bus, order } = setting(tapped, { read: again, write: () => {} });
    expect(() => bus.read(BASE, 4, 0)).toThrow(`mmio.device.accesses is nested ${MAX_DEPTH} emissions deep`);
    expect([calls, order.depth]).toEqual([MAX_DEPTH, 0]);
  });

  it("of a doorbell is refused by name likewise", () => {
    const { bus } = setting(tapped, quiet, () => void bus.write(BELL, 4, 0, 0));
    let caught: unknown;
    try {
      bus.write(BELL, 4, 0, 0);
    } catch (error) {
      caught = error;
    }
    expect(isTraplineError(caught, "invariant")).toBe(true);
    expect(String(caught)).toContain("mmio.bell.hits is nested");
  });
});

describe("taps that come and go", () => {
  it("see every access from the one after they came, and none after they left", () => {
    const { bus, region, doorbell, seen } = setting(false, quiet);
    bus.read(BASE, 4, 0);
    const taps = tap(region, doorbell, seen);
    bus.read(BASE, 4, 0);
    bus.write(BASE, 4, 0, 0);
    bus.write(BELL, 4, 0, 0);
    for (const each of taps) each.unsubscribe();
    bus.read(BASE, 4, 0);
    bus.write(BELL, 4, 0, 0);
    expect(seen).toEqual([2, 3, 4]);
  });

  it("may come in the middle of an access: they see the next", () => {
    const seen: number[] = [];
    let tapping = false;
    const { bus, region } = setting(false, {
      read: () => {
        if (!tapping) region.accesses$.subscribe(({ seq }) => seen.push(seq));
        tapping = true;
        return 0;
      },
      write: () => {},
    });
    bus.read(BASE, 4, 0);
    bus.read(BASE, 4, 0);
    expect(seen).toEqual([2]);
  });
});

describe("ownership", () => {
  it("may pass from one doorbell owner to another", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const doorbell = bus.doorbell("bell", { address: BELL, width: 4 });
    const rung: string[] = [];
    const first = doorbell.hits$.own("first", () => void rung.push("first"));
    bus.write(BELL, 4, 0, 0);
    first.unsubscribe();
    expect(bus.write(BELL, 4, 0, 0)).toBe(0); // swallowed: nobody is told
    doorbell.hits$.own("second", () => void rung.push("second"));
    bus.write(BELL, 4, 0, 0);
    expect(rung).toEqual(["first", "second"]);
  });

  it("of a range without a device is that of its wire", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const region = bus.region({ name: "wired", base: BASE, size: 8 });
    const ownership = region.accesses$.own("wired", (isWrite, offset) => (isWrite ? 0 : offset + 1));
    expect(bus.read(BASE + 4, 4, 0)).toBe(5);
    ownership.unsubscribe();
    expect(bus.read(BASE + 4, 4, 0)).toBe(EXTERNAL_ABORT);
  });

  it("ends when the machine closes its wires: the device is not called again", () => {
    let calls = 0;
    const { order, bus } = setting(false, { read: () => ++calls, write: () => {} });
    order.close();
    expect([bus.read(BASE, 4, 0), calls]).toEqual([EXTERNAL_ABORT, 0]);
  });
});
