/**
 * What breakpoints and watchpoints have in common: whether one is in force at an exception level, and links to a breakpoint that
 * matches a context (DDI 0487, AArch64.StateMatch(), CheckValidStateMatch(), BreakpointValueMatch()). Non-secure, without EL2, EL3
 * and AArch32, so HMC, SSC and SSCE have one valid value. All CONSTRAINED UNPREDICTABLE programming behaves as disabled.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { CONTEXTIDR_EL1, DBGBCR, DBGBVR, ID_AA64DFR0_EL1 } from "../sysregs/slots.ts";

export const ENABLED = 1;
const PRIVILEGE_EL1 = 1 << 1;
const PRIVILEGE_EL0 = 1 << 2;
const HMC = 1 << 13;
const SSC = 3 << 14;

// DBGBCR<n>_EL1.BT.
export const BT_ADDRESS = 0;
export const BT_LINKED_ADDRESS = 1;
export const BT_CONTEXT = 2;
export const BT_LINKED_CONTEXT = 3;

export function breakpointCount(state: CpuState): number {
  return ((state.sysregLow(ID_AA64DFR0_EL1) >>> 12) & 15) + 1;
}

export function watchpointCount(state: CpuState): number {
  return ((state.sysregLow(ID_AA64DFR0_EL1) >>> 20) & 15) + 1;
}

/** The last CTX_CMPs + 1 breakpoints can match a context. */
function matchesContexts(state: CpuState, n: number): boolean {
  const count = breakpointCount(state);
  return n < count && n >= count - (((state.sysregLow(ID_AA64DFR0_EL1) >>> 28) & 15) + 1);
}

export function breakpointType(control: number): number {
  return (control >>> 20) & 15;
}

/** LBN. */
export function linkedBreakpoint(control: number): number {
  return (control >>> 16) & 15;
}

/** Enabled, validly programmed, and for accesses from `el`: PMC and PAC lie in the same bits. */
export function inForce(control: number, el: number): boolean {
  if ((control & ENABLED) === 0 || (control & (HMC | SSC)) !== 0) return false;
  return (control & (el === 0 ? PRIVILEGE_EL0 : PRIVILEGE_EL1)) !== 0;
}

/** Breakpoint `n` compares the context and says yes. @param type BT_CONTEXT, or BT_LINKED_CONTEXT when asked by who links to it */
export function contextMatch(state: CpuState, n: number, type: number): boolean {
  if (!matchesContexts(state, n)) return false;
  const control = state.sysregLow(DBGBCR + n);
  return (control & ENABLED) !== 0 && breakpointType(control) === type && state.sysregLow(DBGBVR + n) === state.sysregLow(CONTEXTIDR_EL1);
}
