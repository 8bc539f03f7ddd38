/**
 * The exceptions of the running vCPU, one method per cause: syndrome, fault address, return address, entry. Return addresses are
 * the instruction in progress but for SVC, which returns behind itself (DDI 0487, the AArch64.…Exception() functions that build
 * on AArch64.TakeException()). The methods for a fetch that fails give 0, the record that is not.
 */
import { ACCESS_MAINTENANCE, ACCESS_WRITE } from "../ir/stmt.ts";
import type { CpuState } from "../state/cpu-state.ts";
import { NEXT_PC, PENDING_LINES, REPEATED_EXCEPTIONS, STEP_STATE, SYSREGS } from "../state/layout.ts";
import { ELR_EL1, ESR_EL1, FAR_EL1 } from "../sysregs/slots.ts";
import { enterException, VECTOR_FIQ, VECTOR_IRQ, VECTOR_SERROR, VECTOR_SYNCHRONOUS } from "./exception-entry.ts";
import { exceptionReturn, PSTATE_IL } from "./exception-return.ts";
import { advanceStep } from "./software-step.ts";
import * as syndromes from "./syndrome.ts";

/** PSTATE.F, and the FIQ line in PENDING_LINES. */
const FIQ = 0x40;

/** As often as this, an exception at its own vector is no accident. Another vCPU or a device had its time to put something there. */
const DEAD_END = 4096;

/** Where ELR_EL1 is in the state. */
const ELR = SYSREGS + 8 * ELR_EL1;

/** Places in `counts` behind the 64 classes of ESR_EL1.EC. */
export const COUNT_IRQ = 64;
export const COUNT_FIQ = 65;
export const COUNT_SERROR = 66;

export class Exceptions {
  /** Exceptions taken, by class; for statistics. */
  readonly counts: Float64Array = new Float64Array(COUNT_SERROR + 1);
  private readonly state: CpuState;
  private readonly levelChanged: () => void;
  private readonly deadEnd: (esr: number, pc: bigint) => void;

  /**
   * @param levelChanged PSTATE.EL may have changed: what depends on it has to follow
   * @param deadEnd the exception at `pc` leads to `pc`, and did so for long: see cluster/dead-end.ts
   */
  constructor(state: CpuState, levelChanged: () => void, deadEnd: (esr: number, pc: bigint) => void = () => {}) {
    this.state = state;
    this.levelChanged = levelChanged;
    this.deadEnd = deadEnd;
  }

  // ------------------------------------------------------------------------------------------------------- asynchronous

  /**
   * The interrupt that is pending and not masked; FIQ first, as nearly all cores do.
   * @param ahead 4 while an instruction is in progress that it comes behind
   */
  takeInterrupt(ahead = 0): void {
    const { state } = this;
    const open = state.i32[PENDING_LINES >> 2]! & ~state.daif;
    const isFiq = (open & FIQ) !== 0;
    this.counts[isFiq ? COUNT_FIQ : COUNT_IRQ]!++;
    state.putPc(ELR, ahead);
    this.enter(isFiq ? VECTOR_FIQ : VECTOR_IRQ);
  }

  /** @param iss IMPLEMENTATION DEFINED, see syndrome.ts */
  takeSError(iss = 0): void {
    this.counts[COUNT_SERROR]!++;
    this.state.setSysregWords(ESR_EL1, 0, syndromes.serrorSyndrome(iss));
    this.state.putPc(ELR, 0);
    this.enter(VECTOR_SERROR);
  }

  // -------------------------------------------------------------------------------------------- before an instruction runs

  /** PSTATE.IL: the next instruction takes `takeIllegalState`, unless its fetch already faults. */
  illegalState(): boolean {
    return (this.state.i32[STEP_STATE >> 2]! & PSTATE_IL) !== 0;
  }

  takeIllegalState(high: number, low: number): number {
    this.synchronousAt(high, low, syndromes.illegalStateSyndrome());
    return 0;
  }

  takePcAlignment(high: number, low: number): number {
    this.faultingFetch(high, low, syndromes.pcAlignmentSyndrome());
    return 0;
  }

  takeInstructionAbort(faultStatus: number, high: number, low: number): number {
    this.faultingFetch(high, low, syndromes.instructionAbortSyndrome(this.state.el, faultStatus));
    return 0;
  }

  takeBreakpoint(): void {
    this.synchronous(syndromes.breakpointSyndrome(this.state.el));
  }

  /** See softwareStepSyndrome. */
  takeSoftwareStep(stepped: boolean, exclusive: boolean): void {
    this.synchronous(syndromes.softwareStepSyndrome(this.state.el, stepped, exclusive));
  }

  // ------------------------------------------------------------------------------------------------ by an instruction

  takeUndefined(): void {
    this.synchronous(syndromes.unknownSyndrome());
  }

  takeSvc(immediate: number): void {
    const { state } = this;
    advanceStep(state); // the instruction is complete: a step ends behind it
    this.synchronous(syndromes.svcSyndrome(immediate), 4);
  }

  takeBrk(immediate: number): void {
    this.synchronous(syndromes.brkSyndrome(immediate));
  }

  takeFpTrap(): void {
    this.synchronous(syndromes.fpAccessSyndrome());
  }

  /** @param word the MSR, MRS or System instruction */
  takeSystemTrap(word: number): void {
    this.synchronous(syndromes.systemRegisterSyndrome(word));
  }

  takeWaitTrap(isWfe: boolean): void {
    this.synchronous(syndromes.waitSyndrome(isWfe));
  }

  takeSpAlignment(): void {
    this.synchronous(syndromes.spAlignmentSyndrome());
  }

  /** @param access as in ir/stmt.ts; ACCESS_MAINTENANCE for cache maintenance and AT, not for DC ZVA */
  takeDataAbort(faultStatus: number, vaHi: number, vaLo: number, access: number): void {
    const maintenance = (access & ACCESS_MAINTENANCE) !== 0;
    const esr = syndromes.dataAbortSyndrome(this.state.el, faultStatus, (access & ACCESS_WRITE) !== 0, maintenance);
    this.faulting(esr, vaHi, vaLo);
  }

  takeWatchpoint(vaHi: number, vaLo: number, access: number): void {
    const maintenance = (access & ACCESS_MAINTENANCE) !== 0;
    const esr = syndromes.watchpointSyndrome(this.state.el, (access & ACCESS_WRITE) !== 0, maintenance);
    this.faulting(esr, vaHi, vaLo);
  }

  /** ERET at EL1. The manual also has it set the event register; that is the caller's. */
  exceptionReturn(): void {
    exceptionReturn(this.state);
    this.levelChanged();
  }

  /** @param ahead of the instruction in progress, in bytes, is where it returns */
  private synchronous(esr: number, ahead = 0): void {
    this.state.putPc(ELR, ahead);
    this.enterSynchronous(esr);
  }

  /** Returns to an address that nothing was fetched from. */
  private synchronousAt(high: number, low: number, esr: number): void {
    this.state.setSysregWords(ELR_EL1, high, low);
    this.enterSynchronous(esr);
  }

  private faulting(esr: number, vaHi: number, vaLo: number): void {
    this.state.setSysregWords(FAR_EL1, vaHi, vaLo);
    this.synchronous(esr);
  }

  private faultingFetch(high: number, low: number, esr: number): void {
    this.state.setSysregWords(FAR_EL1, high, low);
    this.synchronousAt(high, low, esr);
  }

  private enterSynchronous(esr: number): void {
    const { state } = this;
    const { i32 } = state;
    this.counts[esr >>> 26]!++;
    state.setSysregWords(ESR_EL1, 0, esr);
    this.enter(VECTOR_SYNCHRONOUS);
    const leadsToItself = i32[NEXT_PC >> 2] === i32[ELR >> 2] && i32[(NEXT_PC >> 2) + 1] === i32[(ELR >> 2) + 1];
    if (!leadsToItself) {
      i32[REPEATED_EXCEPTIONS >> 2] = 0;
      return;
    }
    i32[REPEATED_EXCEPTIONS >> 2]!++;
    if (i32[REPEATED_EXCEPTIONS >> 2]! < DEAD_END) return;
    i32[REPEATED_EXCEPTIONS >> 2] = 0;
    this.deadEnd(esr, state.nextPc);
  }

  private enter(vector: number): void {
    enterException(this.state, vector);
    this.levelChanged();
  }
}
