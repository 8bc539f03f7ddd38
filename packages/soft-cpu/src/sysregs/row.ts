/**
 * A row of the table of system registers, and what makes rows into a look-up by encoding. Rows are written in rows.ts; checks of
 * the table happen once, when the module loads.
 *
 * - A register with a slot is storage: MRS loads it, MSR stores `(value & writable) | res1` and tells `changed` if that is new.
 * - `read` and `write` replace that for registers that are more than storage.
 * - Which accesses exist is `access` for EL1 and `el0` for EL0; an access that does not exist is UNDEFINED, as for any encoding
 *   that is not allocated. `defined` narrows that by state. `gate` then tells whether EL1 lets EL0 have it; if not it is trapped.
 */
import { sysregEncoding, type U64 } from "@trapline/core";
import type { CpuState } from "../state/cpu-state.ts";
import type { GenericTimer } from "../timer/generic-timer.ts";
import type { El0Gate } from "./el0-gates.ts";

/** What the vCPU does when a register changed that it has drawn conclusions from. Called inside the access, after it. */
export interface SystemRegisterHooks {
  /** TTBR0_EL1, TTBR1_EL1, TCR_EL1, MAIR_EL1 or any bit of SCTLR_EL1, by name. */
  translationChanged(register: string): void;
  /** PSTATE.<D,A,I,F>: an interrupt may now be taken. */
  interruptMaskChanged(): void;
  /** MDSCR_EL1, the OS locks, breakpoints and watchpoints. */
  debugChanged(): void;
  /** CPACR_EL1.FPEN. */
  fpTrapChanged(): void;
  /** FPCR: rounding mode, default NaN, flush-to-zero. */
  fpControlChanged(): void;
}

/** What hooks of rows work on. */
export interface SystemRegisterContext {
  readonly state: CpuState;
  readonly timer: GenericTimer;
  readonly hooks: SystemRegisterHooks;
}

export type Access = "RW" | "RO" | "WO";

export interface SystemRegisterRow {
  /** As in the manual; <n> stands for the number within a bank. */
  readonly name: string;
  readonly encoding: number;
  readonly access: Access;
  /** What EL0 may do where `gate`, if any, allows; nothing when absent. */
  readonly el0?: Access;
  readonly gate?: El0Gate;
  /** False where the access is UNDEFINED in the present state. */
  readonly defined?: (state: CpuState) => boolean;
  /** Trapped with FP and Advanced SIMD. */
  readonly fp?: true;
  readonly slot?: number;
  /** The slot's value is the vCPU's identity (cpu-identity.ts). */
  readonly identity?: true;
  readonly reset?: bigint;
  /** Bits that take what is written; default all. The rest are RES0 or read-only. */
  readonly writable?: bigint;
  /** Bits that read as one whatever is written. */
  readonly res1?: bigint;
  readonly read?: (cpu: SystemRegisterContext) => U64;
  readonly write?: (cpu: SystemRegisterContext, value: bigint) => void;
  /** What EL0 reads, where that is not what EL1 reads. */
  readonly readAtEl0?: (cpu: SystemRegisterContext) => U64;
  /** As `read`, without its side effects. */
  readonly peek?: (cpu: SystemRegisterContext) => U64;
  readonly changed?: (cpu: SystemRegisterContext, name: string) => void;
  /** A bank: so many registers, CRm counting up, slots following each other. */
  readonly count?: number;
  /** Has no name in the manual, only a meaning: reserved, RAZ. */
  readonly reserved?: true;
}

const ENCODINGS = 0x1_0000;
const CRM_STEP = sysregEncoding(0, 0, 0, 1, 0);

/** A row, or one register of a bank, with all its fields in one order: looking at rows of many shapes would be slow. */
export class SystemRegister {
  readonly name: string;
  readonly encoding: number;
  readonly access: Access;
  /** What EL0 may do. */
  readonly el0Reads: boolean;
  readonly el0Writes: boolean;
  readonly gate: El0Gate | undefined;
  readonly defined: ((state: CpuState) => boolean) | undefined;
  readonly fp: boolean;
  readonly slot: number | undefined;
  readonly identity: boolean;
  readonly reset: bigint | undefined;
  readonly writable: bigint | undefined;
  readonly res1: bigint | undefined;
  readonly read: SystemRegisterRow["read"] | undefined;
  readonly write: SystemRegisterRow["write"] | undefined;
  readonly readAtEl0: SystemRegisterRow["readAtEl0"] | undefined;
  readonly peek: SystemRegisterRow["peek"] | undefined;
  readonly changed: SystemRegisterRow["changed"] | undefined;
  readonly reserved: boolean;

  constructor(row: SystemRegisterRow, n: number) {
    this.name = row.name.replace("<n>", String(n));
    this.encoding = row.encoding + n * CRM_STEP;
    this.access = row.access;
    this.el0Reads = row.el0 === "RW" || row.el0 === "RO";
    this.el0Writes = row.el0 === "RW" || row.el0 === "WO";
    this.gate = row.gate;
    this.defined = row.defined;
    this.fp = row.fp === true;
    this.slot = row.slot === undefined ? undefined : row.slot + n;
    this.identity = row.identity === true;
    this.reset = row.reset;
    this.writable = row.writable;
    this.res1 = row.res1;
    this.read = row.read;
    this.write = row.write;
    this.readAtEl0 = row.readAtEl0;
    this.peek = row.peek;
    this.changed = row.changed;
    this.reserved = row.reserved === true;
  }
}

/** Registers by encoding, readers and writers apart: DBGDTRRX_EL0 and DBGDTRTX_EL0 share one. */
export class SystemRegisterTable {
  /** By encoding. */
  readonly registers: readonly SystemRegister[];
  private readonly readers = new Uint8Array(ENCODINGS);
  private readonly writers = new Uint8Array(ENCODINGS);

  constructor(rows: readonly SystemRegisterRow[]) {
    const bank = (row: SystemRegisterRow): readonly SystemRegister[] =>
      Array.from({ length: row.count ?? 1 }, (_, n) => new SystemRegister(row, n));
    this.registers = rows.flatMap(bank).sort((a, b) => a.encoding - b.encoding);
    // Place 0 means that there is none.
    for (const [index, { encoding, access }] of this.registers.entries()) {
      if (access !== "WO") this.readers[encoding] = index + 1;
      if (access !== "RO") this.writers[encoding] = index + 1;
    }
  }

  reader(encoding: number): SystemRegister | undefined {
    const place = this.readers[encoding]!;
    return place === 0 ? undefined : this.registers[place - 1];
  }

  writer(encoding: number): SystemRegister | undefined {
    const place = this.writers[encoding]!;
    return place === 0 ? undefined : this.registers[place - 1];
  }
}
