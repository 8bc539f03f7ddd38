/**
 * The system registers of the vCPU, in order of encoding: op0 = 0b10, then 0b11 (Arm ARM DDI 0487, D12.2 and D12.3, tables of
 * encodings; each register's page in D13). Armv8.0 with EL1 and EL0 only.
 *
 * Absent and therefore UNDEFINED, besides all of later versions: EL2's and EL3's registers, AArch32's (SPSR_abt, DACR32_EL2),
 * performance monitors (ID_AA64DFR0_EL1.PMUVer 0), trace, DSPSR_EL0 and DLR_EL0 outside Debug state, RMR_EL1 and
 * IMPLEMENTATION DEFINED encodings. ICC_* belong to the interrupt controller.
 *
 * Where nothing but storage would be left of a register but for RES0 bits, those keep what is written (the glossary allows
 * either), because MSR then is a store: SPSR_EL1, ESR_EL1, CONTEXTIDR_EL1.
 */
import { sysregEncoding as sys } from "@trapline/core";
import { FPCR, FPSR, PENDING_LINES } from "../state/layout.ts";
import { BREAKPOINTS, CCSIDR_L1_DATA, CCSIDR_L1_INSTRUCTION, WATCHPOINTS } from "./cpu-identity.ts";
import { peekDouble, receiveDouble, receiveWord, RX_FULL, sendDouble, sendWord, TX_FULL } from "./debug-channel.ts";
import {
  mayMaskInterrupts, mayReadCacheType, mayReadFrequency, mayUseDebugChannel, mayUsePhysicalCounter, mayUsePhysicalTimer,
  mayUseVirtualCounter, mayUseVirtualTimer, mayZeroBlocks,
} from "./el0-gates.ts";
import { FPCR_BITS, FPSR_BITS, selectStackPointer, setDaif, setStackPointer, stackPointer } from "./pstate-fields.ts";
import { type SystemRegisterContext, type SystemRegisterRow, SystemRegisterTable } from "./row.ts";
import * as slots from "./slots.ts";

const U32 = 0xffff_ffffn;

const low32 = (value: bigint): number => Number(BigInt.asUintN(32, value));

/** OSLSR_EL1: OSLM 0b10, the lock is implemented; OSLK. */
const OSLM = 0x8n;
const OSLK = 0x2n;
const osLocked = ({ state }: SystemRegisterContext): boolean => (state.sysreg(slots.OSLSR_EL1) & OSLK) !== 0n;

/** MDSCR_EL1: MDE, KDE, TDCC, SS. */
const MDSCR_BITS = 0xb001n;
/** What the OS lock's owner may restore besides: RXfull, TXfull, RXO, TXU, INTdis, TDA, HDE, ERR. */
const MDSCR_LOCKED_BITS = 0x6ce0_4040n;

const translationChanged = ({ hooks }: SystemRegisterContext, name: string): void => hooks.translationChanged(name);
const debugChanged = ({ hooks }: SystemRegisterContext): void => hooks.debugChanged();

/** The claim tags DBGCLAIMSET_EL1 and DBGCLAIMCLR_EL1 are about. */
const CLAIM_TAGS = 0xffn;

/** MRS and MSR of the debug channel's OS save and restore registers see the words and leave the flags alone. */
const channelWord = { access: "RW", writable: U32 } as const;

/** A CRm row of the ID space: registers that say nothing here, and reserved ones; all read as zero. */
function idSpace(crm: number, names: readonly (string | null)[]): readonly SystemRegisterRow[] {
  return names.flatMap((name, op2): readonly SystemRegisterRow[] => {
    const row = { encoding: sys(3, 0, 0, crm, op2), access: "RO", slot: slots.RAZ } as const;
    if (name === "") return [];
    return name === null ? [{ ...row, name: `S3_0_C0_C${crm}_${op2}`, reserved: true }] : [{ ...row, name }];
  });
}

/** A place that a row of its own fills. */
const OWN = "";

export const SYSTEM_REGISTERS: SystemRegisterTable = new SystemRegisterTable([
  // ------------------------------------------------------------------------------------------------ op0 0b10: debug registers
  { name: "OSDTRRX_EL1", encoding: sys(2, 0, 0, 0, 2), ...channelWord, slot: slots.DTRRX },
  { name: "DBGBVR<n>_EL1", encoding: sys(2, 0, 0, 0, 4), access: "RW", count: BREAKPOINTS, slot: slots.DBGBVR, changed: debugChanged },
  {
    name: "DBGBCR<n>_EL1",
    encoding: sys(2, 0, 0, 0, 5),
    access: "RW",
    count: BREAKPOINTS,
    slot: slots.DBGBCR,
    writable: 0x00ff_e1e7n, // BT, LBN, SSC, HMC, BAS, PMC, E
    changed: debugChanged,
  },
  {
    name: "DBGWVR<n>_EL1",
    encoding: sys(2, 0, 0, 0, 6),
    access: "RW",
    count: WATCHPOINTS,
    slot: slots.DBGWVR,
    writable: ~3n,
    changed: debugChanged,
  },
  {
    name: "DBGWCR<n>_EL1",
    encoding: sys(2, 0, 0, 0, 7),
    access: "RW",
    count: WATCHPOINTS,
    slot: slots.DBGWCR,
    writable: 0x1f1f_ffffn, // MASK, WT, LBN, SSC, HMC, BAS, LSC, PAC, E
    changed: debugChanged,
  },
  { name: "MDCCINT_EL1", encoding: sys(2, 0, 0, 2, 0), access: "RW", slot: slots.MDCCINT_EL1, writable: 0x6000_0000n },
  {
    name: "MDSCR_EL1",
    encoding: sys(2, 0, 0, 2, 2),
    access: "RW",
    slot: slots.MDSCR_EL1,
    writable: MDSCR_BITS | MDSCR_LOCKED_BITS,
    write: (cpu, value) => {
      const taken = osLocked(cpu) ? MDSCR_BITS | MDSCR_LOCKED_BITS : MDSCR_BITS;
      const { state } = cpu;
      state.setSysreg(slots.MDSCR_EL1, (state.sysreg(slots.MDSCR_EL1) & ~taken) | (value & taken));
      cpu.hooks.debugChanged();
    },
  },
  { name: "OSDTRTX_EL1", encoding: sys(2, 0, 0, 3, 2), ...channelWord, slot: slots.DTRTX },
  {
    name: "OSECCR_EL1",
    encoding: sys(2, 0, 0, 6, 2),
    access: "RW",
    slot: slots.OSECCR_EL1,
    writable: U32,
    // Open, it has no meaning: reads are UNKNOWN and writes ignored.
    read: (cpu) => (osLocked(cpu) ? cpu.state.sysreg(slots.OSECCR_EL1) : 0),
    write: (cpu, value) => {
      if (osLocked(cpu)) cpu.state.setSysreg(slots.OSECCR_EL1, value & U32);
    },
  },
  { name: "MDRAR_EL1", encoding: sys(2, 0, 1, 0, 0), access: "RO", slot: slots.MDRAR_EL1, identity: true },
  {
    name: "OSLAR_EL1",
    encoding: sys(2, 0, 1, 0, 4),
    access: "WO",
    write: ({ state, hooks }, value) => {
      state.setSysreg(slots.OSLSR_EL1, OSLM | ((value & 1n) === 0n ? 0n : OSLK));
      hooks.debugChanged();
    },
  },
  { name: "OSLSR_EL1", encoding: sys(2, 0, 1, 1, 4), access: "RO", slot: slots.OSLSR_EL1, reset: OSLM | OSLK, writable: OSLK, res1: OSLM },
  { name: "OSDLR_EL1", encoding: sys(2, 0, 1, 3, 4), access: "RW", slot: slots.OSDLR_EL1, writable: 1n, changed: debugChanged },
  { name: "DBGPRCR_EL1", encoding: sys(2, 0, 1, 4, 4), access: "RW", slot: slots.DBGPRCR_EL1, writable: 1n, changed: debugChanged },
  {
    name: "DBGCLAIMSET_EL1",
    encoding: sys(2, 0, 7, 8, 6),
    access: "RW",
    read: () => Number(CLAIM_TAGS),
    write: ({ state }, value) => state.setSysreg(slots.DBGCLAIM, state.sysreg(slots.DBGCLAIM) | (value & CLAIM_TAGS)),
  },
  {
    name: "DBGCLAIMCLR_EL1",
    encoding: sys(2, 0, 7, 9, 6),
    access: "RW",
    slot: slots.DBGCLAIM,
    writable: CLAIM_TAGS,
    write: ({ state }, value) => state.setSysreg(slots.DBGCLAIM, state.sysreg(slots.DBGCLAIM) & ~value),
  },
  { name: "DBGAUTHSTATUS_EL1", encoding: sys(2, 0, 7, 14, 6), access: "RO", slot: slots.DBGAUTHSTATUS_EL1, identity: true },
  {
    name: "MDCCSR_EL0",
    encoding: sys(2, 3, 0, 1, 0),
    access: "RO",
    el0: "RO",
    gate: mayUseDebugChannel,
    read: ({ state }) => state.sysreg(slots.MDSCR_EL1) & (RX_FULL | TX_FULL),
  },
  {
    name: "DBGDTR_EL0",
    encoding: sys(2, 3, 0, 4, 0),
    access: "RW",
    el0: "RW",
    gate: mayUseDebugChannel,
    read: ({ state }) => receiveDouble(state),
    peek: ({ state }) => peekDouble(state),
    write: ({ state }, value) => sendDouble(state, value),
  },
  {
    name: "DBGDTRRX_EL0",
    encoding: sys(2, 3, 0, 5, 0),
    access: "RO",
    el0: "RO",
    gate: mayUseDebugChannel,
    read: ({ state }) => receiveWord(state),
    peek: ({ state }) => state.sysreg(slots.DTRRX),
  },
  {
    name: "DBGDTRTX_EL0",
    encoding: sys(2, 3, 0, 5, 0),
    access: "WO",
    el0: "WO",
    gate: mayUseDebugChannel,
    write: ({ state }, value) => sendWord(state, value),
  },

  // ------------------------------------------------------------------------------------------- op0 0b11, op1 0: identification
  { name: "MIDR_EL1", encoding: sys(3, 0, 0, 0, 0), access: "RO", slot: slots.MIDR_EL1, identity: true },
  { name: "MPIDR_EL1", encoding: sys(3, 0, 0, 0, 5), access: "RO", slot: slots.MPIDR_EL1, identity: true },
  { name: "REVIDR_EL1", encoding: sys(3, 0, 0, 0, 6), access: "RO", slot: slots.REVIDR_EL1, identity: true },
  ...idSpace(1, [
    "ID_PFR0_EL1", "ID_PFR1_EL1", "ID_DFR0_EL1", "ID_AFR0_EL1", "ID_MMFR0_EL1", "ID_MMFR1_EL1", "ID_MMFR2_EL1", "ID_MMFR3_EL1",
  ]),
  ...idSpace(2, [
    "ID_ISAR0_EL1", "ID_ISAR1_EL1", "ID_ISAR2_EL1", "ID_ISAR3_EL1", "ID_ISAR4_EL1", "ID_ISAR5_EL1", "ID_MMFR4_EL1", "ID_ISAR6_EL1",
  ]),
  ...idSpace(3, ["MVFR0_EL1", "MVFR1_EL1", "MVFR2_EL1", null, "ID_PFR2_EL1", "ID_DFR1_EL1", "ID_MMFR5_EL1", null]),
  { name: "ID_AA64PFR0_EL1", encoding: sys(3, 0, 0, 4, 0), access: "RO", slot: slots.ID_AA64PFR0_EL1, identity: true },
  ...idSpace(4, [OWN, "ID_AA64PFR1_EL1", "ID_AA64PFR2_EL1", null, "ID_AA64ZFR0_EL1", "ID_AA64SMFR0_EL1", null, "ID_AA64FPFR0_EL1"]),
  { name: "ID_AA64DFR0_EL1", encoding: sys(3, 0, 0, 5, 0), access: "RO", slot: slots.ID_AA64DFR0_EL1, identity: true },
  ...idSpace(5, [OWN, "ID_AA64DFR1_EL1", "ID_AA64DFR2_EL1", null, "ID_AA64AFR0_EL1", "ID_AA64AFR1_EL1", null, null]),
  { name: "ID_AA64ISAR0_EL1", encoding: sys(3, 0, 0, 6, 0), access: "RO", slot: slots.ID_AA64ISAR0_EL1, identity: true },
  ...idSpace(6, [OWN, "ID_AA64ISAR1_EL1", "ID_AA64ISAR2_EL1", "ID_AA64ISAR3_EL1", null, null, null, null]),
  { name: "ID_AA64MMFR0_EL1", encoding: sys(3, 0, 0, 7, 0), access: "RO", slot: slots.ID_AA64MMFR0_EL1, identity: true },
  ...idSpace(7, [OWN, "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1", "ID_AA64MMFR3_EL1", "ID_AA64MMFR4_EL1", null, null, null]),

  // ------------------------------------------------------------------------------------------------- op1 0: control and faults
  {
    name: "SCTLR_EL1",
    encoding: sys(3, 0, 1, 0, 0),
    access: "RW",
    slot: slots.SCTLR_EL1,
    // M, A, C, SA, SA0, UMA, I, DZE, UCT, nTWI, nTWE, WXN, UCI. No AArch32 (ITD, SED are RES1), one endianness (EE, E0E).
    writable: 0x040d_d21fn,
    res1: 0x30d0_0980n,
    // As Cortex-A57: SA and SA0 set, EL0 may wait.
    reset: 0x30d5_0998n,
    changed: translationChanged,
  },
  { name: "ACTLR_EL1", encoding: sys(3, 0, 1, 0, 1), access: "RW", slot: slots.RAZ, writable: 0n },
  {
    name: "CPACR_EL1",
    encoding: sys(3, 0, 1, 0, 2),
    access: "RW",
    slot: slots.CPACR_EL1,
    writable: 0x0030_0000n, // FPEN; no trace for TTA to trap
    changed: ({ hooks }) => hooks.fpTrapChanged(),
  },
  { name: "TTBR0_EL1", encoding: sys(3, 0, 2, 0, 0), access: "RW", slot: slots.TTBR0_EL1, writable: ~1n, changed: translationChanged },
  { name: "TTBR1_EL1", encoding: sys(3, 0, 2, 0, 1), access: "RW", slot: slots.TTBR1_EL1, writable: ~1n, changed: translationChanged },
  {
    name: "TCR_EL1",
    encoding: sys(3, 0, 2, 0, 2),
    access: "RW",
    slot: slots.TCR_EL1,
    writable: 0x77_ffff_ffbfn, // TBI1, TBI0, AS, IPS; TG, SH, ORGN, IRGN, EPD, T1SZ and T0SZ, A1
    changed: translationChanged,
  },
  { name: "SPSR_EL1", encoding: sys(3, 0, 4, 0, 0), access: "RW", slot: slots.SPSR_EL1 },
  { name: "ELR_EL1", encoding: sys(3, 0, 4, 0, 1), access: "RW", slot: slots.ELR_EL1 },
  {
    name: "SP_EL0",
    encoding: sys(3, 0, 4, 1, 0),
    access: "RW",
    defined: (state) => state.spSelect === 1, // selected, it is SP, and this name for it UNDEFINED
    read: ({ state }) => stackPointer(state, 0),
    write: ({ state }, value) => setStackPointer(state, 0, value),
  },
  {
    name: "SPSel",
    encoding: sys(3, 0, 4, 2, 0),
    access: "RW",
    read: ({ state }) => state.spSelect,
    write: ({ state }, value) => selectStackPointer(state, Number(value & 1n)),
  },
  { name: "CurrentEL", encoding: sys(3, 0, 4, 2, 2), access: "RO", read: ({ state }) => state.el << 2 },
  { name: "AFSR0_EL1", encoding: sys(3, 0, 5, 1, 0), access: "RW", slot: slots.RAZ, writable: 0n },
  { name: "AFSR1_EL1", encoding: sys(3, 0, 5, 1, 1), access: "RW", slot: slots.RAZ, writable: 0n },
  { name: "ESR_EL1", encoding: sys(3, 0, 5, 2, 0), access: "RW", slot: slots.ESR_EL1 },
  { name: "FAR_EL1", encoding: sys(3, 0, 6, 0, 0), access: "RW", slot: slots.FAR_EL1 },
  { name: "PAR_EL1", encoding: sys(3, 0, 7, 4, 0), access: "RW", slot: slots.PAR_EL1 },
  { name: "MAIR_EL1", encoding: sys(3, 0, 10, 2, 0), access: "RW", slot: slots.MAIR_EL1, changed: translationChanged },
  { name: "AMAIR_EL1", encoding: sys(3, 0, 10, 3, 0), access: "RW", slot: slots.RAZ, writable: 0n },
  { name: "VBAR_EL1", encoding: sys(3, 0, 12, 0, 0), access: "RW", slot: slots.VBAR_EL1, writable: ~0x7ffn },
  { name: "RVBAR_EL1", encoding: sys(3, 0, 12, 0, 1), access: "RO", slot: slots.RVBAR_EL1, identity: true },
  { name: "ISR_EL1", encoding: sys(3, 0, 12, 1, 0), access: "RO", read: ({ state }) => state.i32[PENDING_LINES >> 2]! & 0x1c0 },
  { name: "CONTEXTIDR_EL1", encoding: sys(3, 0, 13, 0, 1), access: "RW", slot: slots.CONTEXTIDR_EL1 },
  { name: "TPIDR_EL1", encoding: sys(3, 0, 13, 0, 4), access: "RW", slot: slots.TPIDR_EL1 },
  {
    name: "CNTKCTL_EL1",
    encoding: sys(3, 0, 14, 1, 0),
    access: "RW",
    slot: slots.CNTKCTL_EL1,
    writable: 0x3ffn,
    changed: ({ state, timer }) => timer.eventStream.configure(state.sysregLow(slots.CNTKCTL_EL1)),
  },

  // ---------------------------------------------------------------------------------------------------------- op1 1, 2: caches
  {
    name: "CCSIDR_EL1",
    encoding: sys(3, 1, 0, 0, 0),
    access: "RO",
    // Of the cache that CSSELR_EL1 names; there is level 1 only, and UNKNOWN is zero.
    read: ({ state }) => [CCSIDR_L1_DATA, CCSIDR_L1_INSTRUCTION][state.sysregLow(slots.CSSELR_EL1)] ?? 0,
  },
  { name: "CLIDR_EL1", encoding: sys(3, 1, 0, 0, 1), access: "RO", slot: slots.CLIDR_EL1, identity: true },
  { name: "AIDR_EL1", encoding: sys(3, 1, 0, 0, 7), access: "RO", slot: slots.AIDR_EL1, identity: true },
  { name: "CSSELR_EL1", encoding: sys(3, 2, 0, 0, 0), access: "RW", slot: slots.CSSELR_EL1, writable: 0xfn },

  // ---------------------------------------------------------------------------------------------------------- op1 3: also at EL0
  { name: "CTR_EL0", encoding: sys(3, 3, 0, 0, 1), access: "RO", el0: "RO", gate: mayReadCacheType, slot: slots.CTR_EL0, identity: true },
  {
    name: "DCZID_EL0",
    encoding: sys(3, 3, 0, 0, 7),
    access: "RO",
    el0: "RO",
    slot: slots.DCZID_EL0,
    identity: true,
    // DZP tells the level that reads it whether it may.
    readAtEl0: ({ state }) => state.sysregLow(slots.DCZID_EL0) | (mayZeroBlocks(state) ? 0 : 0x10),
  },
  {
    name: "NZCV",
    encoding: sys(3, 3, 4, 2, 0),
    access: "RW",
    el0: "RW",
    read: ({ state }) => state.nzcv,
    write: ({ state }, value) => void (state.nzcv = low32(value) | 0),
  },
  {
    name: "DAIF",
    encoding: sys(3, 3, 4, 2, 1),
    access: "RW",
    el0: "RW",
    gate: mayMaskInterrupts,
    read: ({ state }) => state.daif,
    write: ({ state, hooks }, value) => {
      setDaif(state, low32(value));
      hooks.interruptMaskChanged();
      hooks.debugChanged(); // PSTATE.D
    },
  },
  {
    name: "FPCR",
    encoding: sys(3, 3, 4, 4, 0),
    access: "RW",
    el0: "RW",
    fp: true,
    read: ({ state }) => state.i32[FPCR >> 2]!,
    write: ({ state, hooks }, value) => {
      state.i32[FPCR >> 2] = low32(value) & FPCR_BITS;
      hooks.fpControlChanged();
    },
  },
  {
    name: "FPSR",
    encoding: sys(3, 3, 4, 4, 1),
    access: "RW",
    el0: "RW",
    fp: true,
    read: ({ state }) => state.i32[FPSR >> 2]!,
    write: ({ state }, value) => void (state.i32[FPSR >> 2] = low32(value) & FPSR_BITS),
  },
  { name: "TPIDR_EL0", encoding: sys(3, 3, 13, 0, 2), access: "RW", el0: "RW", slot: slots.TPIDR_EL0 },
  { name: "TPIDRRO_EL0", encoding: sys(3, 3, 13, 0, 3), access: "RW", el0: "RO", slot: slots.TPIDRRO_EL0 },
  {
    name: "CNTFRQ_EL0",
    encoding: sys(3, 3, 14, 0, 0),
    access: "RW", // EL1 is the highest level; a write tells software another rate and changes none
    el0: "RO",
    gate: mayReadFrequency,
    slot: slots.CNTFRQ_EL0,
    writable: U32,
  },
  {
    name: "CNTPCT_EL0",
    encoding: sys(3, 3, 14, 0, 1),
    access: "RO",
    el0: "RO",
    gate: mayUsePhysicalCounter,
    read: ({ timer }) => timer.count(),
    peek: ({ timer }) => timer.peekCount(),
  },
  {
    name: "CNTVCT_EL0",
    encoding: sys(3, 3, 14, 0, 2),
    access: "RO",
    el0: "RO",
    gate: mayUseVirtualCounter,
    read: ({ timer }) => timer.count(),
    peek: ({ timer }) => timer.peekCount(),
  },
  {
    name: "CNTP_TVAL_EL0",
    encoding: sys(3, 3, 14, 2, 0),
    access: "RW",
    el0: "RW",
    gate: mayUsePhysicalTimer,
    read: ({ timer }) => timer.physical.readTval(),
    peek: ({ timer }) => timer.physical.peekTval(),
    write: ({ timer }, value) => timer.physical.writeTval(low32(value)),
  },
  {
    name: "CNTP_CTL_EL0",
    encoding: sys(3, 3, 14, 2, 1),
    access: "RW",
    el0: "RW",
    gate: mayUsePhysicalTimer,
    read: ({ timer }) => timer.physical.readCtl(),
    peek: ({ timer }) => timer.physical.peekCtl(),
    write: ({ timer }, value) => timer.physical.writeCtl(low32(value)),
  },
  {
    name: "CNTP_CVAL_EL0",
    encoding: sys(3, 3, 14, 2, 2),
    access: "RW",
    el0: "RW",
    gate: mayUsePhysicalTimer,
    read: ({ timer }) => timer.physical.readCval(),
    write: ({ timer }, value) => timer.physical.writeCval(value),
  },
  {
    name: "CNTV_TVAL_EL0",
    encoding: sys(3, 3, 14, 3, 0),
    access: "RW",
    el0: "RW",
    gate: mayUseVirtualTimer,
    read: ({ timer }) => timer.virtual.readTval(),
    peek: ({ timer }) => timer.virtual.peekTval(),
    write: ({ timer }, value) => timer.virtual.writeTval(low32(value)),
  },
  {
    name: "CNTV_CTL_EL0",
    encoding: sys(3, 3, 14, 3, 1),
    access: "RW",
    el0: "RW",
    gate: mayUseVirtualTimer,
    read: ({ timer }) => timer.virtual.readCtl(),
    peek: ({ timer }) => timer.virtual.peekCtl(),
    write: ({ timer }, value) => timer.virtual.writeCtl(low32(value)),
  },
  {
    name: "CNTV_CVAL_EL0",
    encoding: sys(3, 3, 14, 3, 2),
    access: "RW",
    el0: "RW",
    gate: mayUseVirtualTimer,
    read: ({ timer }) => timer.virtual.readCval(),
    write: ({ timer }, value) => timer.virtual.writeCval(value),
  },
]);
