/**
 * SP alignment checking (DDI 0487, D1.8.2; AArch64.CheckSPAlignment(), SPAlignmentFault()): SCTLR_EL1.SA has EL1's loads and stores by
 * SP fault while SP is no multiple of 16, SA0 those of EL0; prefetches do not. Before it come what the fetch does, breakpoints,
 * PSTATE.IL, UNDEFINED and the trap of FP; after it translation, permissions and alignment of the access.
 *
 * Whether SP is misaligned is looked at between chunks; isa/stack-pointer.ts has instructions end theirs that make it so. Not hot: while
 * it is, code runs a stretch at a time.
 */
import { findForm } from "../isa/decoder.ts";
import { xsp } from "../isa/form.ts";
import { isDataProcessing, isLoadOrStore } from "../isa/groups.ts";
import { SP, UNALIGNED } from "../isa/stack-pointer.ts";
import type { CpuState } from "../state/cpu-state.ts";
import { FP_TRAPPED, REGISTERS, SLOT_SP, SP_CHECKED } from "../state/layout.ts";
import { SCTLR_EL1 } from "../sysregs/slots.ts";
import type { Exceptions } from "./exceptions.ts";

// SCTLR_EL1.
const SA = 1 << 3;
const SA0 = 1 << 4;

const PAGE = 4096;
/** Instructions that are looked at for one stretch. */
const MOST = 64;

/** SP_CHECKED (state/layout.ts) for an exception level. */
export function checkedBits(state: CpuState, el: number): number {
  return (state.sysregLow(SCTLR_EL1) & (el === 0 ? SA0 : SA)) === 0 ? 0 : UNALIGNED;
}

/** A load or store by SP would fault now. */
export function isStackMisaligned({ i32 }: CpuState): boolean {
  return (i32[(REGISTERS + 8 * SLOT_SP) >> 2]! & i32[SP_CHECKED >> 2]!) !== 0;
}

export class StackAlignment {
  private readonly state: CpuState;
  private readonly exceptions: Exceptions;
  private readonly codeAt: (vaHi: number, vaLo: number) => number;

  /** @param codeAt offset in the memory of the instruction at an address; −1 when it cannot be fetched */
  constructor(state: CpuState, exceptions: Exceptions, codeAt: (vaHi: number, vaLo: number) => number) {
    this.state = state;
    this.exceptions = exceptions;
    this.codeAt = codeAt;
  }

  /**
   * Looks at what comes next while SP is misaligned, and takes the exception if that is a load or store by SP.
   * @returns how many instructions may run before the next look, or 0: the exception was taken
   */
  stretch(): number {
    const { state, exceptions } = this;
    const { pc } = state;
    if ((pc & 3n) !== 0n || exceptions.illegalState()) return 1;
    const vaLo = Number(pc & 0xffff_ffffn) | 0;
    const at = this.codeAt(Number(pc >> 32n) | 0, vaLo);
    if (at < 0) return 1;
    // Nothing in a row of data processing changes what is behind it.
    const most = Math.min(MOST, (PAGE - (vaLo & (PAGE - 1))) >> 2);
    let count = 0;
    while (count < most && isDataProcessing(state.u32[at / 4 + count]!)) count++;
    if (count > 0) return count;
    if (!this.faults(state.u32[at / 4]!)) return 1;
    exceptions.takeSpAlignment();
    return 0;
  }

  private faults(word: number): boolean {
    if (!isLoadOrStore(word)) return false;
    const { form, fields } = findForm(word);
    // Rows of prefetches and of literals have no base register, nor has what is UNDEFINED.
    if (form.operands(fields).n !== xsp(SP)) return false;
    return !form.fp || this.state.i32[FP_TRAPPED >> 2] === 0;
  }
}
