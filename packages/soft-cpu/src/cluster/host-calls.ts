/**
 * The instructions that generated code leaves to the host (isa/host-functions.ts): exceptions on purpose, system registers and
 * instructions, waiting, and what is UNDEFINED. Each may move the program counter; the caller sees that in DIVERTED.
 */
import { fromBigint, HYPERCALL, SYSREG_READ, SYSREG_WRITE, type U64, UNDEFINED, WFI } from "@trapline/core";
import { TLBI_ASIDE1, TLBI_VAAE1, TLBI_VAE1, TLBI_VMALLE1 } from "../mmu/tlb-maintenance.ts";
import { ACCESS_MAINTENANCE, ACCESS_WRITE, accessOf } from "../ir/stmt.ts";
import * as host from "../isa/host-functions.ts";
import type { HostFunction } from "../isa/host-functions.ts";
import { WATCHED } from "../mmu/entry-flags.ts";
import { NO_FAULT } from "../mmu/fault-status.ts";
import { DIVERTED, HOST_VALUE, IP, REGISTERS as X0 } from "../state/layout.ts";
import { wfeTrapped, wfiTrapped } from "../sysregs/el0-gates.ts";
import { DONE, ELSEWHERE, FP_TRAPPED_ACCESS, type Outcome, TRAPPED } from "../sysregs/outcome.ts";
import { PAR_EL1 } from "../sysregs/slots.ts";
import { type SystemInstruction, systemInstruction, systemInstructionAccess } from "../sysregs/system-instructions.ts";
import { SYSTEM_REGISTERS } from "../sysregs/rows.ts";
import type { CpuState } from "../state/cpu-state.ts";
import type { ClusterServices } from "./services.ts";

/** Permission to read is what cache maintenance by address needs (Arm ARM, D5.8.2). */
const MAINTAIN = accessOf(1, 1, ACCESS_MAINTENANCE);
const TLBI_OP = { all: TLBI_VMALLE1, va: TLBI_VAE1, asid: TLBI_ASIDE1, "va-any-asid": TLBI_VAAE1 } as const;

/** Of SVC, HVC, SMC and BRK. */
const immediateOf = (word: number): number => (word >>> 5) & 0xffff;

/** A value into 8 bytes of the state, without a bigint where it is none. */
function putU64({ u32, u64 }: CpuState, address: number, value: U64): void {
  if (typeof value === "bigint") {
    u64[address >> 3] = value;
    return;
  }
  u32[address >> 2] = value;
  u32[(address >> 2) + 1] = value / 0x1_0000_0000;
}

export class HostCalls {
  /** By number. Generated code calls each by itself: V8 then compiles the whole way of a frequent exit as one. */
  readonly functions: readonly HostFunction[];
  private readonly cluster: ClusterServices;
  private readonly i32: Int32Array;

  /** @param i32 the running vCPU's state */
  constructor(cluster: ClusterServices, i32: Int32Array) {
    this.cluster = cluster;
    this.i32 = i32;
    this.functions = this.table();
  }

  private table(): readonly HostFunction[] {
    const { cluster, i32 } = this;
    const at = DIVERTED >> 2;
    const functions: HostFunction[] = [];
    functions[host.HOST_UNDEFINED] = (given) => (cluster.undefinedInstruction(this.word(given)), i32[at]!);
    functions[host.HOST_SVC] = (given) => (cluster.exceptions.takeSvc(immediateOf(this.word(given))), i32[at]!);
    functions[host.HOST_HVC] = (given) => (this.hypercall(false, this.word(given)), i32[at]!);
    functions[host.HOST_SMC] = (given) => (this.hypercall(true, this.word(given)), i32[at]!);
    functions[host.HOST_BRK] = (given) => (cluster.exceptions.takeBrk(immediateOf(this.word(given))), i32[at]!);
    functions[host.HOST_ERET] = (given) => (this.exceptionReturn(given), i32[at]!);
    functions[host.HOST_MRS] = (given) => (this.readRegister(this.word(given)), i32[at]!);
    functions[host.HOST_MSR] = (given) => (this.writeRegister(this.word(given)), i32[at]!);
    functions[host.HOST_SYS] = (given) => (this.systemInstruction(this.word(given)), i32[at]!);
    functions[host.HOST_MSR_IMMEDIATE] = (given) => (this.writeImmediate(this.word(given)), i32[at]!);
    functions[host.HOST_WFI] = () => (this.wait(false), i32[at]!);
    functions[host.HOST_WFE] = () => (this.wait(true), i32[at]!);
    functions[host.HOST_YIELD] = () => (cluster.endSlice("yielded"), i32[at]!);
    functions[host.HOST_SEV] = () => (this.sendEvent(), i32[at]!);
    functions[host.HOST_SEVL] = () => (cluster.current!.sendEvent(), i32[at]!);
    functions[host.HOST_FP_TRAP] = () => (cluster.exceptions.takeFpTrap(), i32[at]!);
    functions[host.HOST_SP_MISALIGNED] = () => (cluster.endChunk(), i32[at]!);
    return functions;
  }

  /** The instruction in progress, where its record does not have it. */
  private word(given: number): number {
    return given === 0 ? this.cluster.engine.pages.wordAt(this.i32[IP >> 2]!) : given;
  }

  private exceptionReturn(given: number): void {
    const { cluster } = this;
    if (cluster.state.el === 0) {
      cluster.undefinedInstruction(this.word(given));
      return;
    }
    cluster.exceptions.exceptionReturn();
    cluster.current!.sendEvent(); // Arm ARM, D1.16.1
    cluster.interruptMaskChanged();
    cluster.debugChanged();
  }

  private writeImmediate(word: number): void {
    const { cluster } = this;
    const outcome = cluster.current!.sysregs.writeImmediate((word >>> 16) & 7, (word >>> 5) & 7, (word >>> 8) & 0xf, cluster.state.el);
    this.finish(outcome, word);
    cluster.debugChanged();
    cluster.stackChanged();
  }

  private sendEvent(): void {
    for (const vcpu of this.cluster.vcpus) vcpu.sendEvent();
  }

  /** True when the access happened; else the exception was taken. */
  private finish(outcome: Outcome, word: number): boolean {
    const { exceptions } = this.cluster;
    if (outcome === DONE) return true;
    if (outcome === TRAPPED) exceptions.takeSystemTrap(word);
    else if (outcome === FP_TRAPPED_ACCESS) exceptions.takeFpTrap();
    else this.cluster.undefinedInstruction(word);
    return false;
  }

  private hypercall(isSmc: boolean, word: number): void {
    const { cluster } = this;
    const { state } = cluster;
    if (state.el === 0 || isSmc !== (cluster.current!.conduit === "smc")) {
      cluster.undefinedInstruction(word);
      return;
    }
    const vcpu = cluster.current!;
    const generation = vcpu.generation;
    // Whoever answers looks at the registers, as they are before the result.
    const result = cluster.exit(HYPERCALL, state.u32[X0 >> 2]!, isSmc ? 1 : 0, immediateOf(word));
    if (vcpu.generation === generation && !vcpu.off) putU64(state, X0, result);
  }

  // ------------------------------------------------------------------------------------------------------ system registers

  private readRegister(word: number): void {
    const { cluster } = this;
    const { state } = cluster;
    const vcpu = cluster.current!;
    const encoding = (word >>> 5) & 0xffff;
    cluster.account(); // counters and timers tell the time
    const outcome = vcpu.sysregs.readInto(encoding, state.el, HOST_VALUE);
    if (outcome !== ELSEWHERE) {
      this.finish(outcome, word);
      return;
    }
    const value = cluster.exit(SYSREG_READ, encoding, 8, 0);
    if (value === UNDEFINED) cluster.undefinedInstruction(word);
    else putU64(state, HOST_VALUE, value);
  }

  private writeRegister(word: number): void {
    const { cluster } = this;
    const { state } = cluster;
    const vcpu = cluster.current!;
    const encoding = (word >>> 5) & 0xffff;
    if (SYSTEM_REGISTERS.writer(encoding) !== undefined) {
      cluster.account();
      this.finish(vcpu.sysregs.write(encoding, state.u64[HOST_VALUE >> 3]!, state.el), word);
      cluster.limitChunk(); // it may have armed a timer
      cluster.stackChanged(); // SPSel, SCTLR_EL1
      return;
    }
    // Not ours. EL0 may ask the machine only for what can be EL0's; and a register of ours that is read-only is no other's.
    const mayBeElsewhere = SYSTEM_REGISTERS.reader(encoding) === undefined && (state.el !== 0 || ((encoding >> 11) & 7) === 3);
    if (!mayBeElsewhere) {
      cluster.undefinedInstruction(word);
      return;
    }
    const low = state.u32[HOST_VALUE >> 2]!;
    const high = state.u32[(HOST_VALUE >> 2) + 1]!;
    const value = high === 0 ? low : high < 0x20_0000 ? high * 0x1_0000_0000 + low : fromBigint(state.u64[HOST_VALUE >> 3]!);
    if (cluster.exit(SYSREG_WRITE, encoding, 8, value) === UNDEFINED) cluster.undefinedInstruction(word);
  }

  // --------------------------------------------------------------------------------------------------- system instructions

  private systemInstruction(word: number): void {
    const { cluster } = this;
    const { state } = cluster;
    const instruction = systemInstruction((word >>> 5) & 0xffff);
    if (instruction === undefined) {
      this.elsewhere(word);
      return;
    }
    if (this.finish(systemInstructionAccess(instruction, state, state.el), word)) this.perform(instruction);
  }

  /** SYS encodings that a plugin may have claimed. */
  private elsewhere(word: number): void {
    const { cluster } = this;
    if (cluster.state.el === 0) {
      cluster.undefinedInstruction(word);
      return;
    }
    const value = fromBigint(cluster.state.u64[HOST_VALUE >> 3]!);
    if (cluster.exit(SYSREG_WRITE, (word >>> 5) & 0xffff, 8, value) === UNDEFINED) cluster.undefinedInstruction(word);
  }

  private perform(instruction: SystemInstruction): void {
    const { cluster } = this;
    const { mmu, state } = cluster;
    const lo = state.i32[HOST_VALUE >> 2]!;
    const hi = state.i32[(HOST_VALUE >> 2) + 1]!;
    switch (instruction.kind) {
      case "tlb":
        mmu.invalidate(TLBI_OP[instruction.scope], instruction.innerShareable, hi, lo);
        cluster.translationsChanged();
        return;
      case "translate": {
        const par = mmu.addressTranslate(instruction.el, instruction.isWrite, hi, lo);
        if (par === undefined) cluster.abort(mmu.found.fault, hi, lo, ACCESS_MAINTENANCE | ACCESS_WRITE);
        else state.setSysreg(PAR_EL1, par);
        return;
      }
      case "line": {
        // Nothing is cached apart from memory; the address has to be one, though. DC IVAC needs permission to write.
        const isInvalidate = instruction.operation === "invalidate";
        const fault = mmu.translateData(hi, lo, isInvalidate ? MAINTAIN | ACCESS_WRITE : MAINTAIN);
        if (fault !== NO_FAULT) cluster.abort(fault, hi, lo, MAINTAIN | ACCESS_WRITE);
        else if (isInvalidate && (mmu.flags & WATCHED) !== 0) cluster.watched(hi, lo, MAINTAIN | ACCESS_WRITE);
        return;
      }
      case "all-instructions":
      case "set-way":
        return;
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- waiting

  /** WFI and WFE: the instruction is complete, the vCPU goes on when something happens. */
  private wait(forEvent: boolean): void {
    const { cluster } = this;
    const { state } = cluster;
    const vcpu = cluster.current!;
    if (forEvent && vcpu.takeEvent()) return;
    if ((forEvent ? wfeTrapped : wfiTrapped)(state, state.el)) {
      cluster.exceptions.takeWaitTrap(forEvent);
      return;
    }
    if (forEvent) {
      if (cluster.monitorArmed) {
        // It waits for a store by another vCPU to what it holds exclusively. That vCPU has to run for it; the event is that
        // ours then loses the monitor (Arm ARM, B2.9 and D1.16.1).
        cluster.endSlice("yielded");
        return;
      }
    } else {
      cluster.exit(WFI, 0, 0, 0);
      if (vcpu.off) return;
    }
    vcpu.wait(forEvent);
    cluster.endSlice("waiting");
  }
}
