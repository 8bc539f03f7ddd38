/**
 * What the vCPU says it is: the values of its identification registers (Arm ARM DDI 0487, D13.2, "ID_AA64PFR0_EL1" and so on).
 *
 * An Armv8.0 PE with EL1 and EL0 in AArch64, FP and Advanced SIMD, CRC32, and nothing more. Software finds features here and
 * nowhere else, so each field is a promise to the interpreter, the MMU and the debug logic.
 */
import * as slots from "./slots.ts";

/** DBGBVR<n>_EL1 and DBGBCR<n>_EL1; as many as Cortex-A57. */
export const BREAKPOINTS = 6;
/** The last so many breakpoints can match CONTEXTIDR_EL1. */
export const CONTEXT_BREAKPOINTS = 2;
/** DBGWVR<n>_EL1 and DBGWCR<n>_EL1. */
export const WATCHPOINTS = 4;
/** Physical addresses have this many bits: ID_AA64MMFR0_EL1.PARange 0b0010. */
export const PHYSICAL_ADDRESS_BITS = 40;
/** What DC ZVA clears: DCZID_EL0.BS 4, in words. */
export const ZERO_BLOCK_BYTES = 64;
/** CTR_EL0.DminLine and IminLine 4, in words. */
export const CACHE_LINE_BYTES = 64;

export interface CpuIdentity {
  /** Aff3[31:24] Aff2[23:16] Aff1[15:8] Aff0[7:0], as core's topology packs it. */
  readonly affinity: number;
  /** The machine has one vCPU. */
  readonly uniprocessor: boolean;
  /** The machine's interrupt controller answers ICC_*: ID_AA64PFR0_EL1.GIC. */
  readonly gicSystemRegisters: boolean;
  /** Where it starts after a reset: RVBAR_EL1. Default 0. */
  readonly resetVector?: bigint;
  /** CTR_EL0.IDC and DIC: tells the guest that new code needs no cache maintenance. Default false. */
  readonly coherentInstructions?: boolean;
  /** MIDR_EL1, to pass for another PE. Default {@link DEFAULT_MIDR}. */
  readonly midr?: number;
}

/**
 * Implementer 0, "reserved for software use"; architecture 0xF, "see the ID registers"; part 0x54C, which is nobody's.
 * Not Cortex-A57's number: kernels recognise errata by it and would work around faults that this PE does not have.
 */
export const DEFAULT_MIDR = 0x000f_54c0;

// MPIDR_EL1.
const MPIDR_RES1 = 1n << 31n;
const MPIDR_U = 1n << 30n;

// CTR_EL0: RES1, CWG and ERG 64 bytes, DminLine 64 bytes, L1Ip PIPT, IminLine 64 bytes.
const CTR = 0x8444_c004n;
const CTR_IDC_DIC = 3n << 28n;

/** LoUU, LoC and LoUIS 1; one level, instruction and data caches apart. */
const CLIDR = 0x0920_0003n;

/** CCSIDR_EL1: line 64 bytes, 4 ways, 128 sets: 32 KiB. The data cache is write-back and allocates on writes. */
export const CCSIDR_L1_DATA = 0x700f_e01an;
export const CCSIDR_L1_INSTRUCTION = 0x200f_e01an;

/** BS 4; DZP is added for EL0 where SCTLR_EL1.DZE forbids. */
const DCZID = 4n;

/** NSNID and NSID 0b10: implemented and disabled. No debugger is attached to the pins that would enable it. */
const DBGAUTHSTATUS = 0xan;

/**
 * EL0 and EL1 AArch64 only; EL2, EL3 absent; FP, AdvSIMD 0: present, without half-precision arithmetic. CSV2 and CSV3: the PE
 * itself predicts no branch and speculates past no fault; without them kernels unmap themselves from user space at a
 * cost and to no effect, as translations are checked in software either way.
 */
const ID_AA64PFR0 = (1n << 60n) | (1n << 56n) | 0x11n;
const PFR0_GIC = 1n << 24n;

/** DebugVer 6: Armv8.0 debug. No trace unit, no performance monitors. */
const ID_AA64DFR0 = BigInt(((CONTEXT_BREAKPOINTS - 1) << 28) | ((WATCHPOINTS - 1) << 20) | ((BREAKPOINTS - 1) << 12) | 6);

/** CRC32. No cryptographic instructions, no LSE atomics. */
const ID_AA64ISAR0 = 1n << 16n;

/** TGran4 0: 4 KiB granule; TGran64 0xF and TGran16 0: those are absent. One endianness. ASIDBits 2: 16 bits. PARange 2. */
const ID_AA64MMFR0 = 0x0f00_0022n;

/** Values by slot; what is not named here is plain storage, or zero. */
export function identityValues(identity: CpuIdentity): ReadonlyMap<number, bigint> {
  const { affinity, uniprocessor, gicSystemRegisters, resetVector = 0n, coherentInstructions = false, midr = DEFAULT_MIDR } = identity;
  const aff3 = BigInt(affinity >>> 24) << 32n;
  return new Map<number, bigint>([
    [slots.MIDR_EL1, BigInt(midr >>> 0)],
    [slots.MPIDR_EL1, aff3 | MPIDR_RES1 | (uniprocessor ? MPIDR_U : 0n) | BigInt(affinity & 0xff_ffff)],
    [slots.REVIDR_EL1, 0n],
    [slots.AIDR_EL1, 0n],
    [slots.CLIDR_EL1, CLIDR],
    [slots.CTR_EL0, coherentInstructions ? CTR | CTR_IDC_DIC : CTR],
    [slots.DCZID_EL0, DCZID],
    [slots.MDRAR_EL1, 0n],
    [slots.DBGAUTHSTATUS_EL1, DBGAUTHSTATUS],
    [slots.RVBAR_EL1, resetVector],
    [slots.ID_AA64PFR0_EL1, gicSystemRegisters ? ID_AA64PFR0 | PFR0_GIC : ID_AA64PFR0],
    [slots.ID_AA64DFR0_EL1, ID_AA64DFR0],
    [slots.ID_AA64ISAR0_EL1, ID_AA64ISAR0],
    [slots.ID_AA64MMFR0_EL1, ID_AA64MMFR0],
  ]);
}
