/** Asking which doorbell a write would ring, without ringing it. */
import { describe, expect, it } from "vitest";
import { WireOrder } from "../wire/wire-order.ts";
import { Bus } from "./bus.ts";

describe("doorbellAt", () => {
  it("tells which doorbell a write would ring, and rings nothing", () => {
    const order = new WireOrder();
    const bus = new Bus(order, "mmio");
    const any = bus.doorbell("any value", { address: 0x1000, width: 4 });
    const seven = bus.doorbell("seven", { address: 0x1004, width: 4, value: 7 });
    let rung = 0;
    for (const { hits$ } of [any, seven]) hits$.own("test", () => void rung++);
    //  address, width, value     which
    expect([
      bus.doorbellAt(0x1000, 4, 9),
      bus.doorbellAt(0x1004, 4, 7),
      bus.doorbellAt(0x1004, 4, 8), // another value
      bus.doorbellAt(0x1000, 2, 9), // another width
      bus.doorbellAt(0x1002, 4, 9), // another address
    ]).toEqual([any, seven, undefined, undefined, undefined]);
    expect([rung, order.sequence]).toEqual([0, 0]);
    any.release();
    expect(bus.doorbellAt(0x1000, 4, 9)).toBe(undefined);
  });
});
