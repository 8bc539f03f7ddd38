/** Every exit to whoever answers it, with the answer in place; and what taps of `exits$` see of it. */
import { describe, expect, it } from "vitest";
import { Bus } from "../bus/bus.ts";
import { EXTERNAL_ABORT, type Width } from "../bus/bus-device.ts";
import type { U64 } from "../u64.ts";
import { WireOrder } from "../wire/wire-order.ts";
import { exitOwner } from "./exit-dispatch.ts";
import { exitWire } from "./exit-wire.ts";
import { HypercallSpace } from "./hypercall-space.ts";
import { SysregSpace } from "./sysreg-space.ts";
import type { Vcpu } from "./vcpu.ts";
import * as exit from "./vcpu-exit.ts";

const REG = exit.sysregEncoding(3, 0, 4, 6, 0);

/** One vCPU in front of real buses and spaces, all of which write to one log. */
function setUp(): { readonly emit: (...args: exit.ExitArgs) => U64; readonly log: string[]; readonly events: object[] } {
  const order = new WireOrder();
  const log: string[] = [];
  const device = (name: string) => ({
    read: (offset: number, width: Width, vcpu: number): U64 => (log.push(`${name} read${8 * width} +${offset} by ${vcpu}`), 2n ** 60n + BigInt(offset)),
    write: (offset: number, width: Width, value: U64, vcpu: number): void => void log.push(`${name} write${8 * width} +${offset} = ${value} by ${vcpu}`),
  });
  const [bus, ports] = [new Bus(order, "mmio"), new Bus(order, "pio")];
  bus.claim({ name: "mmio", base: 0x1000, size: 0x10 }, device("mmio"));
  ports.claim({ name: "pio", base: 0x3f8, size: 8 }, device("pio"));
  const sysregs = new SysregSpace(order);
  sysregs.claim("gic", [{ name: "ICC_PMR_EL1", encoding: REG }], {
    readSysreg: (_encoding, vcpu) => (log.push(`mrs by ${vcpu}`), 2n ** 63n),
    writeSysreg: (_encoding, value, vcpu) => void log.push(`msr ${value} by ${vcpu}`),
  });
  const hypercalls = new HypercallSpace();
  hypercalls.claim("psci", 0x8400_0000, 16, (id, vcpu, conduit) => (log.push(`call ${id - 0x8400_0000} by ${vcpu} through ${conduit === exit.SMC ? "smc" : "hvc"}`), 2n ** 63n));
  const wire = exitWire(order, 3, () => "it hurts");
  const machine = {
    shutdown: (vcpu: number, status: number) => void log.push(`shutdown ${status} by ${vcpu}`),
    reset: (vcpu: number) => void log.push(`reset by ${vcpu}`),
    debug: (vcpu: number, pc: number) => void log.push(`debug at ${pc} by ${vcpu}`),
    fault: (vcpu: number, pc: number, message: string) => void log.push(`fault at ${pc} by ${vcpu}: ${message}`),
  };
  wire.own("machine", exitOwner({ id: 3, faultMessage: "it hurts" } as Vcpu, { bus, ports, sysregs, hypercalls, machine }));
  const events: object[] = [];
  wire.subscribe((event) => events.push(event));
  return { emit: (...args) => wire.emit(...args), log, events };
}

//   exit                                                answer                what happened                       what taps see
const EXITS: readonly (readonly [exit.ExitArgs, U64, readonly string[], object])[] = [
  [[exit.MMIO_READ, 0x1004, 8, 0], 2n ** 60n + 4n, ["mmio read64 +4 by 3"], { reason: "mmio", direction: "read", address: 0x1004, width: 8, value: 2n ** 60n + 4n }],
  [[exit.MMIO_READ, 0x2000, 4, 0], EXTERNAL_ABORT, [], { reason: "mmio", direction: "read", address: 0x2000, width: 4, aborted: true }],
  [[exit.MMIO_WRITE, 0x1008, 4, 7], 0, ["mmio write32 +8 = 7 by 3"], { reason: "mmio", direction: "write", address: 0x1008, width: 4, value: 7 }],
  [[exit.MMIO_WRITE, 0x2000, 1, 7], EXTERNAL_ABORT, [], { reason: "mmio", direction: "write", address: 0x2000, width: 1, value: 7, aborted: true }],
  [[exit.PIO_READ, 0x3fd, 1, 0], 2n ** 60n + 5n, ["pio read8 +5 by 3"], { reason: "pio", direction: "read", address: 0x3fd, width: 1, value: 2n ** 60n + 5n }],
  [[exit.PIO_WRITE, 0x3f8, 1, 0x41], 0, ["pio write8 +0 = 65 by 3"], { reason: "pio", direction: "write", address: 0x3f8, width: 1, value: 0x41 }],
  [[exit.SYSREG_READ, REG, 8, 0], 2n ** 63n, ["mrs by 3"], { reason: "sysreg", direction: "read", encoding: REG, value: 2n ** 63n }],
  [[exit.SYSREG_READ, 0, 8, 0], exit.UNDEFINED, [], { reason: "sysreg", direction: "read", encoding: 0, undefined: true }],
  [[exit.SYSREG_WRITE, REG, 8, 0xf0], 0, ["msr 240 by 3"], { reason: "sysreg", direction: "write", encoding: REG, value: 0xf0 }],
  [[exit.SYSREG_WRITE, 0, 8, 1], exit.UNDEFINED, [], { reason: "sysreg", direction: "write", encoding: 0, value: 1, undefined: true }],
  [[exit.HYPERCALL, 0x8400_0003, exit.HVC, 5], 2n ** 63n, ["call 3 by 3 through hvc"], { reason: "hypercall", conduit: "hvc", functionId: 0x8400_0003, immediate: 5, result: 2n ** 63n }],
  [[exit.HYPERCALL, 1, exit.SMC, 0], exit.SMCCC_NOT_SUPPORTED, [], { reason: "hypercall", conduit: "smc", functionId: 1, immediate: 0, result: exit.SMCCC_NOT_SUPPORTED }],
  [[exit.WFI, 0, 0, 0], 0, [], { reason: "wfi" }],
  [[exit.SHUTDOWN, 0, 0, 42], 0, ["shutdown 42 by 3"], { reason: "shutdown", status: 42 }],
  [[exit.RESET, 0, 0, 0], 0, ["reset by 3"], { reason: "reset" }],
  [[exit.DEBUG, 0x4000, 0, 0], 0, ["debug at 16384 by 3"], { reason: "debug", pc: 0x4000 }],
  [[exit.FAULT, 0x4004, 0, 1], 0, ["fault at 16388 by 3: it hurts"], { reason: "fault", pc: 0x4004, message: "it hurts" }],
];

describe("an exit", () => {
  it.each(EXITS)("%o is answered with %d", (args, answer, happened, seen) => {
    const { emit, log, events } = setUp();
    expect(emit(...args)).toBe(answer);
    expect(log).toEqual(happened);
    expect(events).toEqual([{ seq: 1, atNs: 0, kind: "exit", vcpu: 3, ...seen }]);
  });

  it("tells from which instruction it comes, where the backend runs some, as it is after the answer", () => {
    let pc = 0x4008_0000;
    const wire = exitWire(new WireOrder(), 0, () => "", () => (pc === 0 ? undefined : { pc, word: 0xd503_207f }));
    const seen: unknown[] = [];
    wire.emit(exit.WFI, 0, 0, 0); // nobody watches: nobody asks
    wire.subscribe(({ at }) => seen.push(at));
    wire.own("machine", () => (pc += 4));
    wire.emit(exit.WFI, 0, 0, 0);
    pc = -4; // the owner moves the vCPU to where nothing tells
    wire.emit(exit.WFI, 0, 0, 0);
    expect(seen).toEqual([{ pc: 0x4008_0004, word: 0xd503_207f }, undefined]);
  });

  it("that nobody answers yet is aborted", () => {
    const wire = exitWire(new WireOrder(), 0, () => "");
    expect([wire.name, wire.emit(exit.MMIO_READ, 0, 4, 0)]).toEqual(["vcpu0.exits", EXTERNAL_ABORT]);
  });
});
