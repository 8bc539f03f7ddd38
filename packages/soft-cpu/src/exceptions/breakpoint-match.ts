/**
 * Hardware breakpoints (DDI 0487, AArch64.CheckBreakpoint(), BreakpointMatch()): whether the instruction at an address takes a
 * Breakpoint exception before it is executed. Without AArch32 at EL0 byte select does not count. Bits above VA[48] of
 * DBGBVR<n>_EL1 are not compared (RESS). Not hot: only asked while a breakpoint is enabled.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { DBGBCR, DBGBVR, MDSCR_EL1 } from "../sysregs/slots.ts";
import { debugUnlocked, generatesDebugExceptions, MDSCR_MDE } from "./debug-enable.ts";
import {
  breakpointCount, breakpointType, BT_ADDRESS, BT_CONTEXT, BT_LINKED_ADDRESS, BT_LINKED_CONTEXT, contextMatch, ENABLED, inForce,
  linkedBreakpoint,
} from "./state-match.ts";

/** VA[48:32]. */
const COMPARED_HIGH = 0x1_ffff;

/** Some breakpoint may match somewhere, whatever the exception level. */
export function breakpointsArmed(state: CpuState): boolean {
  if ((state.sysregLow(MDSCR_EL1) & MDSCR_MDE) === 0 || !debugUnlocked(state)) return false;
  const count = breakpointCount(state);
  for (let n = 0; n < count; n++) if ((state.sysregLow(DBGBCR + n) & ENABLED) !== 0) return true;
  return false;
}

/** For the current exception level. @param vaHi word of the instruction's address */
export function breakpointHit(state: CpuState, vaHi: number, vaLo: number): boolean {
  if ((state.sysregLow(MDSCR_EL1) & MDSCR_MDE) === 0 || !generatesDebugExceptions(state, state.el, state.daif)) return false;
  const count = breakpointCount(state);
  for (let n = 0; n < count; n++) if (matches(state, n, vaHi, vaLo)) return true;
  return false;
}

function matches(state: CpuState, n: number, vaHi: number, vaLo: number): boolean {
  const control = state.sysregLow(DBGBCR + n);
  if (!inForce(control, state.el)) return false;
  switch (breakpointType(control)) {
    case BT_ADDRESS:
      return sameAddress(state, n, vaHi, vaLo);
    case BT_LINKED_ADDRESS:
      return sameAddress(state, n, vaHi, vaLo) && contextMatch(state, linkedBreakpoint(control), BT_LINKED_CONTEXT);
    case BT_CONTEXT:
      return contextMatch(state, n, BT_CONTEXT);
    default:
      return false; // linked to by others, or reserved
  }
}

function sameAddress(state: CpuState, n: number, vaHi: number, vaLo: number): boolean {
  return ((state.sysregLow(DBGBVR + n) ^ vaLo) & ~3) === 0 && ((state.sysregHigh(DBGBVR + n) ^ vaHi) & COMPARED_HIGH) === 0;
}
