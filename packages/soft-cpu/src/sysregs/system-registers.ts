/**
 * The system registers of one vCPU: every MRS and MSR that generated code does not do in place goes through here, by the rows of
 * rows.ts. The state is that of the running vCPU, so only its own registers may be touched while another runs.
 *
 * Not hot, except that a read into memory makes no bigint where it can do without: counters, timers and cache registers are
 * read in loops.
 */
import { fromBigint, sysregEncoding, toBigint, type PlainData, type U64 } from "@trapline/core";
import type { CpuState } from "../state/cpu-state.ts";
import type { GenericTimer } from "../timer/generic-timer.ts";
import { type CpuIdentity, identityValues } from "./cpu-identity.ts";
import { fpTrapped, mayMaskInterrupts } from "./el0-gates.ts";
import { DONE, ELSEWHERE, type Fault, FP_TRAPPED_ACCESS, type Outcome, TRAPPED, UNDEFINED } from "./outcome.ts";
import { resetPstate, selectStackPointer, setDaif, stackPointer } from "./pstate-fields.ts";
import type { SystemRegister, SystemRegisterContext, SystemRegisterHooks } from "./row.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";
import { restoreRegisters, saveRegisters } from "./saved-registers.ts";
import { CNTFRQ_EL0, RAZ, SLOTS_END } from "./slots.ts";

const TWO_32 = 0x1_0000_0000;
/** op1 of registers that EL0 may know. */
const OP1_EL0 = 3;
const OP1_SHIFT = 11;

// MSR (immediate): op1 and op2, as sysregEncoding puts them.
const PSTATE_SPSEL = sysregEncoding(0, 0, 4, 0, 5);
const PSTATE_DAIFSET = sysregEncoding(0, 3, 4, 0, 6);
const PSTATE_DAIFCLR = sysregEncoding(0, 3, 4, 0, 7);

export interface SystemRegistersOptions {
  readonly state: CpuState;
  /** Or who tells it, asked at each reset: the machine's interrupt controller is not there yet when vCPUs are made. */
  readonly identity: CpuIdentity | (() => CpuIdentity);
  readonly timer: GenericTimer;
  readonly hooks: SystemRegisterHooks;
}

export class SystemRegisters implements SystemRegisterContext {
  readonly state: CpuState;
  readonly timer: GenericTimer;
  readonly hooks: SystemRegisterHooks;
  /** Of all that `peek` knows, in order of encoding. */
  readonly names: readonly string[] = [...PEEKABLE.keys(), "SP_EL1"];
  private readonly tellIdentity: () => CpuIdentity;
  private identity: ReadonlyMap<number, bigint> = new Map();

  constructor(options: SystemRegistersOptions) {
    this.state = options.state;
    this.timer = options.timer;
    this.hooks = options.hooks;
    const { identity } = options;
    this.tellIdentity = typeof identity === "function" ? identity : () => identity;
  }

  /** MRS at `el`. */
  read(encoding: number, el: number): bigint | Fault {
    const register = SYSTEM_REGISTERS.reader(encoding);
    if (register === undefined) return this.missing(encoding, el);
    const fault = this.fault(register, false, el);
    return fault === DONE ? toBigint(this.valueOf(register, el)) : fault;
  }

  /** MRS at `el`, into 8 bytes at `address`. */
  readInto(encoding: number, el: number, address: number): Outcome {
    const register = SYSTEM_REGISTERS.reader(encoding);
    if (register === undefined) return this.missing(encoding, el);
    const fault = this.fault(register, false, el);
    if (fault !== DONE) return fault;
    const { u32, u64 } = this.state;
    const value = this.valueOf(register, el);
    if (typeof value === "number") {
      u32[address >> 2] = value;
      u32[(address >> 2) + 1] = value / TWO_32;
    } else {
      u64[address >> 3] = value;
    }
    return DONE;
  }

  /** MSR (register) at `el`. */
  write(encoding: number, value: bigint, el: number): Outcome {
    const register = SYSTEM_REGISTERS.writer(encoding);
    if (register === undefined) return this.missing(encoding, el);
    const fault = this.fault(register, true, el);
    if (fault !== DONE) return fault;
    const whole = BigInt.asUintN(64, value);
    if (register.write !== undefined) {
      register.write(this, whole);
      return DONE;
    }
    const { slot, writable, res1 = 0n } = register;
    const now = writable === undefined ? whole : (whole & writable) | res1;
    if (now === this.state.sysreg(slot!)) return DONE;
    this.state.setSysreg(slot!, now);
    register.changed?.(this, register.name);
    return DONE;
  }

  /** MSR (immediate): PSTATE fields SPSel, DAIFSet and DAIFClr; `immediate` is CRm. */
  writeImmediate(op1: number, op2: number, immediate: number, el: number): Outcome {
    const { state } = this;
    const field = sysregEncoding(0, op1, 4, 0, op2);
    if (field === PSTATE_SPSEL) {
      if (el === 0) return UNDEFINED;
      selectStackPointer(state, immediate & 1);
      return DONE;
    }
    if (field !== PSTATE_DAIFSET && field !== PSTATE_DAIFCLR) return UNDEFINED;
    if (el === 0 && !mayMaskInterrupts(state)) return TRAPPED;
    const bits = (immediate & 0xf) << 6;
    setDaif(state, field === PSTATE_DAIFSET ? state.daif | bits : state.daif & ~bits);
    this.hooks.interruptMaskChanged();
    return DONE;
  }

  /** Reset: registers, PSTATE, FP control and timer. General-purpose and vector registers, SP and PC are the vCPU's. */
  reset(): void {
    const { state } = this;
    this.identity = identityValues(this.tellIdentity());
    for (let slot = RAZ; slot < SLOTS_END; slot++) state.setSysreg(slot, this.identity.get(slot) ?? 0n);
    for (const { slot, reset, res1 } of SYSTEM_REGISTERS.registers) {
      const value = reset ?? res1;
      if (slot !== undefined && value !== undefined) state.setSysreg(slot, value);
    }
    state.setSysreg(CNTFRQ_EL0, BigInt(this.timer.frequencyHz));
    resetPstate(state);
    this.timer.reset();
  }

  /** A register by its name in the manual, without side effects, whatever EL1 or EL0 could do with it. */
  peek(name: string): U64 | undefined {
    if (name === "SP_EL1") return fromBigint(stackPointer(this.state, 1));
    const register = PEEKABLE.get(name);
    if (register === undefined) return undefined;
    const value = register.peek === undefined ? this.valueOf(register, 1) : register.peek(this);
    return typeof value === "bigint" ? fromBigint(value) : value;
  }

  /** Registers, PSTATE and FP control by name. The timer is saved apart. */
  save(): PlainData {
    return saveRegisters(this.state);
  }

  /**
   * Takes what `save` gave. Calls no hooks: whoever restores a vCPU has to forget everything anyway.
   * @throws SnapshotError when it does not fit, for instance because it comes from another kind of PE; then nothing has changed
   */
  restore(saved: PlainData): void {
    restoreRegisters(this.state, saved, (slot) => this.identity.get(slot));
  }

  private valueOf(register: SystemRegister, el: number): U64 {
    if (el === 0 && register.readAtEl0 !== undefined) return register.readAtEl0(this);
    if (register.read !== undefined) return register.read(this);
    const { state } = this;
    const slot = register.slot!;
    const high = state.sysregHigh(slot);
    return high < 0x20_0000 ? high * TWO_32 + state.sysregLow(slot) : state.sysreg(slot);
  }

  private fault(register: SystemRegister, isWrite: boolean, el: number): Outcome {
    const { state } = this;
    if (el === 0) {
      if (!(isWrite ? register.el0Writes : register.el0Reads)) return UNDEFINED;
      if (register.gate !== undefined && !register.gate(state)) return TRAPPED;
    }
    if (register.defined !== undefined && !register.defined(state)) return UNDEFINED;
    return register.fp && fpTrapped(state, el) ? FP_TRAPPED_ACCESS : DONE;
  }

  /** The machine is asked for what is not ours, but by EL0 only for what may be EL0's. */
  private missing(encoding: number, el: number): Fault {
    const ours = SYSTEM_REGISTERS.reader(encoding) ?? SYSTEM_REGISTERS.writer(encoding);
    if (ours !== undefined) return UNDEFINED;
    return el === 0 && ((encoding >> OP1_SHIFT) & 7) !== OP1_EL0 ? UNDEFINED : ELSEWHERE;
  }
}

const PEEKABLE: ReadonlyMap<string, SystemRegister> = new Map(
  SYSTEM_REGISTERS.registers.filter(({ access, reserved }) => access !== "WO" && !reserved).map((register) => [register.name, register]),
);
