/** The part of the vCPU suite about counting: retired instructions are exact, slices of any length give the same run and time. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type GuestListing, steps as s } from "../vcpu/guest-steps.ts";
import { ARM, DEVICE, KICK, LOWER, SYSREG, vcpuBench } from "./vcpu-bench.ts";
import { GUEST_RAM, type VcpuBackendUnderTest } from "./vcpu-under-test.ts";

/** Something of everything. */
export const STORY: GuestListing = {
  main: [
    ...[
      s.mask,
      s.write32(DEVICE, 1),
      s.unmask,
      s.compute(7),
      s.write64(GUEST_RAM.base, 0x1234),
      s.read64(GUEST_RAM.base),
      s.writeRemembered(DEVICE + 8),
    ],
    ...[
      s.write32(ARM, 30),
      s.compute(40),
      s.msr(SYSREG, 9),
      s.mrs(SYSREG),
      s.writeRemembered(DEVICE + 8),
      s.write32(ARM, 500),
      s.wfi,
      s.write32(DEVICE, 2),
    ],
    s.powerOff,
  ],
  irq: [s.write32(LOWER, 1), s.compute(3), s.write32(DEVICE + 0x10, 1)],
};

/** Registers its tests in the describe block that is open. */
export function describeBudgets(under: VcpuBackendUnderTest): void {
  it("an exit finds its own instruction counted, in `retired` and in time", async () => {
    const main = [
      s.write32(DEVICE, 0),
      s.compute(17),
      s.write32(DEVICE, 1),
      s.read32(DEVICE),
      s.msr(SYSREG, 1),
      s.mrs(SYSREG),
      s.write64(GUEST_RAM.base, 1),
      s.write8(DEVICE, 3),
      s.powerOff,
    ];
    const bench = await vcpuBench(under, [{ main }]);
    await bench.run();
    const counted = [0, 2, 3, 4, 5, 7].map((index) => under.instructionsOf([{ main }], 0, index));
    expect(bench.accesses.map(({ retired }) => retired)).toEqual(counted);
    expect(bench.accesses.map(({ atNs }) => atNs)).toEqual(counted);
    await bench.close();
  });

  it("a slice ends with its budget, to the instruction", async () => {
    const bench = await vcpuBench(under, [{ main: [s.compute(500), s.write32(DEVICE, 1), s.powerOff] }]);
    const [vcpu] = bench.machine.vcpus;
    let target = 0;
    for (const budget of [1, 1, 2, 3, 100, 7, 1]) {
      target += budget;
      // A busy host may let a backend give way early; never late.
      while (vcpu!.retired < target) expect(["budget", "kicked"]).toContain(vcpu!.run(target - vcpu!.retired));
      expect([vcpu!.retired, bench.machine.clock.nowNs()]).toEqual([target, target]);
    }
    expect(bench.log).toEqual([]);
    await bench.close();
  });

  it("a kick ends the slice behind the instruction that is under way", async () => {
    const main = [s.write32(KICK, 1), s.compute(50), s.write32(DEVICE, 1), s.powerOff];
    const bench = await vcpuBench(under, [{ main }]);
    const [vcpu] = bench.machine.vcpus;
    vcpu!.kick(); // without a slice it does nothing
    let end = vcpu!.run(10_000);
    while (end === "kicked" && bench.log.length === 0) end = vcpu!.run(10_000); // a busy host let it give way early
    expect([end, vcpu!.retired]).toEqual(["kicked", under.instructionsOf([{ main }], 0, 0)]);
    expect(await bench.run()).toMatchObject({ reason: "power-off" });
    expect(bench.log).toHaveLength(2);
    await bench.close();
  });

  it("a run that stops at any moment, and goes on, is the run that never stopped", async () => {
    const whole = await vcpuBench(under, [STORY]);
    await whole.run();
    const end = whole.machine.clock.nowNs();
    const bench = await vcpuBench(under, [STORY]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: end }), { maxLength: 12 }), async (moments) => {
        await bench.machine.reset("power-on");
        bench.accesses.length = 0;
        for (const moment of [...moments.sort((a, b) => a - b), Infinity]) if ((await bench.run(moment)).reason !== "until") break;
        expect(bench.accesses).toEqual(whole.accesses);
        expect(bench.machine.vcpus[0]!.retired).toBe(whole.machine.vcpus[0]!.retired);
      }),
      { numRuns: 30 },
    );
    await bench.close();
    await whole.close();
  });

  it("vCPUs take turns of a quantum's length: the same each time, and none is left behind", async () => {
    const guest = (vcpu: number): GuestListing => ({
      main: [...Array.from({ length: 6 }, (_, n) => [s.compute(20), s.write32(DEVICE + 4 * vcpu, n)]).flat(), s.stop],
    });
    const turns = async (): Promise<string> => {
      const bench = await vcpuBench(under, [guest(0), guest(1)], 50);
      await bench.run();
      const order = bench.accesses.map(({ vcpu }) => vcpu).join("");
      await bench.close();
      return order;
    };
    const order = await turns();
    expect(await turns()).toBe(order);
    expect(order).toMatch(/^0+1+0+1+/);
    expect(order).toHaveLength(12);
  });
}
