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

/** Rows by encoding, readers and writers apart: DBGDTRRX_EL0 and DBGDTRTX_EL0 share one. */
export class SystemRegisterTable {
  /** Banks written out, by encoding. */
  readonly rows: readonly SystemRegisterRow[];
  private readonly readers = new Uint8Array(ENCODINGS);
  private readonly writers = new Uint8Array(ENCODINGS);

  constructor(specs: readonly SystemRegisterRow[]) {
    this.rows = specs.flatMap(writtenOut).sort((a, b) => a.encoding - b.encoding);
    // Place 0 means that there is none.
    for (const [index, row] of this.rows.entries()) {
      if (row.access !== "WO") this.readers[row.encoding] = index + 1;
      if (row.access !== "RO") this.writers[row.encoding] = index + 1;
    }
  }

  reader(encoding: number): SystemRegisterRow | undefined {
    return this.rows[this.readers[encoding]! - 1];
  }

  writer(encoding: number): SystemRegisterRow | undefined {
    return this.rows[this.writers[encoding]! - 1];
  }
}

function writtenOut(row: SystemRegisterRow): readonly SystemRegisterRow[] {
  const { count, ...one } = row;
  if (count === undefined) return [one];
  return Array.from({ length: count }, (_, n) => ({
    ...one,
    name: one.name.replace("<n>", String(n)),
    encoding: one.encoding + n * CRM_STEP,
    ...(one.slot === undefined ? {} : { slot: one.slot + n }),
  }));
}

/** May this level read or write what has that access? */
export function allows(access: Access | undefined, isWrite: boolean): boolean {
  return access === "RW" || access === (isWrite ? "WO" : "RO");
}
