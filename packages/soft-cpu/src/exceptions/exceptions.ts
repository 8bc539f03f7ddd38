/**
 * The exceptions of the running vCPU, one method per cause: syndrome, fault address, return address, entry. Return addresses are
 * the instruction in progress but for SVC, which returns behind itself (DDI 0487, the AArch64.…Exception() functions that build
 * on AArch64.TakeException()). The methods for a fetch that fails give 0, the record that is not.
 */
import { ACCESS_MAINTENANCE, ACCESS_WRITE } from "../ir/stmt.ts";
import type { CpuState } from "../state/cpu-state.ts";
import { PENDING_LINES, REPEATED_EXCEPTIONS, STEP_STATE } from "../state/layout.ts";
import { ESR_EL1, FAR_EL1 } from "../sysregs/slots.ts";
import { enterException, VECTOR_FIQ, VECTOR_IRQ, VECTOR_SERROR, VECTOR_SYNCHRONOUS } from "./exception-entry.ts";
import { exceptionReturn, PSTATE_IL } from "./exception-return.ts";
import { advanceStep } from "./software-step.ts";
import * as syndromes from "./syndrome.ts";

/** PSTATE.F, and the FIQ line in PENDING_LINES. */
const FIQ = 0x40;

/** As often as this, an exception at its own vector is no accident. Another vCPU or a device had its time to put something there. */
const DEAD_END = 4096;

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

  /** The interrupt that is pending and not masked; FIQ first, as nearly all cores do. */
  takeInterrupt(): void {
    const { state } = this;
    const open = state.i32[PENDING_LINES >> 2]! & ~state.daif;
    const isFiq = (open & FIQ) !== 0;
    this.counts[isFiq ? COUNT_FIQ : COUNT_IRQ]!++;
    this.enter(isFiq ? VECTOR_FIQ : VECTOR_IRQ, state.pc);
  }

  /** @param iss IMPLEMENTATION DEFINED, see syndrome.ts */
  takeSError(iss = 0): void {
    this.counts[COUNT_SERROR]!++;
    this.state.setSysreg(ESR_EL1, BigInt(syndromes.serrorSyndrome(iss)));
    this.enter(VECTOR_SERROR, this.state.pc);
  }

  // -------------------------------------------------------------------------------------------- before an instruction runs

  /** PSTATE.IL: the next instruction takes `takeIllegalState`, unless its fetch already faults. */
  illegalState(): boolean {
    return (this.state.i32[STEP_STATE >> 2]! & PSTATE_IL) !== 0;
  }

  takeIllegalState(pc: bigint): number {
    this.synchronous(syndromes.illegalStateSyndrome(), pc);
    return 0;
  }

  takePcAlignment(pc: bigint): number {
    this.faulting(syndromes.pcAlignmentSyndrome(), pc, pc);
    return 0;
  }

  takeInstructionAbort(faultStatus: number, pc: bigint): number {
    this.faulting(syndromes.instructionAbortSyndrome(this.state.el, faultStatus), pc, pc);
    return 0;
  }

  takeBreakpoint(): void {
    this.synchronous(syndromes.breakpointSyndrome(this.state.el), this.state.pc);
  }

  /** See softwareStepSyndrome. */
  takeSoftwareStep(stepped: boolean, exclusive: boolean): void {
    this.synchronous(syndromes.softwareStepSyndrome(this.state.el, stepped, exclusive), this.state.pc);
  }

  // ------------------------------------------------------------------------------------------------ by an instruction

  takeUndefined(): void {
    this.synchronous(syndromes.unknownSyndrome());
  }

  takeSvc(immediate: number): void {
    const { state } = this;
    advanceStep(state); // the instruction is complete: a step ends behind it
    this.synchronous(syndromes.svcSyndrome(immediate), state.pc + 4n);
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
    this.faulting(esr, this.state.pc, address(vaHi, vaLo));
  }

  takeWatchpoint(vaHi: number, vaLo: number, access: number): void {
    const maintenance = (access & ACCESS_MAINTENANCE) !== 0;
    const esr = syndromes.watchpointSyndrome(this.state.el, (access & ACCESS_WRITE) !== 0, maintenance);
    this.faulting(esr, this.state.pc, address(vaHi, vaLo));
  }

  /** ERET at EL1. The manual also has it set the event register; that is the caller's. */
  exceptionReturn(): void {
    exceptionReturn(this.state);
    this.levelChanged();
  }

  private synchronous(esr: number, returnAddress: bigint = this.state.pc): void {
    this.counts[esr >>> 26]!++;
    this.state.setSysreg(ESR_EL1, BigInt(esr));
    this.enter(VECTOR_SYNCHRONOUS, returnAddress);
    const { i32, nextPc } = this.state;
    const repeated = nextPc === returnAddress ? i32[REPEATED_EXCEPTIONS >> 2]! + 1 : 0;
    i32[REPEATED_EXCEPTIONS >> 2] = repeated;
    if (repeated < DEAD_END) return;
    i32[REPEATED_EXCEPTIONS >> 2] = 0;
    this.deadEnd(esr, returnAddress);
  }

  private faulting(esr: number, returnAddress: bigint, far: bigint): void {
    this.state.setSysreg(FAR_EL1, far);
    this.synchronous(esr, returnAddress);
  }

  private enter(vector: number, returnAddress: bigint): void {
    enterException(this.state, vector, returnAddress);
    this.levelChanged();
  }
}

function address(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
