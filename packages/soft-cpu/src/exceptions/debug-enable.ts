/**
 * Whether debug exceptions other than BRK are generated at all (DDI 0487, AArch64.GenerateDebugExceptionsFrom(), with neither EL2
 * nor EL3, and no external debugger). Breakpoints and watchpoints also need MDSCR_EL1.MDE, stepping MDSCR_EL1.SS.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { DBGPRCR_EL1, MDSCR_EL1, OSDLR_EL1, OSLSR_EL1 } from "../sysregs/slots.ts";

export const MDSCR_SS = 0x0001;
const MDSCR_KDE = 0x2000;
export const MDSCR_MDE = 0x8000;
const OSLSR_OSLK = 2;
const OSDLR_DLK = 1;
const DBGPRCR_CORENPDRQ = 1;
/** PSTATE.D, as in SPSR and DAIF. */
const D = 0x200;

/** False while the OS Lock or the OS Double Lock is locked. */
export function debugUnlocked(state: CpuState): boolean {
  if ((state.sysregLow(OSLSR_EL1) & OSLSR_OSLK) !== 0) return false;
  const doubleLocked = (state.sysregLow(OSDLR_EL1) & OSDLR_DLK) !== 0 && (state.sysregLow(DBGPRCR_EL1) & DBGPRCR_CORENPDRQ) === 0;
  return !doubleLocked;
}

/**
 * From EL0 always, from EL1 only with MDSCR_EL1.KDE and PSTATE.D clear: the exceptions go to EL1.
 * @param daif whose D counts, in bit 9
 */
export function generatesDebugExceptions(state: CpuState, el: number, daif: number): boolean {
  if (!debugUnlocked(state)) return false;
  return el === 0 || ((state.sysregLow(MDSCR_EL1) & MDSCR_KDE) !== 0 && (daif & D) === 0);
}
