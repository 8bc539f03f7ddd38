/** The part of the vCPU suite about WFI and interrupts: when one waits, what wakes it, between which instructions an interrupt comes. */
import { IRQ_LINE, ofKind } from "@trapline/core";
import { afterEach, expect, it } from "vitest";
import { type GuestListing, steps as s } from "../vcpu/guest-steps.ts";
import { ARM, DEVICE, LOWER, RAISE, RAISE_OF, vcpuBench, type VcpuBench } from "./vcpu-bench.ts";
import type { VcpuBackendUnderTest } from "./vcpu-under-test.ts";

const [A, B, H] = [DEVICE, DEVICE + 8, DEVICE + 0x10];
const [wrote, raised, lowered] = [
  (at: number) => `write 4 at 0x${(at - DEVICE).toString(16)} = 0x1`,
  "write 4 at 0x100 = 0x1",
  "write 4 at 0x108 = 0x1",
];
const step = (address: number) => s.write32(address, 1);
/** Lowers the line, then tells. */
const irq = [step(LOWER), step(H)];

/** Registers its tests in the describe block that is open. */
export function describeInterrupts(under: VcpuBackendUnderTest): void {
  const open: VcpuBench[] = [];
  afterEach(async () => {
    for (const bench of open.splice(0)) await bench.close();
  });
  const boot = async (...listings: readonly GuestListing[]): Promise<VcpuBench> => {
    const bench = await vcpuBench(under, listings);
    open.push(bench);
    return bench;
  };

  it("WFI waits: the machine is idle, the vCPU has nothing to run, and time stands still", async () => {
    const bench = await boot({ main: [s.mask, step(A), s.wfi, step(B), s.powerOff] });
    const [vcpu] = bench.machine.vcpus;
    let waits = 0;
    bench.machine.trace$.pipe(ofKind("exit")).subscribe(({ reason }) => (waits += Number(reason === "wfi")));
    expect(vcpu!.runnable).toBe(true);
    expect(await bench.run()).toEqual({ reason: "idle" });
    expect([bench.log, vcpu!.runnable, vcpu!.off, waits]).toEqual([[wrote(A)], false, false, 1]);
    const retired = under.instructionsOf(bench.listings, 0, 2);
    expect([vcpu!.retired, bench.machine.clock.nowNs(), vcpu!.run(100), vcpu!.retired]).toEqual([retired, retired, "waiting", retired]);
  });

  it("a line wakes it, masked or not; masked it goes on behind the WFI", async () => {
    const bench = await boot({ main: [s.mask, s.wfi, step(B), s.powerOff], irq });
    await bench.run();
    const [vcpu] = bench.machine.vcpus;
    vcpu!.setLine(IRQ_LINE, true);
    expect(vcpu!.runnable).toBe(true);
    expect(await bench.run()).toMatchObject({ reason: "power-off" });
    expect(bench.log).toEqual([wrote(B)]);
  });

  it("unmasked it takes the interrupt first, and returns behind the WFI", async () => {
    const bench = await boot({ main: [s.mask, s.unmask, s.wfi, step(B), s.powerOff], irq });
    await bench.run();
    bench.machine.vcpus[0]!.setLine(IRQ_LINE, true);
    expect(await bench.run()).toMatchObject({ reason: "power-off" });
    expect(bench.log).toEqual([lowered, wrote(H), wrote(B)]);
  });

  it("a line that falls before anybody ran lets it wait on", async () => {
    const bench = await boot({ main: [s.mask, s.wfi, step(B), s.powerOff] });
    await bench.run();
    const [vcpu] = bench.machine.vcpus;
    vcpu!.setLine(IRQ_LINE, true);
    vcpu!.setLine(IRQ_LINE, false);
    expect([vcpu!.runnable, await bench.run(), bench.log]).toEqual([false, { reason: "idle" }, []]);
  });

  it("WFI with a line already high does not wait", async () => {
    const bench = await boot({ main: [s.mask, step(RAISE), s.wfi, step(B), s.powerOff] });
    expect(await bench.run()).toMatchObject({ reason: "power-off" });
    expect(bench.log).toEqual([raised, wrote(B)]);
  });

  it("a line that rises inside an access is taken before the next instruction", async () => {
    const bench = await boot({ main: [s.mask, s.unmask, step(RAISE), step(B), s.powerOff], irq });
    await bench.run();
    expect(bench.log).toEqual([raised, lowered, wrote(H), wrote(B)]);
    const took = bench.accesses[1]!.retired - bench.accesses[0]!.retired;
    expect(took).toBe(under.instructionsOfIrq(bench.listings, 0, 0));
  });

  it("a line that is high and low again inside one access is not taken", async () => {
    const bench = await boot({ main: [s.mask, step(RAISE), step(LOWER), s.unmask, step(B), s.powerOff], irq });
    await bench.run();
    expect(bench.log).toEqual([raised, lowered, wrote(B)]);
  });

  it("a masked line is taken as soon as it is unmasked", async () => {
    const bench = await boot({ main: [s.mask, step(RAISE), step(A), s.unmask, step(B), s.powerOff], irq });
    await bench.run();
    expect(bench.log).toEqual([raised, wrote(A), lowered, wrote(H), wrote(B)]);
  });

  it("a line that stays high is taken again when the handler has returned, and not inside it", async () => {
    const bench = await boot({ main: [s.mask, s.unmask, step(RAISE), step(B), s.powerOff], irq: [step(H), step(A)] });
    let handled = 0;
    bench.machine.trace$.pipe(ofKind("access")).subscribe(({ offset }) => {
      if (offset === H - DEVICE && ++handled === 2) bench.machine.vcpus[0]!.setLine(IRQ_LINE, false);
    });
    await bench.run();
    expect(bench.log).toEqual([raised, wrote(H), wrote(A), wrote(H), wrote(A), wrote(B)]);
  });

  it("a timer goes off between two instructions, at its time, and its interrupt is taken there", async () => {
    const listing = { main: [s.mask, s.unmask, s.write32(ARM, 20), s.compute(50), step(B), s.powerOff], irq };
    const bench = await boot(listing);
    await bench.run();
    const [armed, timer, handler, , after] = bench.accesses;
    expect(bench.log.slice(1)).toEqual(["timer", lowered, wrote(H), wrote(B)]);
    expect([timer!.atNs - armed!.atNs, timer!.retired - armed!.retired]).toEqual([20, 20]);
    expect(handler!.retired - timer!.retired).toBe(under.instructionsOfIrq([listing], 0, 0));
    expect(after!.retired).toBeGreaterThan(under.instructionsOf([listing], 0, 4)); // the handler ran in between
  });

  it("a timer wakes a vCPU that waits, and the time in between costs no instructions", async () => {
    const bench = await boot({ main: [s.mask, s.write32(ARM, 1_000_000), s.wfi, step(B), s.powerOff] });
    expect(await bench.run()).toMatchObject({ reason: "power-off" });
    const [armed, timer, after] = bench.accesses;
    expect(timer!.atNs - armed!.atNs).toBe(1_000_000);
    expect(after!.retired - armed!.retired).toBeLessThan(100);
  });

  it("one vCPU wakes another", async () => {
    const sleeper: GuestListing = { main: [s.mask, s.unmask, s.wfi, step(B), s.stop], irq: [step(LOWER), step(H)] };
    const waker: GuestListing = { main: [s.compute(100), s.write32(RAISE_OF, 0), step(A), s.stop] };
    const bench = await boot(sleeper, waker);
    expect(await bench.run()).toEqual({ reason: "halted" });
    expect(bench.accesses.filter(({ vcpu }) => vcpu === 0).map(({ what }) => what)).toEqual([lowered, wrote(H), wrote(B)]);
    expect(bench.accesses.filter(({ vcpu }) => vcpu === 1).map(({ what }) => what)).toEqual(["write 4 at 0x120 = 0x0", wrote(A)]);
  });
}
