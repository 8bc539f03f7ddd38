/**
 * Watchpoints (DDI 0487, AArch64.CheckWatchpoint(), WatchpointMatch(), WatchpointByteMatch()): whether a data access takes a
 * Watchpoint exception before it is made. Loads, stores, DC ZVA and DC IVAC are watched; other maintenance, AT, walks and fetches
 * are not. Bits above VA[48] of DBGWVR<n>_EL1 are not compared.
 *
 * CONSTRAINED UNPREDICTABLE choices: MASK 1 and 2, and byte selects that are not one run, behave as disabled; a MASK beside a
 * byte select that is not all ones ignores the byte select; address bits under a MASK are ignored.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { DBGWCR, DBGWVR, MDSCR_EL1 } from "../sysregs/slots.ts";
import { debugUnlocked, generatesDebugExceptions, MDSCR_MDE } from "./debug-enable.ts";
import { BT_LINKED_CONTEXT, contextMatch, ENABLED, inForce, linkedBreakpoint, watchpointCount } from "./state-match.ts";

const LSC_LOAD = 1 << 3;
const LSC_STORE = 1 << 4;
/** WT: linked to a breakpoint that matches a context. */
const LINKED = 1 << 20;
/** VA[48:32]. */
const COMPARED_HIGH = 0x1_ffff;
const TWO_32 = 0x1_0000_0000;
const SPACE = (COMPARED_HIGH + 1) * TWO_32;

/** Some watchpoint may match somewhere, whatever the exception level. */
export function watchpointsArmed(state: CpuState): boolean {
  if ((state.sysregLow(MDSCR_EL1) & MDSCR_MDE) === 0 || !debugUnlocked(state)) return false;
  const count = watchpointCount(state);
  for (let n = 0; n < count; n++) if ((state.sysregLow(DBGWCR + n) & ENABLED) !== 0) return true;
  return false;
}

/**
 * @param el whose access it is: 0 for LDTR and STTR at EL1 too
 * @param bytes of the whole access
 */
export function watchpointHit(state: CpuState, el: number, vaHi: number, vaLo: number, bytes: number, write: boolean): boolean {
  if ((state.sysregLow(MDSCR_EL1) & MDSCR_MDE) === 0 || !generatesDebugExceptions(state, state.el, state.daif)) return false;
  const count = watchpointCount(state);
  for (let n = 0; n < count; n++) {
    const control = state.sysregLow(DBGWCR + n);
    if (!inForce(control, el) || (control & (write ? LSC_STORE : LSC_LOAD)) === 0) continue;
    if ((control & LINKED) !== 0 && !contextMatch(state, linkedBreakpoint(control), BT_LINKED_CONTEXT)) continue;
    if (overlaps(control, state.sysregHigh(DBGWVR + n), state.sysregLow(DBGWVR + n), vaHi, vaLo, bytes)) return true;
  }
  return false;
}

/** Does the access touch a watched byte? */
function overlaps(control: number, valueHi: number, valueLo: number, vaHi: number, vaLo: number, bytes: number): boolean {
  const mask = (control >>> 24) & 31;
  const select = (control >>> 5) & 0xff;
  let first = (valueHi & COMPARED_HIGH) * TWO_32 + valueLo;
  let length: number;
  if (mask === 1 || mask === 2) return false;
  if (mask !== 0) {
    length = 2 ** mask;
    first -= first % length;
  } else {
    // DBGWVR<n>_EL1[2] set: a word is watched, and of the byte select only the lower half counts.
    const word = (valueLo & 4) !== 0;
    const run = word ? select & 0xf : select;
    if (run === 0 || !isOneRun(select)) return false;
    const start = 31 - Math.clz32(run & -run);
    length = 32 - Math.clz32(run) - start;
    first = first - (first % (word ? 4 : 8)) + start;
  }
  const from = (vaHi & COMPARED_HIGH) * TWO_32 + (vaLo >>> 0);
  // An access may wrap around the end of the compared address space; the watched range, aligned, cannot.
  return (from < first + length && first < from + bytes) || from + bytes - SPACE > first;
}

function isOneRun(select: number): boolean {
  const top = select + (select & -select);
  return (top & (top - 1)) === 0;
}
