/**
 * System registers as plain data, by name, so that a snapshot can be read: every register with storage, the stack pointers, FPCR,
 * FPSR, PSTATE in the format of SPSR_EL1, what the next software step exception reports, and how often the last exception was
 * raised in its own vector. Identification registers are part of it: software has drawn conclusions from them, so a machine that
 * says something else cannot take the snapshot over. Cold.
 */
import { hex, type PlainData, SnapshotError } from "@trapline/core";
import type { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, FPCR, FPSR, REPEATED_EXCEPTIONS, SP_SELECT, STEP_STATE, STEP_SYNDROME } from "../state/layout.ts";
import { DAIF_BITS, FPCR_BITS, FPSR_BITS, setDaif, setStackPointer, stackPointer } from "./pstate-fields.ts";
import type { SystemRegister } from "./row.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";
import { RAZ } from "./slots.ts";

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const NZCV_BITS = 0xf000_0000;
/** SS and IL. */
const STEP_BITS = 0x30_0000;
const PSTATE_BITS = BigInt(NZCV_BITS + STEP_BITS + DAIF_BITS + 5);
/** M[3:0]: EL0t, EL1t, EL1h. */
const MODES = [0, 4, 5];

const STORED: readonly (SystemRegister & { readonly slot: number })[] = SYSTEM_REGISTERS.registers.filter(
  (register): register is SystemRegister & { readonly slot: number } => register.slot !== undefined && register.slot !== RAZ,
);

/** Besides those with storage. */
const OTHERS = ["SP_EL0", "SP_EL1", "PSTATE", "STEP", "REPEATED", "FPCR", "FPSR"];
/** All that is saved. */
const NAMES: ReadonlySet<string> = new Set([...STORED.map(({ name }) => name), ...OTHERS]);

export function saveRegisters(state: CpuState): PlainData {
  const saved: { [name: string]: bigint } = {};
  for (const { name, slot } of STORED) saved[name] = state.sysreg(slot);
  return {
    ...saved,
    SP_EL0: stackPointer(state, 0),
    SP_EL1: stackPointer(state, 1),
    PSTATE: BigInt(state.pstate),
    STEP: BigInt(state.i32[STEP_SYNDROME >> 2]!),
    REPEATED: BigInt(state.i32[REPEATED_EXCEPTIONS >> 2]!),
    FPCR: BigInt(state.i32[FPCR >> 2]! >>> 0),
    FPSR: BigInt(state.i32[FPSR >> 2]! >>> 0),
  };
}

/** @param identityOf what an identification register's slot holds in this machine */
export function restoreRegisters(state: CpuState, saved: PlainData, identityOf: (slot: number) => bigint | undefined): void {
  const take = reader(saved);
  const values = STORED.map(({ name, slot, identity, writable = MAX_U64, res1 = 0n }): readonly [slot: number, value: bigint] => {
    const value = take(name, identity ? MAX_U64 : (writable & MAX_U64) | res1);
    if (identity && value !== identityOf(slot)) throw otherPe(name, value, identityOf(slot)!);
    return [slot, value | res1];
  });
  const [sp0, sp1] = [take("SP_EL0", MAX_U64), take("SP_EL1", MAX_U64)];
  const pstate = Number(take("PSTATE", PSTATE_BITS));
  if (!MODES.includes(pstate & 5)) throw misfit("PSTATE", "a mode of AArch64 at EL0 or EL1");
  const [step, repeated] = [Number(take("STEP", 3n)), Number(take("REPEATED", 0xffffn))];
  const [fpcr, fpsr] = [take("FPCR", BigInt(FPCR_BITS)), take("FPSR", BigInt(FPSR_BITS))];
  const stranger = Object.keys(saved as object).find((name) => !NAMES.has(name));
  if (stranger !== undefined) throw misfit(stranger, "absent: this vCPU has no such register");

  for (const [slot, value] of values) state.setSysreg(slot, value);
  state.nzcv = pstate & NZCV_BITS;
  setDaif(state, pstate);
  state.i32[CURRENT_EL >> 2] = (pstate >> 2) & 1;
  state.i32[SP_SELECT >> 2] = pstate & 1;
  state.i32[STEP_STATE >> 2] = pstate & STEP_BITS;
  state.i32[STEP_SYNDROME >> 2] = step;
  state.i32[REPEATED_EXCEPTIONS >> 2] = repeated;
  setStackPointer(state, 0, sp0);
  setStackPointer(state, 1, sp1);
  state.i32[FPCR >> 2] = Number(fpcr);
  state.i32[FPSR >> 2] = Number(fpsr);
}

/** Reads one value after the other, each within the bits it may have. */
function reader(saved: PlainData): (name: string, bits: bigint) => bigint {
  if (typeof saved !== "object" || saved === null || Array.isArray(saved) || saved instanceof Uint8Array) {
    throw new SnapshotError("the saved system registers are no record", { subject: "system registers", remedy: "restore what save gave" });
  }
  const record = saved as { readonly [name: string]: PlainData };
  return (name, bits) => {
    const value = record[name];
    if (typeof value !== "bigint" || value < 0n || (value & ~bits) !== 0n) throw misfit(name, `a bigint within ${hex(bits)}`);
    return value;
  };
}

function misfit(name: string, wanted: string): SnapshotError {
  const message = `${name} in the saved system registers should be ${wanted}`;
  return new SnapshotError(message, { subject: name, remedy: "restore what save gave" });
}

function otherPe(name: string, value: bigint, ours: bigint): SnapshotError {
  return new SnapshotError(`the saved vCPU has ${name} ${hex(value)}, this one ${hex(ours)}`, {
    subject: name,
    value,
    limit: ours,
    remedy: "restore into a machine with the same vCPUs, interrupt controller and options of the CPU",
  });
}
