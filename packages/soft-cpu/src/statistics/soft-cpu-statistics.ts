/** The statistics of a machine's soft CPU, from outside. */
import type { Vmm } from "@trapline/core";
import { SoftCpuStatisticsToken } from "../tokens.ts";
import type { CpuStatistics } from "./cpu-statistics.ts";

/**
 * The counters as they are now; may be asked at any time, also from a tap while the machine runs.
 * @param machine the machine, or what a plugin sees of it
 * @throws ConfigError when its vCPUs are not `softCpu()`'s
 */
export function softCpuStatistics(machine: Pick<Vmm, "get">): CpuStatistics {
  return machine.get(SoftCpuStatisticsToken)();
}
