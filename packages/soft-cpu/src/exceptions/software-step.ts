/**
 * The software step state machine (DDI 0487, D2.12; CheckSoftwareStep(), SSAdvance(), DebugExceptionReturnSS()). Stepping is
 * inactive unless MDSCR_EL1.SS is set and debug exceptions are enabled here; then PSTATE.SS tells active-not-pending (1: one
 * instruction is to be executed) from active-pending (0: the exception comes before the next).
 */
import type { CpuState } from "../state/cpu-state.ts";
import { STEP_STATE } from "../state/layout.ts";
import { MDSCR_EL1 } from "../sysregs/slots.ts";
import { generatesDebugExceptions, MDSCR_SS } from "./debug-enable.ts";

/** PSTATE.SS and SPSR_EL1.SS. */
export const PSTATE_SS = 0x20_0000;

export function stepEnabled(state: CpuState): boolean {
  return (state.sysregLow(MDSCR_EL1) & MDSCR_SS) !== 0 && generatesDebugExceptions(state, state.el, state.daif);
}

/** The exception is due before the next instruction. */
export function stepPending(state: CpuState): boolean {
  return (state.i32[STEP_STATE >> 2]! & PSTATE_SS) === 0 && stepEnabled(state);
}

/** An instruction is complete, or an SVC is about to be taken: active-not-pending becomes active-pending. */
export function advanceStep(state: CpuState): void {
  if ((state.sysregLow(MDSCR_EL1) & MDSCR_SS) !== 0) state.i32[STEP_STATE >> 2]! &= ~PSTATE_SS;
}

/**
 * PSTATE.SS after an exception return: SPSR's, if the return leads from where stepping is off to where it is on.
 * Asked for while PSTATE is still the one that returns.
 * @param el the level that is returned to; the current one for an illegal return
 */
export function stepAfterReturn(state: CpuState, spsr: number, el: number): number {
  if ((state.sysregLow(MDSCR_EL1) & MDSCR_SS) === 0) return 0;
  if (generatesDebugExceptions(state, state.el, state.daif)) return 0;
  return generatesDebugExceptions(state, el, spsr) ? spsr & PSTATE_SS : 0;
}
