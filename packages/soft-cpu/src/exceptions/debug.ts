/**
 * Self-hosted debug of the running vCPU: which instructions have to be looked at one by one, and the exceptions that come of it
 * (DDI 0487, D2.8, D2.9, D2.12). Before an instruction comes software step, then what its fetch does, then breakpoints. Nothing
 * here costs anything while MDSCR_EL1.SS and MDE are clear.
 */
import { ACCESS_UNPRIVILEGED, ACCESS_WRITE } from "../ir/stmt.ts";
import type { CpuState } from "../state/cpu-state.ts";
import { EXCLUSIVE_ADDRESS, STEP_STATE, STEP_SYNDROME } from "../state/layout.ts";
import { MDSCR_EL1 } from "../sysregs/slots.ts";
import { breakpointHit, breakpointsArmed } from "./breakpoint-match.ts";
import { generatesDebugExceptions, MDSCR_MDE, MDSCR_SS } from "./debug-enable.ts";
import type { Exceptions } from "./exceptions.ts";
import { advanceStep, PSTATE_SS, stepEnabled, stepPending } from "./software-step.ts";
import { watchpointHit, watchpointsArmed } from "./watchpoint-match.ts";

// STEP_SYNDROME.
const STEPPED = 1;
const EXCLUSIVE = 2;

export class Debug {
  /** Instructions have to run one by one, between `beforeInstruction` and `afterInstruction`. Up to date after `changed`. */
  active = false;
  /** Stepping or breakpoints are on, though PSTATE.D may hold them back now. */
  armed = false;
  /** A watchpoint is armed: accesses have to be shown to `watchpointHit`. Does not depend on PSTATE. */
  watching = false;
  private monitorWasOpen = false;
  private isStepping = false;
  private readonly state: CpuState;
  private readonly exceptions: Exceptions;
  private readonly watchingChanged: (watching: boolean) => void;
  private readonly fetches: (vaHi: number, vaLo: number) => boolean;

  /**
   * @param watchingChanged `watching` of the same vCPU is another
   * @param fetches whether an instruction can be fetched there: if not, its abort comes before a breakpoint
   */
  constructor(
    state: CpuState,
    exceptions: Exceptions,
    watchingChanged: (watching: boolean) => void,
    fetches: (vaHi: number, vaLo: number) => boolean,
  ) {
    this.state = state;
    this.exceptions = exceptions;
    this.watchingChanged = watchingChanged;
    this.fetches = fetches;
  }

  /** Another vCPU's state is in place. */
  load(): void {
    const { state } = this;
    this.armed = (state.sysregLow(MDSCR_EL1) & (MDSCR_SS | MDSCR_MDE)) !== 0;
    if (!this.armed) {
      // Hot: each exception return, each change of DAIF.
      this.watching = this.active = false;
      return;
    }
    this.watching = watchpointsArmed(state);
    this.active = stepEnabled(state) || (breakpointsArmed(state) && generatesDebugExceptions(state, state.el, state.daif));
  }

  /** Debug registers, locks, PSTATE.EL or PSTATE.D changed. If `active` is set then, what runs has to stop after its instruction. */
  changed(): void {
    const was = this.watching;
    this.state.i32[STEP_SYNDROME >> 2] = 0;
    this.load();
    if (this.watching !== was) this.watchingChanged(this.watching);
  }

  /**
   * Takes the exception that comes before the next instruction, if one does.
   * @returns true when the next instruction has to run alone; then `afterInstruction` follows it
   */
  beforeInstruction(): boolean {
    const { state, exceptions } = this;
    if (stepPending(state)) {
      const syndrome = state.i32[STEP_SYNDROME >> 2]!;
      exceptions.takeSoftwareStep((syndrome & STEPPED) !== 0, (syndrome & EXCLUSIVE) !== 0);
    } else if (this.breakpointHit()) {
      exceptions.takeBreakpoint();
    }
    // The level may have changed; and if the handler's level is debugged too, so is its first instruction.
    state.i32[STEP_SYNDROME >> 2] = 0;
    this.load();
    this.isStepping = (state.i32[STEP_STATE >> 2]! & PSTATE_SS) !== 0 && stepEnabled(state);
    this.monitorWasOpen = this.monitorIsOpen();
    return this.active;
  }

  /** The instruction ran, or took an exception. */
  afterInstruction(): void {
    if (this.isStepping) advanceStep(this.state);
    const exclusive = this.monitorWasOpen && !this.monitorIsOpen() ? EXCLUSIVE : 0;
    this.state.i32[STEP_SYNDROME >> 2] = this.isStepping ? STEPPED | exclusive : 0;
    this.isStepping = false;
  }

  /**
   * Shows a data access to the watchpoints, before it is made and after its translation and permissions were found good.
   * @param access as in ir/stmt.ts, with the number of bytes of the whole access
   * @returns true when the exception was taken
   */
  watchpointHit(vaHi: number, vaLo: number, access: number): boolean {
    const { state } = this;
    const el = (access & ACCESS_UNPRIVILEGED) !== 0 ? 0 : state.el;
    if (!watchpointHit(state, el, vaHi, vaLo, access & 0xff, (access & ACCESS_WRITE) !== 0)) return false;
    this.exceptions.takeWatchpoint(vaHi, vaLo, access);
    return true;
  }

  private breakpointHit(): boolean {
    const { state } = this;
    const pc = state.pc;
    if ((pc & 3n) !== 0n) return false; // the PC alignment fault comes first
    const vaHi = Number(pc >> 32n) | 0;
    const vaLo = Number(pc & 0xffff_ffffn) | 0;
    return breakpointHit(state, vaHi, vaLo) && this.fetches(vaHi, vaLo);
  }

  private monitorIsOpen(): boolean {
    return (this.state.i32[EXCLUSIVE_ADDRESS >> 2]! & this.state.i32[(EXCLUSIVE_ADDRESS >> 2) + 1]!) === -1;
  }
}
