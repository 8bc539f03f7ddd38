/**
 * What the CPU did so far, as numbers: for tuning, and for tests that say how often something may happen. All are kept where it
 * is slow anyway (an exit, a walk, a compilation); nothing counts on a hot path. The guest sees none of them, snapshots hold
 * none but `retired`, and a reset leaves them, but for `retired` at a power-on. Times are the host's, and differ from run to run.
 */
import type { VcpuExit } from "@trapline/core";
import type { Cluster } from "../cluster/cluster.ts";
import { EXCEPTION_CLASSES, type ExceptionClass } from "./exception-classes.ts";

/** As in traces, MMIO and system registers by direction. */
export type ExitName = Exclude<VcpuExit["reason"], "mmio" | "pio" | "sysreg"> | `${"mmio" | "pio" | "sysreg"}-${"read" | "write"}`;

/** What one vCPU did, since power-on. */
export interface VcpuStatistics {
  readonly id: number;
  /** Instructions since power-on. */
  readonly retired: number;
  /** Only those that occurred. */
  readonly exits: Readonly<Partial<Record<ExitName, number>>>;
}

/** What the compiler of a machine did, since the machine was made. */
export interface JitStatistics {
  /** Functions compiled, the guest instructions in them, and the bytes of their modules. What was dropped since counts too. */
  readonly functions: number;
  readonly instructions: number;
  readonly bytes: number;
  /** Host time spent finding, emitting and instantiating. V8 optimises what runs long, besides that and later. */
  readonly milliseconds: number;
  /** How often all compiled code was dropped for want of room. */
  readonly flushes: number;
  /** Functions that are entered no more, because they were left again at once: for the host, or for a device. */
  readonly givenUp: number;
  /** Execution is looked at now and then; how often it was in compiled code, 0 … 1: about its share of the instructions. */
  readonly share: number;
}

export interface CpuStatistics {
  readonly vcpus: readonly VcpuStatistics[];
  /** Exceptions that were taken, of all vCPUs. Only those that occurred. */
  readonly exceptions: Readonly<Partial<Record<ExceptionClass, number>>>;
  readonly jit: JitStatistics;
  /** Pages of guest memory with decoded instructions: now; dropped because their bytes changed; all dropped for want of room. */
  readonly pages: { readonly decoded: number; readonly dropped: number; readonly flushes: number };
  /** Translations that were not at hand, so that the tables were walked. */
  readonly tlb: { readonly dataMisses: number; readonly fetchMisses: number };
}

/** By ExitKind. */
const EXITS: readonly ExitName[] = [
  "mmio-read", "mmio-write", "pio-read", "pio-write", "sysreg-read", "sysreg-write", "hypercall", "wfi", "shutdown", "reset", "debug", "fault",
];

export function cpuStatistics({ vcpus, exceptions, engine, mmu }: Cluster): CpuStatistics {
  const { samples, compiledSamples, ...jit } = engine.compiler.statistics;
  const { size, drops, flushes } = engine.pages;
  return {
    vcpus: vcpus.map(({ id, retired, exitCounts }) => ({ id, retired, exits: occurred(EXITS, exitCounts) })),
    exceptions: occurred(EXCEPTION_CLASSES, exceptions.counts),
    jit: { ...jit, share: samples === 0 ? 0 : compiledSamples / samples },
    pages: { decoded: size, dropped: drops, flushes },
    tlb: { dataMisses: mmu.dataWalks, fetchMisses: mmu.fetchWalks },
  };
}

function occurred<N extends string>(names: readonly (N | undefined)[], counts: Float64Array): Partial<Record<N, number>> {
  const named: Partial<Record<N, number>> = {};
  for (const [index, name] of names.entries()) if (name !== undefined && counts[index]! > 0) named[name] = counts[index]!;
  return named;
}
