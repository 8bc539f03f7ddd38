/**
 * What the device tree says of the soft CPU: /cpus, /psci and /timer, as QEMU's `virt` board spells them (hw/arm/virt.c) and
 * the bindings arm/cpus, arm/psci and arm,arch_timer of Linux define them. Cold.
 *
 * Not said: caches and clusters (there are none to tell apart) and a PMU (there is none).
 */
import { addCpu, type DeviceTreeBuilder, gicPpi, type VcpuTopology } from "@trapline/core";
import * as psci from "./psci/psci-functions.ts";

export interface SoftCpuFacts {
  /** Named in errors. */
  readonly contributor: string;
  readonly topology: Pick<VcpuTopology, "count" | "affinity">;
  readonly conduit: "hvc" | "smc";
  /** Whose PPIs the timers are. Without a GIC there is no timer node: nothing could say where the interrupts go. */
  readonly gic: "v2" | "v3" | undefined;
}

/** PPIs in the order of the binding: secure EL1, non-secure EL1, virtual, EL2. INTIDs are 16 more. */
const TIMER_PPIS = [13, 14, 11, 10] as const;

export function describeSoftCpu(tree: DeviceTreeBuilder, facts: SoftCpuFacts): void {
  describeCpus(tree, facts);
  describePsci(tree, facts);
  if (facts.gic !== undefined) describeTimer(tree, facts);
}

/** A single CPU needs no starting. "arm,armv8" is the name the binding keeps for software models. */
function describeCpus(tree: DeviceTreeBuilder, { contributor, topology }: SoftCpuFacts): void {
  const affinities = Array.from({ length: topology.count }, (_, id) => topology.affinity(id));
  const wide = affinities.some((affinity) => affinity > 0xff_ffff);
  for (const affinity of affinities) {
    // MPIDR_EL1 has Aff3 in bits 39:32, the packed form in 31:24.
    const mpidr = Math.floor(affinity / 0x100_0000) * 0x1_0000_0000 + (affinity & 0xff_ffff);
    const method = affinities.length > 1 ? { enableMethod: "psci" } : {};
    addCpu(tree, { mpidr, compatible: ["arm,armv8"], addressCells: wide ? 2 : 1, ...method }, contributor);
  }
}

/** The function ids are for kernels that know only PSCI 0.1. */
function describePsci(tree: DeviceTreeBuilder, { contributor, conduit }: SoftCpuFacts): void {
  const node = tree.node("/psci", contributor).compatible("arm,psci-1.0", "arm,psci-0.2", "arm,psci").set("method", conduit);
  node.set("cpu_suspend", (psci.CPU_SUSPEND | psci.SMC64) >>> 0).set("cpu_off", psci.CPU_OFF);
  node.set("cpu_on", (psci.CPU_ON | psci.SMC64) >>> 0).set("migrate", (psci.MIGRATE | psci.SMC64) >>> 0);
}

/** A GICv2 also wants to know which CPUs a PPI is wired to. The timers go on while a CPU sleeps. */
function describeTimer(tree: DeviceTreeBuilder, { contributor, topology, gic }: SoftCpuFacts): void {
  const mask = gic === "v2" ? (1 << Math.min(topology.count, 8)) - 1 : 0;
  const node = tree.node("/timer", contributor).compatible("arm,armv8-timer", "arm,armv7-timer").set("always-on", true);
  node.interrupts(...TIMER_PPIS.map((ppi) => gicPpi(ppi, "level-high", mask)));
}
