/**
 * An untapped emission allocates nothing (issue "Must reach": 0 bytes).
 *
 * A single allocation per emission is at least 12 bytes. The heap is read before and after a burst that fits the young
 * generation, so that no collection hides what was allocated; of several bursts the quietest counts, so that what the
 * runtime does on the side does not. The tapped wire is the control: the same measurement must see its events.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Wire } from "./wire.ts";
import { type WireEvent, WireOrder } from "./wire-order.ts";

const BURST = 20_000;
const BURSTS = 30;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

type AccessWire = Wire<readonly [isWrite: boolean, offset: number, width: number, value: number, vcpu: number], number, WireEvent>;

function accessWire(): AccessWire {
  const wire: AccessWire = new Wire<readonly [boolean, number, number, number, number], number, WireEvent>(new WireOrder(), {
    name: "access",
    unowned: 0,
    describe: (seq, atNs) => ({ seq, atNs, kind: "access" }),
  });
  wire.own("device", (_isWrite, offset, _width, value) => offset + value);
  return wire;
}

/** Bytes that one emission costs. */
function bytesPerEmission(wire: AccessWire): number {
  let least = Infinity;
  let sum = 0;
  for (let burst = 0; burst < BURSTS; burst++) {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < BURST; n++) sum += wire.emit(true, n, 4, 1, 0);
    const after = process.memoryUsage().heapUsed;
    if (after >= before) least = Math.min(least, (after - before) / BURST);
  }
  expect(sum).toBeGreaterThan(0);
  return least;
}

describe("what an emission allocates", () => {
  it("is nothing while nobody taps", () => {
    expect(bytesPerEmission(accessWire())).toBeLessThan(1);
  });

  it("is the event as soon as somebody does (the control)", () => {
    const wire = accessWire();
    wire.subscribe();
    expect(bytesPerEmission(wire)).toBeGreaterThan(12);
  });
});
