/**
 * PSTATE as MRS, MSR (register) and MSR (immediate) reach it (Arm ARM DDI 0487, C5.2 and C5.1.3). Generated code handles the
 * frequent ones itself; these are for the rest, and for EL0, whose use of DAIF is subject to SCTLR_EL1.UMA.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, DAIF, FPCR, FPSR, REGISTERS, REPEATED_EXCEPTIONS, SLOT_SP, SP_SELECT, STEP_STATE, STEP_SYNDROME } from "../state/layout.ts";
import { SP_EL0, SP_EL1 } from "./slots.ts";

/** AHP, DN, FZ, RMode. No trapped exceptions, no half-precision arithmetic. */
export const FPCR_BITS = 0x07c0_0000;
/** QC and the cumulative flags. */
export const FPSR_BITS = 0x0800_009f;
export const DAIF_BITS = 0x3c0;

export function setDaif(state: CpuState, daif: number): void {
  state.i32[DAIF >> 2] = daif & DAIF_BITS;
}

/** MSR SPSel: SP changes places with the one that is put away. At EL1 only. */
export function selectStackPointer(state: CpuState, select: number): void {
  if (state.spSelect === select) return;
  const { i32 } = state;
  const sp = (REGISTERS + 8 * SLOT_SP) >> 2;
  state.setSysregWords(select === 1 ? SP_EL0 : SP_EL1, i32[sp + 1]!, i32[sp]!);
  i32[sp] = state.sysregLow(select === 1 ? SP_EL1 : SP_EL0);
  i32[sp + 1] = state.sysregHigh(select === 1 ? SP_EL1 : SP_EL0);
  i32[SP_SELECT >> 2] = select;
}

/** SP_EL0 or SP_EL1, wherever it is now. */
export function stackPointer(state: CpuState, el: 0 | 1): bigint {
  if (state.spSelect === el) return state.sp;
  return state.sysreg(el === 1 ? SP_EL1 : SP_EL0);
}

export function setStackPointer(state: CpuState, el: 0 | 1, value: bigint): void {
  if (state.spSelect === el) state.sp = value;
  else state.setSysreg(el === 1 ? SP_EL1 : SP_EL0, value);
}

/** PSTATE and FP control as AArch64.TakeReset leaves them: EL1h, everything masked. */
export function resetPstate(state: CpuState): void {
  state.nzcv = 0;
  setDaif(state, DAIF_BITS);
  state.i32[CURRENT_EL >> 2] = 1;
  state.i32[SP_SELECT >> 2] = 1;
  state.i32[STEP_STATE >> 2] = 0;
  state.i32[STEP_SYNDROME >> 2] = 0;
  state.i32[REPEATED_EXCEPTIONS >> 2] = 0;
  state.i32[FPCR >> 2] = 0;
  state.i32[FPSR >> 2] = 0;
}
