/**
 * The controls by which EL1 lets EL0 use a register or a system instruction. What they forbid is trapped to EL1 (EC 0x18; WFI and
 * WFE: EC 0x01); what EL0 can never use is UNDEFINED and needs no control (Arm ARM DDI 0487, D1.13 "Configurable instruction
 * enables and disables, and trap controls", and the pseudocode of each register's page).
 */
import type { CpuState } from "../state/cpu-state.ts";
import { CNTKCTL_EL1, CPACR_EL1, MDSCR_EL1, SCTLR_EL1 } from "./slots.ts";

// SCTLR_EL1.
const UMA = 1 << 9;
const DZE = 1 << 14;
const UCT = 1 << 15;
const NTWI = 1 << 16;
const NTWE = 1 << 18;
const UCI = 1 << 26;
// CNTKCTL_EL1.
const EL0PCTEN = 1 << 0;
const EL0VCTEN = 1 << 1;
const EL0VTEN = 1 << 8;
const EL0PTEN = 1 << 9;
// MDSCR_EL1.
const TDCC = 1 << 12;
// CPACR_EL1.
const FPEN_SHIFT = 20;

export type El0Gate = (state: CpuState) => boolean;

const set =
  (slot: number, bits: number): El0Gate =>
  (state) =>
    (state.sysregLow(slot) & bits) !== 0;

/** DAIF, DAIFSet, DAIFClr. */
export const mayMaskInterrupts: El0Gate = set(SCTLR_EL1, UMA);
/** CTR_EL0. */
export const mayReadCacheType: El0Gate = set(SCTLR_EL1, UCT);
/** DC ZVA. */
export const mayZeroBlocks: El0Gate = set(SCTLR_EL1, DZE);
/** DC CVAC, CVAU, CIVAC; IC IVAU. */
export const mayMaintainCaches: El0Gate = set(SCTLR_EL1, UCI);
export const mayUsePhysicalCounter: El0Gate = set(CNTKCTL_EL1, EL0PCTEN);
export const mayUseVirtualCounter: El0Gate = set(CNTKCTL_EL1, EL0VCTEN);
/** CNTFRQ_EL0: either counter will do. */
export const mayReadFrequency: El0Gate = set(CNTKCTL_EL1, EL0PCTEN | EL0VCTEN);
export const mayUsePhysicalTimer: El0Gate = set(CNTKCTL_EL1, EL0PTEN);
export const mayUseVirtualTimer: El0Gate = set(CNTKCTL_EL1, EL0VTEN);
/** The debug communications channel: a trap bit, not an enable. */
export const mayUseDebugChannel: El0Gate = (state) => (state.sysregLow(MDSCR_EL1) & TDCC) === 0;

/** Is WFI trapped (EC 0x01, TI 0)? Only one that would wait is. */
export function wfiTrapped(state: CpuState, el: number): boolean {
  return el === 0 && (state.sysregLow(SCTLR_EL1) & NTWI) === 0;
}

/** Is WFE trapped (EC 0x01, TI 1)? Only one that would wait is. */
export function wfeTrapped(state: CpuState, el: number): boolean {
  return el === 0 && (state.sysregLow(SCTLR_EL1) & NTWE) === 0;
}

/** CPACR_EL1.FPEN: 0b01 traps EL0 only, 0b11 nobody, the rest both (CheckFPAdvSIMDEnabled64). */
export function fpTrapped(state: CpuState, el: number): boolean {
  const fpen = (state.sysregLow(CPACR_EL1) >> FPEN_SHIFT) & 3;
  return fpen === 1 ? el === 0 : fpen !== 3;
}
