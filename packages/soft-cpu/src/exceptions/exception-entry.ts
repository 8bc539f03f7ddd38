/**
 * Taking an exception to EL1 (DDI 0487, AArch64.TakeException()). What depends on the exception level beyond PSTATE (which
 * translations are used, whether FP is trapped) is the caller's to follow up.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, DAIF, STEP_STATE } from "../state/layout.ts";
import { DAIF_BITS, selectStackPointer } from "../sysregs/pstate-fields.ts";
import { ELR_EL1, SPSR_EL1, VBAR_EL1 } from "../sysregs/slots.ts";
import { branchAddress } from "./branch-address.ts";

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
const VECTOR_BASE = ~0x7ffn;

/**
 * Saves PSTATE and the return address, masks everything, selects SP_EL1 and diverts to the vector. ESR_EL1 and FAR_EL1 are
 * the caller's; whoever builds a syndrome does it before, as this changes the level.
 */
export function enterException(state: CpuState, vector: number, returnAddress: bigint): void {
  const group = state.el === 0 ? FROM_EL0 : state.spSelect === 0 ? FROM_EL1_SP_EL0 : FROM_EL1_SP_EL1;
  state.setSysreg(SPSR_EL1, BigInt(state.pstate));
  state.setSysreg(ELR_EL1, BigInt.asUintN(64, returnAddress));
  state.i32[CURRENT_EL >> 2] = 1;
  selectStackPointer(state, 1);
  state.i32[DAIF >> 2] = DAIF_BITS;
  state.i32[STEP_STATE >> 2] = 0;
  state.divertTo(branchAddress(state, (state.sysreg(VBAR_EL1) & VECTOR_BASE) | BigInt(group + vector)));
}
