/** The part of the vCPU suite about state: resets, snapshots between any two instructions, looking without touching. */
import { isTraplineError, toJsonLine } from "@trapline/core";
import { expect, it } from "vitest";
import { type GuestListing, steps as s } from "../vcpu/guest-steps.ts";
import { DEVICE, vcpuBench } from "./vcpu-bench.ts";
import { STORY } from "./vcpu-budget-suite.ts";
import type { VcpuBackendUnderTest } from "./vcpu-under-test.ts";

/** Moments at which a snapshot is taken, nanoseconds apart. */
const BETWEEN_SNAPSHOTS_NS = 7;

/** Registers its tests in the describe block that is open. */
export function describeVcpuState(under: VcpuBackendUnderTest): void {
  it("a power-on begins everything anew, time included", async () => {
    const bench = await vcpuBench(under, [STORY]);
    await bench.run();
    const first = bench.accesses.splice(0);
    await bench.machine.reset("power-on");
    expect([bench.machine.vcpus[0]!.retired, bench.machine.clock.nowNs()]).toEqual([0, 0]);
    expect(await bench.run()).toMatchObject({ reason: "power-off" });
    expect(bench.accesses).toEqual(first);
    await bench.close();
  });

  it("a warm reset begins the program anew; time and the count of instructions go on", async () => {
    const bench = await vcpuBench(under, [STORY]);
    const [vcpu] = bench.machine.vcpus;
    await bench.run();
    const first = bench.accesses.splice(0);
    const before = { retired: vcpu!.retired, atNs: bench.machine.clock.nowNs() };
    await bench.machine.reset("warm");
    expect(await bench.run()).toMatchObject({ reason: "power-off" });
    expect(bench.accesses.map(({ what, retired, atNs }) => [what, retired - before.retired, atNs - before.atNs])).toEqual(
      first.map(({ what, retired, atNs }) => [what, retired, atNs]),
    );
    await bench.close();
  });

  it("a snapshot taken between any two instructions goes on as the machine did", async () => {
    const original = await vcpuBench(under, [STORY]);
    const trace: { readonly seq: number; readonly line: string }[] = [];
    original.machine.trace$.subscribe((event) => trace.push({ seq: event.seq, line: toJsonLine(event) }));
    const snapshots: { readonly atNs: number; readonly file: Uint8Array; readonly seen: number }[] = [];
    for (let atNs = 0, isOver = false; !isOver; atNs += BETWEEN_SNAPSHOTS_NS) {
      isOver = (await original.run(atNs)).reason !== "until";
      snapshots.push({ atNs, file: await original.machine.save(), seen: trace.length });
    }
    const copy = await vcpuBench(under, [STORY]);
    const copied: string[] = [];
    copy.machine.trace$.subscribe((event) => copied.push(toJsonLine(event)));
    for (const { file, seen } of snapshots.slice(0, -1)) {
      await copy.machine.restore(file);
      copied.length = 0;
      expect(await copy.run()).toMatchObject({ reason: "power-off" });
      expect(copied).toEqual(trace.slice(seen).map(({ line }) => line));
    }
    expect(snapshots.length).toBeGreaterThan(10);
    await original.close();
    await copy.close();
  });

  it("a vCPU that waits, and one that is off, are restored as such", async () => {
    const listings: readonly GuestListing[] = [{ main: [s.mask, s.wfi, s.write32(DEVICE, 1), s.powerOff] }, { main: [s.stop] }];
    const original = await vcpuBench(under, listings);
    expect(await original.run()).toEqual({ reason: "idle" });
    const copy = await vcpuBench(under, listings);
    await copy.machine.restore(await original.machine.save());
    expect(copy.machine.vcpus.map(({ off, runnable }) => ({ off, runnable }))).toEqual([
      { off: false, runnable: false },
      { off: true, runnable: false },
    ]);
    expect(await copy.run()).toEqual({ reason: "idle" });
    copy.machine.vcpus[0]!.setLine(0, true);
    expect(await copy.run()).toMatchObject({ reason: "power-off" });
    expect(copy.log).toEqual(["write 4 at 0x0 = 0x1"]);
    await original.close();
    await copy.close();
  });

  it("saving and looking at registers change nothing", async () => {
    const bench = await vcpuBench(under, [STORY]);
    await bench.run(40);
    const [vcpu] = bench.machine.vcpus;
    const saved = vcpu!.save();
    expect(new Set(vcpu!.registerNames).size).toBe(vcpu!.registerNames.length);
    for (const name of vcpu!.registerNames)
      expect([name, typeof vcpu!.peekRegister(name)]).toEqual([name, expect.stringMatching(/^(number|bigint)$/)]);
    expect(vcpu!.peekRegister("no such register")).toBeUndefined();
    expect(vcpu!.save()).toEqual(saved);
    await bench.close();
  });

  it.each([[null], [7], [{}], [[]]])("refuses %j as a state, by a SnapshotError, and keeps its own", async (state) => {
    const bench = await vcpuBench(under, [STORY]);
    await bench.run(40);
    const [vcpu] = bench.machine.vcpus;
    const saved = vcpu!.save();
    expect(() => vcpu!.restore(state)).toThrow(expect.toSatisfy((error) => isTraplineError(error, "snapshot")));
    expect(vcpu!.save()).toEqual(saved);
    await bench.close();
  });
}
