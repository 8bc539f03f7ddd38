/** The part of the vCPU suite about exits: each comes once and whole, the guest gets the answer, and refusals are its exceptions. */
import { ofKind, type VcpuExit } from "@trapline/core";
import { afterEach, expect, it } from "vitest";
import { type GuestListing, steps as s } from "../vcpu/guest-steps.ts";
import {
  DEVICE,
  HYPERCALL_ANSWER,
  HYPERCALL_ID,
  NO_HYPERCALL_ID,
  NO_SYSREG,
  NOWHERE,
  PATTERN,
  SYSREG,
  vcpuBench,
  type VcpuBench,
} from "./vcpu-bench.ts";
import { GUEST_RAM, type VcpuBackendUnderTest } from "./vcpu-under-test.ts";

const NONE = 0xffff_ffff_ffff_ffffn;

/** Registers its tests in the describe block that is open. */
export function describeExits(under: VcpuBackendUnderTest): void {
  const open: VcpuBench[] = [];
  afterEach(async () => {
    for (const bench of open.splice(0)) await bench.close();
  });
  const boot = async (...listings: readonly GuestListing[]): Promise<VcpuBench> => {
    const bench = await vcpuBench(under, listings);
    open.push(bench);
    return bench;
  };
  const play = async (...main: GuestListing["main"]): Promise<VcpuBench> => {
    const bench = await boot({ main: [...main, s.powerOff], fault: [s.write32(DEVICE + 0xff0, 0xbad), s.powerOff] });
    expect(await bench.run()).toMatchObject({ reason: "power-off", status: 0 });
    return bench;
  };

  it("writes reach a device with their width and their whole value", async () => {
    const { log } = await play(
      s.write8(DEVICE, 0xfe),
      s.write16(DEVICE + 2, 0xfedc),
      s.write32(DEVICE + 4, 0xfedc_ba98),
      s.write64(DEVICE + 8, HYPERCALL_ANSWER),
      s.write64(DEVICE, 7),
    );
    expect(log).toEqual([
      "write 1 at 0x0 = 0xfe",
      "write 2 at 0x2 = 0xfedc",
      "write 4 at 0x4 = 0xfedcba98",
      "write 8 at 0x8 = 0xfedcba9876543210",
      "write 8 at 0x0 = 0x7",
    ]);
  });

  it("reads ask a device once and give the guest what it answered, whole", async () => {
    const reads = [s.read8(PATTERN + 7), s.read16(PATTERN + 2), s.read32(PATTERN + 4), s.read64(PATTERN)];
    const { log } = await play(...reads.flatMap((read) => [read, s.writeRemembered(DEVICE)]));
    expect(log).toEqual([
      ...["read 1 at 0x207", "write 8 at 0x0 = 0x88", "read 2 at 0x202", "write 8 at 0x0 = 0x4433"],
      ...["read 4 at 0x204", "write 8 at 0x0 = 0x88776655", "read 8 at 0x200", "write 8 at 0x0 = 0x8877665544332211"],
    ]);
  });

  it("RAM is no exit, and holds what was stored", async () => {
    const { base } = GUEST_RAM;
    const { machine, log } = await play(
      s.write64(base + 8, HYPERCALL_ANSWER),
      s.read32(base + 12),
      s.writeRemembered(DEVICE),
      s.write8(base + 15, 1),
    );
    expect(log).toEqual(["write 8 at 0x0 = 0xfedcba98"]);
    expect([machine.memory.read(base + 8, 8), machine.vcpus[0]!.retired > 0]).toEqual([0x01dc_ba98_7654_3210n, true]);
  });

  it("system registers travel whole, by their encoding", async () => {
    const { log } = await play(
      s.msr(SYSREG, HYPERCALL_ANSWER),
      s.mrs(SYSREG),
      s.writeRemembered(DEVICE),
      s.msr(SYSREG, 5),
      s.mrs(SYSREG),
      s.writeRemembered(DEVICE),
    );
    expect(log).toEqual(["msr 0xfedcba9876543210", "mrs", "write 8 at 0x0 = 0xfedcba9876543210", "msr 0x5", "mrs", "write 8 at 0x0 = 0x5"]);
  });

  it("hypercalls come with their function id, and x0 is the answer; what nobody knows is NOT_SUPPORTED", async () => {
    const { log } = await play(s.hvc(HYPERCALL_ID), s.writeRemembered(DEVICE), s.hvc(NO_HYPERCALL_ID), s.writeRemembered(DEVICE));
    expect(log).toEqual([
      "hvc 0xc6000001",
      `write 8 at 0x0 = 0x${HYPERCALL_ANSWER.toString(16)}`,
      `write 8 at 0x0 = 0x${NONE.toString(16)}`,
    ]);
  });

  it.each([
    ["a read of what nobody claims", s.read32(NOWHERE)],
    ["a write to what nobody claims", s.write32(NOWHERE, 1)],
    ["a read of a register that nobody has", s.mrs(NO_SYSREG)],
    ["a write to a register that nobody has", s.msr(NO_SYSREG, 1)],
  ])("%s is an exception of the guest: its next instruction is not reached", async (_what, step) => {
    const { log } = await play(s.write32(DEVICE, 1), step, s.write32(DEVICE, 2));
    expect(log).toEqual(["write 4 at 0x0 = 0x1", "write 4 at 0xff0 = 0xbad"]);
  });

  it("taps see every exit, in order, with vCPU, values and refusals", async () => {
    const bench = await boot({
      main: [
        s.write64(DEVICE + 8, HYPERCALL_ANSWER),
        s.read16(PATTERN),
        s.msr(SYSREG, 3),
        s.mrs(SYSREG),
        s.hvc(HYPERCALL_ID),
        s.read32(NOWHERE),
      ],
      fault: [s.mrs(SYSREG), s.powerOff],
    });
    const seen: VcpuExit[] = [];
    bench.machine.trace$.pipe(ofKind("exit")).subscribe((exit) => seen.push(exit));
    await bench.run();
    expect(seen.slice(0, 7)).toMatchObject([
      { vcpu: 0, reason: "mmio", direction: "write", address: DEVICE + 8, width: 8, value: HYPERCALL_ANSWER },
      { vcpu: 0, reason: "mmio", direction: "read", address: PATTERN, width: 2, value: 0x2211 },
      { vcpu: 0, reason: "sysreg", direction: "write", encoding: SYSREG, value: 3 },
      { vcpu: 0, reason: "sysreg", direction: "read", encoding: SYSREG, value: 3 },
      { vcpu: 0, reason: "hypercall", conduit: "hvc", functionId: HYPERCALL_ID, result: HYPERCALL_ANSWER },
      { vcpu: 0, reason: "mmio", direction: "read", address: NOWHERE, width: 4, aborted: true },
      { vcpu: 0, reason: "sysreg", direction: "read", value: 3 },
    ]);
    expect(seen.some(({ reason }) => reason === "shutdown")).toBe(true);
  });

  it("every vCPU has its number, its exits, and its turn", async () => {
    const guests = [0, 1, 2].map((vcpu): GuestListing => ({
      main: [s.write32(DEVICE + 4 * vcpu, vcpu), s.compute(30), s.write32(DEVICE + 4 * vcpu, vcpu + 0x10), s.stop],
    }));
    const bench = await boot(...guests);
    const { machine, accesses } = bench;
    expect(machine.vcpus.map(({ id, exits$ }) => [id, exits$.ownerName])).toEqual([
      [0, "machine"],
      [1, "machine"],
      [2, "machine"],
    ]);
    expect(await bench.run()).toEqual({ reason: "halted" });
    for (const vcpu of [0, 1, 2]) {
      const own = accesses.filter((access) => access.vcpu === vcpu).map(({ what }) => what);
      expect(own).toEqual([`write 4 at 0x${4 * vcpu} = 0x${vcpu}`, `write 4 at 0x${4 * vcpu} = 0x1${vcpu}`]);
    }
    expect(machine.vcpus.map(({ off, runnable }) => [off, runnable])).toEqual([
      [true, false],
      [true, false],
      [true, false],
    ]);
  });

  it("what an owner throws comes out of the run, and the machine can be reset", async () => {
    const bench = await boot({ main: [s.read32(DEVICE), s.powerOff] });
    const { machine } = bench;
    const region = machine.bus.region({ name: "broken", base: NOWHERE, size: 0x1000 });
    region.accesses$.own("broken", () => {
      throw new Error("a bug of this device");
    });
    const broken = await boot({ main: [s.write32(DEVICE, 1), s.read32(NOWHERE), s.powerOff] });
    broken.machine.bus.region({ name: "broken", base: NOWHERE, size: 0x1000 }).accesses$.own("broken", () => {
      throw new Error("a bug of this device");
    });
    await expect(broken.run()).rejects.toThrow("a bug of this device");
    expect(await bench.run()).toMatchObject({ reason: "power-off" }); // another machine is not harmed
    await broken.machine.reset("power-on");
    await expect(broken.run()).rejects.toThrow("a bug of this device");
    expect(broken.log).toEqual(["write 4 at 0x0 = 0x1", "write 4 at 0x0 = 0x1"]);
  });
}
