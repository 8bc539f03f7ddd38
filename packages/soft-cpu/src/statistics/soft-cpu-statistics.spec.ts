/** What is counted, against a guest that does a known number of things. */
import { createMachine, definePlugin, type Machine, scripted } from "@trapline/core";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { softCpu } from "../soft-cpu.ts";
import { countedGuest, RETIRED, RETIRED_AT_LOAD, START } from "../testing/counted-guest.fixture.ts";
import { softCpuStatistics } from "./soft-cpu-statistics.ts";

/** Where execution stands is looked at twice in 50 000 instructions; after 31 looks its loop is compiled, while this thread does other things. */
async function compiled(machine: Machine): Promise<void> {
  await machine.run({ untilNs: machine.clock.nowNs() + 1_800_000 });
  while (softCpuStatistics(machine).jit.functions === 0) await setImmediate();
}

describe.each([true, false])("statistics (jit: %s)", (jit) => {
  it("count instructions, exits, exceptions, pages and walks, the same with and without the JIT", async () => {
    const machine = await countedGuest({ jit });
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    const { vcpus, exceptions, pages, tlb } = softCpuStatistics(machine);
    expect(vcpus).toEqual([{ id: 0, retired: RETIRED, exits: { "mmio-read": 1, "mmio-write": 1, hypercall: 1, shutdown: 1 } }]);
    expect(exceptions).toEqual({ undefined: 1, svc: 2, "data-abort-el1": 2 });
    expect(pages).toEqual({ decoded: 1, dropped: 1, flushes: 0 });
    // The page of code: first, and when it was dropped. The device's page, and the page of code as data.
    expect(tlb).toEqual({ dataMisses: 2, fetchMisses: 2 });
    await machine.close();
  });

  it("tell what was compiled, and about how much runs compiled", async () => {
    const machine = await countedGuest({ jit });
    if (jit) await compiled(machine);
    await machine.run();
    const { milliseconds, share, ...made } = softCpuStatistics(machine).jit;
    if (jit) {
      expect(made).toEqual({ functions: 1, instructions: 2, bytes: expect.any(Number), flushes: 0, givenUp: 0 });
      expect(made.bytes).toBeGreaterThan(100);
      expect(milliseconds).toBeGreaterThan(0);
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
    } else {
      expect({ ...made, milliseconds, share }).toEqual({ functions: 0, instructions: 0, bytes: 0, flushes: 0, givenUp: 0, milliseconds: 0, share: 0 });
    }
    await machine.close();
  });
});

describe("statistics", () => {
  it("tell that compiled code was given up, where each round of a loop asks a device", async () => {
    const device = definePlugin({
      name: "device",
      create: (vmm) => ({ attach: (scope) => void scope.add(vmm.bus.claim({ name: "device", base: 0x900_0000, size: 8 }, { read: () => 7, write: () => {} })) }),
    });
    const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x10_0000 }], plugins: [softCpu(), device] });
    const loop = [0xd2a1_2004, 0xb940_0082, 0x17ff_ffff]; // mov x4, #0x9000000; 1: ldr w2, [x4]; b 1b
    machine.memory.copyIn(START, new Uint8Array(Uint32Array.from(loop).buffer));
    await compiled(machine);
    await machine.run({ untilNs: machine.clock.nowNs() + 200_000 });
    expect(softCpuStatistics(machine).jit).toMatchObject({ functions: 1, givenUp: 1 });
    await machine.close();
  });

  it("may be read while the machine runs, from a tap, exact to the instruction", async () => {
    const machine = await countedGuest();
    const retired: number[] = [];
    machine.vcpus[0]!.exits$.subscribe(() => retired.push(softCpuStatistics(machine).vcpus[0]!.retired));
    await machine.run();
    // The load, the store (and the handler between them), HVC.
    expect(retired).toEqual([RETIRED_AT_LOAD, RETIRED_AT_LOAD + 9, RETIRED, RETIRED]);
    await machine.close();
  });

  it("begin anew with a power-on only as far as instructions go", async () => {
    const machine = await countedGuest();
    await machine.run();
    const before = softCpuStatistics(machine);
    await machine.reset("warm");
    expect(softCpuStatistics(machine)).toEqual(before);
    await machine.reset("power-on");
    const { vcpus, exceptions } = softCpuStatistics(machine);
    expect(vcpus[0]).toMatchObject({ retired: 0, exits: { hypercall: 1 } });
    expect(exceptions).toMatchObject({ svc: 2 });
    await machine.close();
  });

  it("are no other backend's", async () => {
    const machine = await createMachine({ plugins: [scripted()] });
    expect(() => softCpuStatistics(machine)).toThrow("nothing provides SoftCpuStatistics");
    await machine.close();
  });
});
