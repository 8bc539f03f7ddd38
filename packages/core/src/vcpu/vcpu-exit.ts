/**
 * Why a vCPU came back to the machine: the exit union, and its positional form on the hot path.
 *
 * The owner of `vcpu.exits$` is called as (kind, address, width, value) and answers with the value read, 0, or
 * `EXTERNAL_ABORT`; 64-bit values travel whole. The union below is what taps see.
 *
 * | kind | address | width | value | answer |
 * |---|---|---|---|---|
 * | MMIO_READ, PIO_READ | guest-physical address, port | 1, 2, 4, 8 | 0 | value, EXTERNAL_ABORT |
 * | MMIO_WRITE, PIO_WRITE | the same | 1, 2, 4, 8 | value written | 0, EXTERNAL_ABORT |
 * | SYSREG_READ | encoding, see `sysregEncoding` | 8 | 0 | value, UNDEFINED |
 * | SYSREG_WRITE | the same | 8 | value written | 0, UNDEFINED |
 * | HYPERCALL | function id (w0) | conduit: HVC 0, SMC 1 | immediate | x0 |
 * | WFI | 0 | 0 | 0 | 0 |
 * | SHUTDOWN, RESET | 0 | 0 | exit status (SHUTDOWN) | 0 |
 * | DEBUG | program counter | 0 | 0 | 0 |
 * | FAULT | program counter | 0 | the vCPU's fault code | 0; `vcpu.faultMessage` tells it in words |
 */
import type { Width } from "../bus/bus-device.ts";
import type { U64 } from "../u64.ts";
import type { WireEvent } from "../wire/wire-order.ts";

/** A load that no RAM answers. */
export const MMIO_READ = 0;
/** A store that no RAM takes. */
export const MMIO_WRITE = 1;
/** A read of a port. */
export const PIO_READ = 2;
/** A write to a port. */
export const PIO_WRITE = 3;
/** MRS of a register that is not the vCPU's own. */
export const SYSREG_READ = 4;
/** MSR of a register that is not the vCPU's own. */
export const SYSREG_WRITE = 5;
/** HVC or SMC that reaches the machine. */
export const HYPERCALL = 6;
/** The vCPU waits until one of its lines is high. */
export const WFI = 7;
/** The guest switches the machine off. */
export const SHUTDOWN = 8;
/** The guest asks for a reset of the machine. */
export const RESET = 9;
/** A breakpoint of the backend: `run` ends with reason "debug". */
export const DEBUG = 10;
/** The vCPU cannot go on. */
export const FAULT = 11;
/** MMIO_READ … FAULT. */
export type ExitKind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11;

/** Conduits of a hypercall, in the `width` place. */
export const HVC = 0;
/** The conduit SMC. */
export const SMC = 1;

/** The answer to a system register that nothing implements: the vCPU takes an Undefined Instruction exception. */
export const UNDEFINED = -1;
/** The answer to a hypercall nobody knows (SMCCC, Arm DEN 0028: NOT_SUPPORTED = −1). */
export const SMCCC_NOT_SUPPORTED = 0xffff_ffff_ffff_ffffn;

/** What travels on `exits$`; see the table above for each kind. */
export type ExitArgs = readonly [kind: ExitKind, address: number, width: number, value: U64];

/** The instruction that an exit comes from. */
export interface ExitOrigin {
  readonly pc: U64;
  readonly word: number;
  /** In assembly; only where the backend was asked to disassemble. */
  readonly text?: string;
}

interface ExitBase extends WireEvent {
  readonly kind: "exit";
  readonly vcpu: number;
  /** Absent where the backend runs no instructions. */
  readonly at?: ExitOrigin;
}

/** A load or store outside of RAM, or a port access, completed. */
export interface MmioExit extends ExitBase {
  readonly reason: "mmio" | "pio";
  readonly direction: "read" | "write";
  readonly address: number;
  readonly width: Width;
  /** Read or written; absent for a read that was aborted. */
  readonly value?: U64;
  readonly aborted?: true;
}

/** A system register access, completed. */
export interface SysregExit extends ExitBase {
  readonly reason: "sysreg";
  readonly direction: "read" | "write";
  readonly encoding: number;
  readonly value?: U64;
  /** Nothing implements it: the guest takes an Undefined Instruction exception. */
  readonly undefined?: true;
}

/** A hypercall with its answer. */
export interface HypercallExit extends ExitBase {
  readonly reason: "hypercall";
  readonly conduit: "hvc" | "smc";
  readonly functionId: number;
  readonly immediate: number;
  readonly result: U64;
}

/** An exit that says nothing but why. */
export interface PlainExit extends ExitBase {
  readonly reason: "wfi" | "reset";
}

/** The guest switched the machine off. */
export interface ShutdownExit extends ExitBase {
  readonly reason: "shutdown";
  /** What the guest reported; 0 for an ordinary power-off. */
  readonly status: number;
}

/** A breakpoint, at the address it is at. */
export interface DebugExit extends ExitBase {
  readonly reason: "debug";
  readonly pc: number;
}

/** The vCPU cannot go on, and why, in words. */
export interface FaultExit extends ExitBase {
  readonly reason: "fault";
  readonly pc: number;
  readonly message: string;
}

/** An exit of a vCPU, completed. */
export type VcpuExit = MmioExit | SysregExit | HypercallExit | PlainExit | ShutdownExit | DebugExit | FaultExit;

/** Encoding of an AArch64 system register: op0[15:14] op1[13:11] CRn[10:7] CRm[6:3] op2[2:0], as in KVM's CPU_SYSREGS group. */
export function sysregEncoding(op0: number, op1: number, crn: number, crm: number, op2: number): number {
  return (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2;
}

/** `S3_0_C12_C12_0`, the assembler's generic spelling. */
export function formatSysreg(encoding: number): string {
  return `S${encoding >> 14}_${(encoding >> 11) & 7}_C${(encoding >> 7) & 15}_C${(encoding >> 3) & 15}_${encoding & 7}`;
}
