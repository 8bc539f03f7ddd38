/**
 * The running vCPU's state as TypeScript sees it: views of the same bytes that generated code works on (layout.ts).
 * Everything here is cold or nearly so; the hot readers are generated code.
 */
import {
  BUDGET, CURRENT_EL, DAIF, DIVERTED, FLAG_C_ADDRESS, FLAG_N_ADDRESS, FLAG_V_ADDRESS, FLAG_Z_ADDRESS, IP, NEXT_PC, PAGE_RECORDS, PAGE_VA, REGISTERS,
  SLOT_SP, SP_SELECT, STEP_STATE, SYSREGS, VECTORS,
} from "./layout.ts";

const N_BIT = 1 << 31;
const Z_BIT = 1 << 30;
const C_BIT = 1 << 29;
const V_BIT = 1 << 28;

export class CpuState {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  readonly bytes: Uint8Array;

  constructor(buffer: ArrayBuffer) {
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  /** X0 … X30 by number; 31 is SP here, as everywhere in the register file. */
  x(n: number): bigint {
    return this.u64[(REGISTERS >> 3) + n]!;
  }

  setX(n: number, value: bigint): void {
    this.u64[(REGISTERS >> 3) + n] = value;
  }

  get sp(): bigint {
    return this.x(SLOT_SP);
  }

  set sp(value: bigint) {
    this.setX(SLOT_SP, value);
  }

  /** Half of a vector register: 0 the low 64 bits, 1 the high ones. */
  v(n: number, half: number): bigint {
    return this.u64[((REGISTERS + VECTORS) >> 3) + 2 * n + half]!;
  }

  setV(n: number, half: number, value: bigint): void {
    this.u64[((REGISTERS + VECTORS) >> 3) + 2 * n + half] = value;
  }

  /** A system register by the slot that its row gives it. */
  sysreg(slot: number): bigint {
    return this.u64[(SYSREGS >> 3) + slot]!;
  }

  setSysreg(slot: number, value: bigint): void {
    this.u64[(SYSREGS >> 3) + slot] = value;
  }

  /** The same from two words, without a bigint. */
  setSysregWords(slot: number, high: number, low: number): void {
    const { i32 } = this;
    i32[(SYSREGS >> 2) + 2 * slot] = low;
    i32[(SYSREGS >> 2) + 2 * slot + 1] = high;
  }

  /** Low and high word of a system register, without a bigint. */
  sysregLow(slot: number): number {
    return this.u32[(SYSREGS >> 2) + 2 * slot]!;
  }

  sysregHigh(slot: number): number {
    return this.u32[(SYSREGS >> 2) + 2 * slot + 1]!;
  }

  /** PSTATE.<N,Z,C,V> in bits 31:28. */
  get nzcv(): number {
    const { i32 } = this;
    const n = i32[(FLAG_N_ADDRESS >> 2) + 1]! < 0 ? N_BIT : 0;
    const z = (i32[FLAG_Z_ADDRESS >> 2]! | i32[(FLAG_Z_ADDRESS >> 2) + 1]!) === 0 ? Z_BIT : 0;
    const c = i32[FLAG_C_ADDRESS >> 2] === 0 ? 0 : C_BIT;
    const v = i32[(FLAG_V_ADDRESS >> 2) + 1]! < 0 ? V_BIT : 0;
    return (n | z | c | v) >>> 0;
  }

  set nzcv(value: number) {
    const { i32 } = this;
    i32[FLAG_N_ADDRESS >> 2] = 0;
    i32[(FLAG_N_ADDRESS >> 2) + 1] = value & N_BIT;
    i32[FLAG_Z_ADDRESS >> 2] = (value & Z_BIT) === 0 ? 1 : 0;
    i32[(FLAG_Z_ADDRESS >> 2) + 1] = 0;
    i32[FLAG_C_ADDRESS >> 2] = (value & C_BIT) === 0 ? 0 : 1;
    i32[FLAG_V_ADDRESS >> 2] = 0;
    i32[(FLAG_V_ADDRESS >> 2) + 1] = (value & V_BIT) === 0 ? 0 : N_BIT;
  }

  /** PSTATE.EL: 0 or 1. */
  get el(): number {
    return this.i32[CURRENT_EL >> 2]!;
  }

  /** PSTATE.SP: 1 when SP is SP_EL1. Always 0 at EL0. */
  get spSelect(): number {
    return this.i32[SP_SELECT >> 2]!;
  }

  /** D, A, I, F in bits 9:6. */
  get daif(): number {
    return this.i32[DAIF >> 2]!;
  }

  /** PSTATE as SPSR_EL1 holds it: NZCV 31:28, SS 21, IL 20, DAIF 9:6, M[3:0] (0 EL0t, 4 EL1t, 5 EL1h). */
  get pstate(): number {
    const { el } = this;
    return (this.nzcv | this.i32[STEP_STATE >> 2]! | this.daif | (el << 2) | (el === 0 ? 0 : this.spSelect)) >>> 0;
  }

  /** Address of the instruction that is executed now; in slow paths and between slices. */
  get pc(): bigint {
    if (this.i32[DIVERTED >> 2] !== 0) return this.nextPc;
    return BigInt.asUintN(64, this.u64[PAGE_VA >> 3]! + BigInt((this.i32[IP >> 2]! - this.i32[PAGE_RECORDS >> 2]!) >> 2));
  }

  /** Where execution goes on, once something moved it (an exception, a return, a reset); see `divertTo`. */
  get nextPc(): bigint {
    return this.u64[NEXT_PC >> 3]!;
  }

  /** Writes `pc` plus some bytes into 8 bytes of the state. Hot: each exception and each change of vCPU, so without bigints. */
  putPc(address: number, ahead: number): void {
    const { i32, u32 } = this;
    const isDiverted = i32[DIVERTED >> 2] !== 0;
    const from = isDiverted ? NEXT_PC : PAGE_VA;
    const offset = isDiverted ? 0 : (i32[IP >> 2]! - i32[PAGE_RECORDS >> 2]!) >> 2;
    const low = u32[from >> 2]! + offset + ahead;
    u32[address >> 2] = low;
    u32[(address >> 2) + 1] = u32[(from >> 2) + 1]! + (low >= 0x1_0000_0000 ? 1 : 0);
  }

  /** Execution goes on where it is, found anew by its address. */
  findPcAgain(): void {
    if (this.i32[DIVERTED >> 2] !== 0) return;
    this.putPc(NEXT_PC, 0);
    this.i32[DIVERTED >> 2] = 1;
  }

  /** As `divertTo`, from two words. */
  divertToWords(high: number, low: number): void {
    const { i32 } = this;
    i32[NEXT_PC >> 2] = low;
    i32[(NEXT_PC >> 2) + 1] = high;
    i32[DIVERTED >> 2] = 1;
  }

  /** Execution goes on at `pc`, whatever instruction is in progress. */
  divertTo(pc: bigint): void {
    this.u64[NEXT_PC >> 3] = pc;
    this.i32[DIVERTED >> 2] = 1;
  }

  get budget(): number {
    return this.i32[BUDGET >> 2]!;
  }

  set budget(instructions: number) {
    this.i32[BUDGET >> 2] = instructions;
  }
}
