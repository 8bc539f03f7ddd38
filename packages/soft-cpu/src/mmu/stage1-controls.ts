/**
 * What SCTLR_EL1, TCR_EL1, TTBR<n>_EL1 and MAIR_EL1 say about stage 1 of the EL1&0 regime, worked out once per change so that a
 * walk only looks up (DDI 0487, the first half of AArch64.TranslationTableWalk()). Armv8.0 with the 4 KiB granule, 40 bits of
 * physical address, 16-bit ASIDs, little-endian tables; no hardware update of flags, no PAN, no hierarchical-permission disable.
 *
 * IMPLEMENTATION DEFINED and CONSTRAINED UNPREDICTABLE choices:
 * - TG0 and TG1: an unimplemented or reserved granule is treated as 4 KiB, the only one, for all purposes but reading back;
 * - T0SZ and T1SZ outside 16 … 39: every address of that half takes a translation fault at level 0 (Constraint_FAULT);
 * - IPS reserved or above 40 bits: 40 bits;
 * - bits of TTBR<n>_EL1 below the alignment of the first table are taken as zero.
 */

/** ID_AA64MMFR0_EL1.PARange = 0b0010. */
export const PA_BITS = 40;
const GRANULE_BITS = 12;
const STRIDE = 9;
const MIN_TXSZ = 16;
const MAX_TXSZ = 39;
const TWO_32 = 0x1_0000_0000;

export const SCTLR_M = 0x1;
export const SCTLR_A = 0x2;
const SCTLR_WXN = 1 << 19;

const TCR_EPD0 = 1 << 7;
const TCR_A1 = 1 << 22;
const TCR_EPD1 = 1 << 23;
// Bits of the high word.
const TCR_IPS = 7;
const TCR_AS = 1 << (36 - 32);
const TCR_TBI0 = 1 << (37 - 32);
const TCR_TBI1 = 1 << (38 - 32);

const OUTPUT_BITS: readonly number[] = [32, 36, PA_BITS, PA_BITS, PA_BITS, PA_BITS, PA_BITS, PA_BITS];

/** One half of the virtual address space, the one below (VA[55] clear) or the one above. */
export class AddressHalf {
  /** False when EPD<n> or TxSZ make every translation fault. */
  usable = false;
  /** TBI<n>: bits 63:56 of the address are ignored. */
  tagged = false;
  // The address is in range when these bits of its words are those values.
  highMask = 0;
  highValue = 0;
  lowMask = 0;
  lowValue = 0;
  startLevel = 0;
  /** Bits of the first lookup's index: the first table may be shorter or the address wider than 9 bits. */
  startIndexMask = 0;
  tableBase = 0;
  /** BADDR does not fit the output size: an address size fault at level 0. */
  tableTooHigh = false;

  /** @param ones the half above, whose addresses have all their top bits set */
  configure(ones: boolean, txsz: number, disabled: boolean, tagged: boolean, ttbrLo: number, ttbrHi: number, outputMask: number): void {
    this.tagged = tagged;
    this.usable = !disabled && txsz >= MIN_TXSZ && txsz <= MAX_TXSZ;
    if (!this.usable) return;
    const inputBits = 64 - txsz;
    const highBits = tagged ? 0x00ff_ffff : -1;
    this.highMask = inputBits >= 32 ? highBits & ~((1 << (inputBits - 32)) - 1) : highBits;
    this.lowMask = inputBits >= 32 ? 0 : -1 << inputBits;
    this.highValue = ones ? this.highMask : 0;
    this.lowValue = ones ? this.lowMask : 0;
    this.startLevel = 4 - Math.ceil((inputBits - GRANULE_BITS) / STRIDE);
    const indexBits = inputBits - ((3 - this.startLevel) * STRIDE + GRANULE_BITS);
    this.startIndexMask = (1 << indexBits) - 1;
    this.tableTooHigh = (ttbrHi & outputMask) !== 0;
    this.tableBase = (ttbrHi & 0xffff) * TWO_32 + ((ttbrLo & (-1 << (indexBits + 3))) >>> 0);
  }
}

/** Registers as words: a bigint costs more than a whole walk. */
export interface Stage1Registers {
  readonly sctlr: number;
  readonly tcrLo: number;
  readonly tcrHi: number;
  readonly ttbr0Lo: number;
  readonly ttbr0Hi: number;
  readonly ttbr1Lo: number;
  readonly ttbr1Hi: number;
  readonly mairLo: number;
  readonly mairHi: number;
}

export class Stage1Controls {
  /** SCTLR_EL1.M. */
  enabled = false;
  writeExecuteNever = false;
  /** Bits 47:32 of an address that must be zero, as a mask of its high word. */
  outputMask = 0;
  mairLo = 0;
  mairHi = 0;
  /** The current ASID: of the TTBR that TCR_EL1.A1 names, 8 or 16 bits of it by TCR_EL1.AS. */
  asid = 0;
  asidMask = 0;
  readonly lower: AddressHalf = new AddressHalf();
  readonly upper: AddressHalf = new AddressHalf();

  configure(registers: Stage1Registers): void {
    const { sctlr, tcrLo, tcrHi, ttbr0Lo, ttbr0Hi, ttbr1Lo, ttbr1Hi } = registers;
    this.enabled = (sctlr & SCTLR_M) !== 0;
    this.writeExecuteNever = (sctlr & SCTLR_WXN) !== 0;
    this.outputMask = 0xffff & (-1 << (OUTPUT_BITS[tcrHi & TCR_IPS]! - 32));
    this.mairLo = registers.mairLo;
    this.mairHi = registers.mairHi;
    this.asidMask = (tcrHi & TCR_AS) === 0 ? 0xff : 0xffff;
    this.asid = (((tcrLo & TCR_A1) === 0 ? ttbr0Hi : ttbr1Hi) >>> 16) & this.asidMask;
    this.lower.configure(false, tcrLo & 0x3f, (tcrLo & TCR_EPD0) !== 0, (tcrHi & TCR_TBI0) !== 0, ttbr0Lo, ttbr0Hi, this.outputMask);
    const t1sz = (tcrLo >>> 16) & 0x3f;
    this.upper.configure(true, t1sz, (tcrLo & TCR_EPD1) !== 0, (tcrHi & TCR_TBI1) !== 0, ttbr1Lo, ttbr1Hi, this.outputMask);
  }
}
