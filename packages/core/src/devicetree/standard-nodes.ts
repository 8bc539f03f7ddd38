/**
 * The nodes every machine has: Devicetree Specification v0.4, 3.3 (aliases), 3.4 (memory), 3.6 (chosen), 3.7 and 3.8
 * (cpus). Contributions like any other, spelled once.
 */
import type { U64 } from "../u64.ts";
import type { DeviceTreeBuilder } from "./device-tree-builder.ts";
import type { RegEntry } from "./draft-node.ts";
import type { NodeContribution } from "./node-contribution.ts";

/** "pl011" at 0x9000000 → "pl011@9000000". */
export const nodeNameAt = (name: string, base: U64): string => `${name}@${base.toString(16)}`;

/** `/chosen`: what firmware tells the guest. Loaders of a finished tree use `setChosen`. */
export const chosenNode = (builder: DeviceTreeBuilder, contributor: string): NodeContribution => builder.node("/chosen", contributor);

/** Lets the guest say `alias` ("serial0") for `path`. */
export function addAlias(builder: DeviceTreeBuilder, alias: string, path: string, contributor: string): void {
  builder.node("/aliases", contributor).set(alias, path);
}

/** A bank of RAM. Two banks are two nodes. */
export function addMemory(builder: DeviceTreeBuilder, bank: Required<RegEntry>, contributor: string): NodeContribution {
  return builder.node(`/${nodeNameAt("memory", bank.base)}`, contributor).set("device_type", "memory").reg(bank);
}

/** A CPU's node below /cpus. */
export interface CpuDescription {
  /** MPIDR_EL1 affinity fields (bits 39:32 and 23:0), the `reg` of the node. */
  readonly mpidr: U64;
  /** From most to least specific, "arm,cortex-a53" for instance. */
  readonly compatible: readonly string[];
  /** "psci" or "spin-table"; none for a CPU that needs no starting. */
  readonly enableMethod?: string;
  /** Cells of `reg` of all CPUs: 1, or 2 where one has affinity level 3. */
  readonly addressCells?: 1 | 2;
}

/** A CPU below `/cpus`. */
export function addCpu(builder: DeviceTreeBuilder, cpu: CpuDescription, contributor: string): NodeContribution {
  const cpus = builder.node("/cpus", contributor).set("#address-cells", cpu.addressCells ?? 1).set("#size-cells", 0);
  const node = cpus
    .child(nodeNameAt("cpu", cpu.mpidr))
    .set("device_type", "cpu")
    .compatible(...cpu.compatible)
    .reg({ base: cpu.mpidr });
  return cpu.enableMethod === undefined ? node : node.set("enable-method", cpu.enableMethod);
}
