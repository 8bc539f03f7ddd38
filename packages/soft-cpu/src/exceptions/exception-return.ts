/**
 * ERET at EL1 (DDI 0487, AArch64.ExceptionReturn(), IllegalExceptionReturn(), SetPSTATEFromPSR()). It also sets the event register,
 * which is not part of this state, and moves the exception level, whose consequences the caller follows up.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, DAIF, EXCLUSIVE_ADDRESS, STEP_STATE } from "../state/layout.ts";
import { DAIF_BITS, selectStackPointer } from "../sysregs/pstate-fields.ts";
import { ELR_EL1, SPSR_EL1 } from "../sysregs/slots.ts";
import { divertToBranch } from "./branch-address.ts";
import { stepAfterReturn } from "./software-step.ts";

/** PSTATE.IL and SPSR_EL1.IL. */
export const PSTATE_IL = 0x10_0000;
const NZCV = 0xf000_0000;

// SPSR_EL1.M[4:0]. Others are AArch32, levels that do not exist, or EL0 with SP_EL1.
const EL0T = 0b00000;
const EL1T = 0b00100;
const EL1H = 0b00101;

export function illegalExceptionReturn(spsr: number): boolean {
  const mode = spsr & 0x1f;
  return mode !== EL0T && mode !== EL1T && mode !== EL1H;
}

/**
 * Restores PSTATE and diverts to ELR_EL1. An illegal return stays at its level with its stack pointer, restores flags and masks
 * all the same and sets PSTATE.IL, so that the next instruction takes an Illegal Execution state exception.
 */
export function exceptionReturn(state: CpuState): void {
  const spsr = state.sysregLow(SPSR_EL1);
  const [high, low] = [state.sysregHigh(ELR_EL1), state.sysregLow(ELR_EL1)];
  const illegal = illegalExceptionReturn(spsr);
  const el = illegal ? state.el : (spsr >> 2) & 1;
  const step = stepAfterReturn(state, spsr, el);
  if (!illegal) {
    selectStackPointer(state, spsr & 1);
    state.i32[CURRENT_EL >> 2] = el;
  }
  state.nzcv = (spsr & NZCV) >>> 0;
  state.i32[DAIF >> 2] = spsr & DAIF_BITS;
  state.i32[STEP_STATE >> 2] = step | (illegal ? PSTATE_IL : spsr & PSTATE_IL);
  state.i32[EXCLUSIVE_ADDRESS >> 2] = -1;
  state.i32[(EXCLUSIVE_ADDRESS >> 2) + 1] = -1;
  divertToBranch(state, high, low);
}
