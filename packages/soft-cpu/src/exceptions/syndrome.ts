/**
 * ESR_EL1 for every exception that this PE can take to EL1 (DDI 0487, D13.2 "ESR_EL1", AArch64.ExceptionClass(), AArch64.FaultSyndrome()).
 * EC in bits 31:26, IL in bit 25, ISS in bits 24:0; all A64 instructions are 32 bits long, so IL is always 1. No stage 2, so Data
 * Aborts have no instruction syndrome (ISV 0). Pure functions, one per class; unsigned 32-bit results.
 */
import { FSC_DEBUG } from "../mmu/fault-status.ts";

const IL = 1 << 25;

// Exception classes.
const EC_UNKNOWN = 0x00;
const EC_WFX = 0x01;
const EC_FP_ACCESS = 0x07;
const EC_ILLEGAL_STATE = 0x0e;
const EC_SVC64 = 0x15;
const EC_HVC64 = 0x16;
const EC_SMC64 = 0x17;
const EC_SYSTEM_REGISTER = 0x18;
const EC_PC_ALIGNMENT = 0x22;
const EC_SP_ALIGNMENT = 0x26;
const EC_FP_EXCEPTION = 0x2c;
const EC_SERROR = 0x2f;
const EC_BRK64 = 0x3c;
// These are for an exception from EL0; from EL1 they are one more.
const EC_INSTRUCTION_ABORT = 0x20;
const EC_DATA_ABORT = 0x24;
const EC_BREAKPOINT = 0x30;
const EC_SOFTWARE_STEP = 0x32;
const EC_WATCHPOINT = 0x34;

/** CV 1, COND 0b1110: what ConditionSyndrome() gives for A64. */
const CONDITION = 0x1e << 20;
const FNV = 1 << 10;
const CM = 1 << 8;
const WNR = 1 << 6;
const STEP_ISV = 1 << 24;
const STEP_EX = 1 << 6;
const TFV = 1 << 23;
/** IDF, IXF, UFF, OFF, DZF, IOF: where FPSR has the cumulative bits. */
const TRAPPED_FLAGS = 0x9f;

function syndrome(ec: number, iss: number): number {
  return ((ec << 26) | IL | iss) >>> 0;
}

/** UNDEFINED instructions and whatever has no class of its own. */
export function unknownSyndrome(): number {
  return syndrome(EC_UNKNOWN, 0);
}

/** WFI or WFE, trapped by SCTLR_EL1.nTWI or nTWE. */
export function waitSyndrome(isWfe: boolean): number {
  return syndrome(EC_WFX, CONDITION | (isWfe ? 1 : 0));
}

/** FP or Advanced SIMD, trapped by CPACR_EL1.FPEN. */
export function fpAccessSyndrome(): number {
  return syndrome(EC_FP_ACCESS, CONDITION);
}

/** PSTATE.IL was set. */
export function illegalStateSyndrome(): number {
  return syndrome(EC_ILLEGAL_STATE, 0);
}

export function svcSyndrome(immediate: number): number {
  return syndrome(EC_SVC64, immediate & 0xffff);
}

export function hvcSyndrome(immediate: number): number {
  return syndrome(EC_HVC64, immediate & 0xffff);
}

export function smcSyndrome(immediate: number): number {
  return syndrome(EC_SMC64, immediate & 0xffff);
}

export function brkSyndrome(immediate: number): number {
  return syndrome(EC_BRK64, immediate & 0xffff);
}

/** MSR, MRS or a System instruction, trapped: Op0, Op2, Op1, CRn, Rt, CRm and direction, from the instruction itself. */
export function systemRegisterSyndrome(word: number): number {
  const op0 = (word >>> 19) & 3;
  const op1 = (word >>> 16) & 7;
  const crn = (word >>> 12) & 15;
  const crm = (word >>> 8) & 15;
  const op2 = (word >>> 5) & 7;
  const rt = word & 31;
  const direction = (word >>> 21) & 1;
  return syndrome(EC_SYSTEM_REGISTER, (op0 << 20) | (op2 << 17) | (op1 << 14) | (crn << 10) | (rt << 5) | (crm << 1) | direction);
}

/** @param el the level the exception is taken from, here and below */
export function instructionAbortSyndrome(el: number, faultStatus: number): number {
  return syndrome(EC_INSTRUCTION_ABORT + el, faultStatus);
}

/**
 * @param write a store, DC ZVA too
 * @param maintenance cache maintenance or AT, which are reported as writes; not DC ZVA
 * @param farNotValid FAR_EL1 does not hold the address: only an external abort that is not on a walk may say so
 */
export function dataAbortSyndrome(el: number, faultStatus: number, write: boolean, maintenance = false, farNotValid = false): number {
  const iss = faultStatus | (maintenance ? CM | WNR : write ? WNR : 0) | (farNotValid ? FNV : 0);
  return syndrome(EC_DATA_ABORT + el, iss);
}

export function pcAlignmentSyndrome(): number {
  return syndrome(EC_PC_ALIGNMENT, 0);
}

export function spAlignmentSyndrome(): number {
  return syndrome(EC_SP_ALIGNMENT, 0);
}

/** A trapped IEEE exception. @param flags as in FPSR; this PE traps none by itself (FPCR.IDE … IOE are RES0). */
export function fpExceptionSyndrome(flags: number): number {
  return syndrome(EC_FP_EXCEPTION, TFV | (flags & TRAPPED_FLAGS));
}

/** @param iss IMPLEMENTATION DEFINED when bit 24 (IDS) is set; 0 says nothing */
export function serrorSyndrome(iss = 0): number {
  return syndrome(EC_SERROR, iss & 0x1ff_ffff);
}

/** Of the breakpoint registers; BRK has its own. */
export function breakpointSyndrome(el: number): number {
  return syndrome(EC_BREAKPOINT + el, FSC_DEBUG);
}

/**
 * @param stepped ISV: an instruction was stepped, and `exclusive` tells whether it was a Load-Exclusive. False when the exception
 * follows something that was not stepped.
 */
export function softwareStepSyndrome(el: number, stepped: boolean, exclusive: boolean): number {
  return syndrome(EC_SOFTWARE_STEP + el, FSC_DEBUG | (stepped ? STEP_ISV | (exclusive ? STEP_EX : 0) : 0));
}

export function watchpointSyndrome(el: number, write: boolean, maintenance = false): number {
  return syndrome(EC_WATCHPOINT + el, FSC_DEBUG | (maintenance ? CM | WNR : write ? WNR : 0));
}
