/** Under which tokens parts of the soft CPU are found in a machine's container. */
import { token } from "@trapline/core";
import type { ServiceIdentifier } from "inversify";
import type { Cluster } from "./cluster/cluster.ts";
import type { CpuStatistics } from "./statistics/cpu-statistics.ts";

/** What all vCPUs of a machine share. This package's own. */
export const ClusterToken: ServiceIdentifier<Cluster> = token<Cluster>("SoftCpuCluster");
/** Reads the counters as they are now. */
export const SoftCpuStatisticsToken: ServiceIdentifier<() => CpuStatistics> = token<() => CpuStatistics>("SoftCpuStatistics");
