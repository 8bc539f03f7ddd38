/**
 * Taking an exception to EL1 (DDI 0487, AArch64.TakeException()). What depends on the exception level beyond PSTATE (which
 * translations are used, whether FP is trapped) is the caller's to follow up.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, DAIF, STEP_STATE } from "../state/layout.ts";
import { DAIF_BITS, selectStackPointer } from "../sysregs/pstate-fields.ts";
import { SPSR_EL1, VBAR_EL1 } from "../sysregs/slots.ts";
import { divertToBranch } from "./branch-address.ts";

// Offsets of the vectors within their group.
export const VECTOR_SYNCHRONOUS = 0x000;
export const VECTOR_IRQ = 0x080;
export const VECTOR_FIQ = 0x100;
export const VECTOR_SERROR = 0x180;
// Groups.
const FROM_EL1_SP_EL0 = 0x000;
const FROM_EL1_SP_EL1 = 0x200;
const FROM_EL0 = 0x400;

/** VBAR_EL1[10:0] do not count. */
const VECTOR_BASE = ~0x7ff;

/**
 * Saves PSTATE, masks everything, selects SP_EL1 and diverts to the vector. ESR_EL1, FAR_EL1 and ELR_EL1 are the caller's, and
 * written before: this changes the level, and the program counter.
 */
export function enterException(state: CpuState, vector: number): void {
  const group = state.el === 0 ? FROM_EL0 : state.spSelect === 0 ? FROM_EL1_SP_EL0 : FROM_EL1_SP_EL1;
  state.setSysregWords(SPSR_EL1, 0, state.pstate);
  state.i32[CURRENT_EL >> 2] = 1;
  selectStackPointer(state, 1);
  state.i32[DAIF >> 2] = DAIF_BITS;
  state.i32[STEP_STATE >> 2] = 0;
  divertToBranch(state, state.sysregHigh(VBAR_EL1), (state.sysregLow(VBAR_EL1) & VECTOR_BASE) | (group + vector));
}
