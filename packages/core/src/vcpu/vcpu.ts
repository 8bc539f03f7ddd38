/**
 * The contracts of a vCPU and of the backend that makes it (docs/adr/0008-soft-kvm-boundary.md).
 *
 * A cooperative vCPU runs a slice when asked, on the caller's thread, and reports every trap on `exits$`, whose owner (the
 * machine) answers in place. It advances the clock by what it retired before each exit, so that device time is exact.
 */
import type { Subscription } from "rxjs";
import type { VcpuLine } from "../irq/irq-signal.ts";
import type { Stateful } from "../plain-data.ts";
import type { U64 } from "../u64.ts";
import type { Wire } from "../wire/wire.ts";
import type { ExitArgs, VcpuExit } from "./vcpu-exit.ts";

/**
 * Why a slice ended:
 * - `budget`: its instructions are used up; it could go on
 * - `kicked`: `kick` was called, by the machine or by one of its own exits; it could go on
 * - `yielded`: it gives the rest of its slice to the others (YIELD, or it woke one that waited); it could go on
 * - `waiting`: WFI or WFE; it goes on when a line rises or an event comes
 * - `off`: powered off, or its program ended; it goes on only after a power-on
 */
export type SliceEnd = "budget" | "kicked" | "yielded" | "waiting" | "off";

export interface Vcpu extends Stateful {
  /** Counted from 0 without gaps. */
  readonly id: number;
  /** vCPU → machine. */
  readonly exits$: Wire<ExitArgs, U64, VcpuExit>;
  /** Instructions retired since power-on. */
  readonly retired: number;
  /** Could `run` do anything? False while waiting with all lines low, or off. */
  readonly runnable: boolean;
  readonly off: boolean;
  /** Runs at most `budget` instructions (at least 1). Exceptions of exit owners come out of here. */
  run(budget: number): SliceEnd;
  /** Ends the current slice after the current instruction; without one, does nothing. */
  kick(): void;
  /** An irqchip's line into this vCPU; wakes it when it waits. */
  setLine(line: VcpuLine, high: boolean): void;
  /** In words, for the exit FAULT. */
  readonly faultMessage: string;
  /** Names of the registers `peekRegister` knows. */
  readonly registerNames: readonly string[];
  /** A register's value without side effects; undefined for a name it does not have. */
  peekRegister(name: string): U64 | undefined;
}

/** What a backend is told when the machine is composed. */
export interface VcpuTopology {
  /** Number of vCPUs, 0 … 65536; none is a machine that only the host drives. */
  readonly count: number;
  /** Affinity of a vCPU as MPIDR_EL1 packs it: Aff3[31:24] Aff2[23:16] Aff1[15:8] Aff0[7:0]. */
  affinity(vcpu: number): number;
  /** The vCPU with that affinity; −1 when there is none. */
  vcpuAt(affinity: number): number;
}

/**
 * Where the first vCPU starts after a reset, as a boot loader has it: asked for at each reset, after the plugins', by backends that were not
 * told anything else. Bound by the loader's plugin, under BootEntryToken.
 */
export interface BootEntry {
  readonly pc: number;
  /** X0, X1, …; the rest is 0. */
  readonly x: readonly number[];
}

/** Makes the vCPUs of one machine. */
export interface VcpuBackend {
  /** "scripted", "soft", "kvm". */
  readonly name: string;
  /** Bytes at the start of the guest's WebAssembly.Memory that this backend needs for itself. */
  readonly reserveBytes?: number;
  /** All vCPUs, in order of id. Called once, before plugins attach. What goes into `scope` ends with the machine. */
  createVcpus(scope: Subscription): readonly Vcpu[];
}

