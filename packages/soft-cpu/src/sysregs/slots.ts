/**
 * Where each system register with storage lies: slot n is the 8 bytes at SYSREGS + 8 n (state/layout.ts), so that generated
 * code, the MMU and exceptions reach it by a constant address. Slots say nothing about access or meaning; rows do.
 * Kept elsewhere: timers (their lines change while another vCPU runs), PSTATE, FPCR, FPSR.
 */
import { SYSREGS } from "../state/layout.ts";

/** Reads as zero and is never written: what every RAZ register shares. */
export const RAZ = 0;

export const SCTLR_EL1 = 1;
export const CPACR_EL1 = 2;
export const TTBR0_EL1 = 3;
export const TTBR1_EL1 = 4;
export const TCR_EL1 = 5;
export const SPSR_EL1 = 6;
export const ELR_EL1 = 7;
/** The stack pointer that PSTATE.SP does not select; the selected one is SP in the register file and its slot is stale. */
export const SP_EL0 = 8;
/** See SP_EL0. At EL0 this one holds. */
export const SP_EL1 = 9;
export const ESR_EL1 = 10;
export const FAR_EL1 = 11;
export const PAR_EL1 = 12;
export const MAIR_EL1 = 13;
export const VBAR_EL1 = 14;
export const CONTEXTIDR_EL1 = 15;
export const TPIDR_EL1 = 16;
export const TPIDR_EL0 = 17;
export const TPIDRRO_EL0 = 18;
export const CNTKCTL_EL1 = 19;
export const CNTFRQ_EL0 = 20;
export const CSSELR_EL1 = 21;
export const RVBAR_EL1 = 22;

// Debug.
export const MDSCR_EL1 = 23;
export const MDCCINT_EL1 = 24;
export const OSECCR_EL1 = 25;
export const OSLSR_EL1 = 26;
export const OSDLR_EL1 = 27;
export const DBGPRCR_EL1 = 28;
/** The claim tags that DBGCLAIMSET_EL1 sets and DBGCLAIMCLR_EL1 clears. */
export const DBGCLAIM = 29;
/** DTRRX and DTRTX of the debug communications channel. */
export const DTRRX = 30;
export const DTRTX = 31;

// Banks: slot of n is the base plus n, as many as there are (cpu-identity.ts), for all slots change places with a vCPU.
export const DBGBVR = 32;
export const DBGBCR = 38;
export const DBGWVR = 44;
export const DBGWCR = 48;

// Constants of the vCPU: filled at reset, so that MRS is a load.
export const MIDR_EL1 = 52;
export const MPIDR_EL1 = 53;
export const REVIDR_EL1 = 54;
export const AIDR_EL1 = 55;
export const CLIDR_EL1 = 56;
export const CTR_EL0 = 57;
/** As EL1 reads it: DZP is clear. */
export const DCZID_EL0 = 58;
export const MDRAR_EL1 = 59;
export const DBGAUTHSTATUS_EL1 = 60;
export const ID_AA64PFR0_EL1 = 61;
export const ID_AA64DFR0_EL1 = 62;
export const ID_AA64ISAR0_EL1 = 63;
export const ID_AA64MMFR0_EL1 = 64;

/** First slot that no register has. */
export const SLOTS_END = 65;

/** Address of a slot in the WebAssembly memory. */
export function slotAddress(slot: number): number {
  return SYSREGS + 8 * slot;
}
