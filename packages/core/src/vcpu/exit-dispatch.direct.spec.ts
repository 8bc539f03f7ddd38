/**
 * An access is the last that happens in its exit, so without taps it has no emission of its own there, only its number. Nobody may be
 * able to tell but the device, which finds itself in the outermost emission: each row runs both ways, untapped and tapped.
 */
import { Subscriber } from "rxjs";
import { describe, expect, it } from "vitest";
import { Bus } from "../bus/bus.ts";
import { EXTERNAL_ABORT } from "../bus/bus-device.ts";
import type { U64 } from "../u64.ts";
import { WireOrder } from "../wire/wire-order.ts";
import { exitOwner } from "./exit-dispatch.ts";
import { exitWire } from "./exit-wire.ts";
import { HypercallSpace } from "./hypercall-space.ts";
import { SysregSpace } from "./sysreg-space.ts";
import type { Vcpu } from "./vcpu.ts";
import * as exit from "./vcpu-exit.ts";

const REG = exit.sysregEncoding(3, 0, 12, 12, 0);
const machine = { shutdown: () => {}, reset: () => {}, debug: () => {}, fault: () => {} };

/** One vCPU before one device, which is on both buses, is a system register and hears a doorbell. @param act what it does at each access */
function machineOf(act: (order: WireOrder) => U64, tapped: boolean): { readonly emit: (...args: exit.ExitArgs) => U64; readonly order: WireOrder } {
  const order = new WireOrder();
  const access = (): U64 => act(order);
  const device = { read: access, write: (): number => Number(access()) };
  const [bus, ports] = [new Bus(order, "mmio"), new Bus(order, "pio")];
  const sysregs = new SysregSpace(order);
  bus.claim({ name: "device", base: 0x1000, size: 0x10 }, device);
  ports.claim({ name: "device", base: 0x3f8, size: 8 }, device);
  sysregs.claim("device", [{ name: "REG", encoding: REG }], { readSysreg: access, writeSysreg: () => Number(access()) });
  bus.doorbell("bell", { address: 0x1008, width: 4, value: 7 }).hits$.own("device", () => void access());
  const wire = exitWire(order, 0, () => "");
  wire.own("machine", exitOwner({ id: 0, faultMessage: "" } as Vcpu, { bus, ports, sysregs, hypercalls: new HypercallSpace(), machine }));
  if (tapped) order.watchAll(new Subscriber<unknown>());
  return { emit: (...args) => wire.emit(...args), order };
}

//   what                        exit                                  answer of a device that says 5
const ACCESSES: readonly (readonly [string, exit.ExitArgs, U64])[] = [
  ["a read of the bus", [exit.MMIO_READ, 0x1004, 4, 0], 5],
  ["a write to the bus", [exit.MMIO_WRITE, 0x1004, 4, 1], 5],
  ["a write that rings", [exit.MMIO_WRITE, 0x1008, 4, 7], 0],
  ["a write beside the bell", [exit.MMIO_WRITE, 0x1008, 4, 8], 5],
  ["a read of a port", [exit.PIO_READ, 0x3f8, 1, 0], 5],
  ["a write to a port", [exit.PIO_WRITE, 0x3f8, 1, 1], 5],
  ["a read of a register", [exit.SYSREG_READ, REG, 8, 0], 5],
  ["a write to a register", [exit.SYSREG_WRITE, REG, 8, 1], 5],
];

describe.each([
  ["untapped", false],
  ["tapped", true],
])("an exit, %s", (_, tapped) => {
  it.each(ACCESSES)("%s takes a number after that of the exit, and the boundary comes after both", (_what, args, answer) => {
    const log: string[] = [];
    const task = { deferred: false, evaluate: () => void log.push("evaluated") };
    const { emit, order } = machineOf((inside) => {
      log.push(`accessed as ${inside.sequence}`);
      inside.defer(task);
      return 5;
    }, tapped);
    expect([emit(...args), order.sequence, order.depth, order.busy]).toEqual([answer, 2, 0, false]);
    expect(log).toEqual(["accessed as 2", "evaluated"]);
  });

  it.each(ACCESSES)("%s passes on what the device throws, after the boundary", (_what, args) => {
    let evaluated = 0;
    const task = { deferred: false, evaluate: () => void evaluated++ };
    const { emit, order } = machineOf((inside) => {
      inside.defer(task);
      throw new RangeError("broken");
    }, tapped);
    expect(() => emit(...args)).toThrow(RangeError);
    expect([order.sequence, order.depth, order.busy, evaluated]).toEqual([2, 0, false, 1]);
  });

  it.each([
    ["reaches over the end", 0x100e, 4],
    ["is beside the claim", 0x0fff, 1],
    ["begins before it", 0x0ffe, 4],
  ] as const)("an access that %s is nobody's", (_what, address, width) => {
    const { emit, order } = machineOf(() => 5, tapped);
    expect([emit(exit.MMIO_READ, address, width, 0), emit(exit.MMIO_WRITE, address, width, 1)]).toEqual([EXTERNAL_ABORT, EXTERNAL_ABORT]);
    expect(order.sequence).toBe(4);
  });
});

describe("the device", () => {
  it.each(ACCESSES.filter(([what]) => what !== "a write that rings"))("finds itself in the outermost emission: %s", (_what, args) => {
    const depths: number[] = [];
    const { emit } = machineOf((inside) => (depths.push(inside.depth), 5), false);
    emit(...args);
    expect(depths).toEqual([1]);
  });
});
