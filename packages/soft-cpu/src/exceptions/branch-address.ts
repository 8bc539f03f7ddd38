/**
 * Where a branch really goes (DDI 0487, AArch64.BranchAddr()): with TCR_EL1.TBI<n> the tag of the target is replaced by copies of
 * bit 55, so that no tag ever reaches the program counter. Holds for branches, exceptions and their returns, MMU on or off.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { TCR_EL1 } from "../sysregs/slots.ts";

// In the high word of TCR_EL1.
const TBI0 = 1 << (37 - 32);
const TBI1 = 1 << (38 - 32);
/** In the high word of an address. */
const BIT_55 = 1 << (55 - 32);

/** The high word of where a branch goes; without bigints, because each exception and each fetch from a new page asks. */
export function branchHigh(state: CpuState, high: number): number {
  const ignored = state.sysregHigh(TCR_EL1) & ((high & BIT_55) === 0 ? TBI0 : TBI1);
  return ignored === 0 ? high : (high << 8) >> 8;
}

/** Diverts to where a branch goes. */
export function divertToBranch(state: CpuState, high: number, low: number): void {
  state.divertToWords(branchHigh(state, high), low);
}
