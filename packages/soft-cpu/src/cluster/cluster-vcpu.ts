/** What a cluster knows of each of its vCPUs. */
import type { ExitArgs, U64, VcpuExit, Wire } from "@trapline/core";
import type { SystemRegisters } from "../sysregs/system-registers.ts";

export interface ClusterVcpu {
  readonly id: number;
  readonly exits$: Wire<ExitArgs, U64, VcpuExit>;
  readonly sysregs: SystemRegisters;
  /** The bytes from STATE to STATE_END while another vCPU's are in place. */
  readonly saved: Uint8Array;
  /** Instructions retired since power-on, as far as the cluster has told. */
  counted: number;
  /** The same, exact at any moment. */
  readonly retired: number;
  /** Exits by kind; for statistics. */
  readonly exitCounts: Float64Array;
  readonly off: boolean;
  /** Counts resets and power-ons: whoever called out sees that the registers are not what they were. */
  readonly generation: number;
  /** Lines that are high: IRQ in bit 7, FIQ in bit 6, as DAIF masks them. */
  readonly lines: number;
  /** Which instruction is a hypercall; the other is UNDEFINED. */
  readonly conduit: "hvc" | "smc";
  /** In WFI or WFE. */
  waiting: boolean;
  /** Did something happen that ends the wait? */
  mayWake(): boolean;
  /** It executed WFI, or WFE when `forEvent`. */
  wait(forEvent: boolean): void;
  /** Is the event register set? Clears it. */
  takeEvent(): boolean;
  /** SEV, of any vCPU. */
  sendEvent(): void;
  /** It cannot go on: the machine stops with this message. */
  fault(message: string, pc: bigint): void;
}
