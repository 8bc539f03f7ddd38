/**
 * Where a branch really goes (DDI 0487, AArch64.BranchAddr()): with TCR_EL1.TBI<n> the tag of the target is replaced by copies of
 * bit 55, so that no tag ever reaches the program counter. Holds for branches, exceptions and their returns, MMU on or off.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { TCR_EL1 } from "../sysregs/slots.ts";

// In the high word of TCR_EL1.
const TBI0 = 1 << (37 - 32);
const TBI1 = 1 << (38 - 32);
const BIT_55 = 1n << 55n;

export function branchAddress(state: CpuState, target: bigint): bigint {
  const ignored = state.sysregHigh(TCR_EL1) & ((target & BIT_55) === 0n ? TBI0 : TBI1);
  return ignored === 0 ? target : BigInt.asUintN(64, BigInt.asIntN(56, target));
}
