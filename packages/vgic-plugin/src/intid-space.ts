/**
 * Which INTIDs a GIC has, and where the state of each lives (Arm IHI 0069, "INTIDs").
 *
 * State is kept in arrays by *slot*: first the shared interrupts (SPIs, extended SPIs), then a bank per vCPU (SGIs, PPIs,
 * extended PPIs). LPIs have no slot. Pure arithmetic; `slot` is hot.
 */

/** First INTID of each range. */
export const FIRST_PPI = 16;
export const FIRST_SPI = 32;
/** INTIDs 1020 … 1023 are special: they name no interrupt. */
export const FIRST_SPECIAL = 1020;
export const FIRST_EPPI = 1056;
export const FIRST_ESPI = 4096;
export const FIRST_LPI = 8192;
/** Acknowledging found nothing. */
export const SPURIOUS = 1023;

/** Most of each kind. */
export const MAX_SPIS: number = FIRST_SPECIAL - FIRST_SPI;
export const MAX_EPPIS = 64;
export const MAX_ESPIS = 1024;

// An exported constant is a cell to V8 even here (docs/adr/0023-interrupt-delivery.md); `slot` runs for every interrupt.
const firstSpi = FIRST_SPI;

export interface IntidCounts {
  readonly vcpuCount: number;
  /** 0 … 988 */
  readonly spis: number;
  /** Extended SPIs, a multiple of 32 up to 1024. */
  readonly extendedSpis: number;
  /** Extended PPIs of each vCPU: 0, 32 or 64. */
  readonly extendedPpis: number;
}

export class IntidSpace implements IntidCounts {
  declare readonly vcpuCount: number;
  declare readonly spis: number;
  declare readonly extendedSpis: number;
  declare readonly extendedPpis: number;
  /** Slots of shared interrupts: 0 … sharedSlots − 1. */
  declare readonly sharedSlots: number;
  /** Slots of each vCPU's bank. */
  declare readonly privateSlots: number;
  declare readonly slots: number;
  declare private readonly spiEnd: number;
  declare private readonly eppiEnd: number;
  declare private readonly espiEnd: number;

  constructor({ vcpuCount, spis, extendedSpis, extendedPpis }: IntidCounts) {
    this.vcpuCount = vcpuCount;
    this.spis = spis;
    this.extendedSpis = extendedSpis;
    this.extendedPpis = extendedPpis;
    this.sharedSlots = spis + extendedSpis;
    this.privateSlots = FIRST_SPI + extendedPpis;
    this.slots = this.sharedSlots + vcpuCount * this.privateSlots;
    this.spiEnd = FIRST_SPI + spis;
    this.eppiEnd = FIRST_EPPI + extendedPpis;
    this.espiEnd = FIRST_ESPI + extendedSpis;
  }

  /** One past the last INTID that has a slot. */
  get limit(): number {
    return this.extendedSpis > 0 ? this.espiEnd : this.extendedPpis > 0 ? this.eppiEnd : this.spiEnd;
  }

  /** The slot of `intid` as `vcpu` sees it; −1 when the GIC does not implement it. */
  slot(intid: number, vcpu: number): number {
    if (intid < firstSpi) return this.sharedSlots + Math.imul(vcpu, this.privateSlots) + intid;
    return intid < this.spiEnd ? intid - firstSpi : this.rarerSlot(intid, vcpu);
  }

  /** The slot of a shared interrupt; −1 for anything else. */
  sharedSlot(intid: number): number {
    if (intid >= FIRST_SPI && intid < this.spiEnd) return intid - FIRST_SPI;
    return intid >= FIRST_ESPI && intid < this.espiEnd ? this.spis + intid - FIRST_ESPI : -1;
  }

  /** The slot of an SGI, PPI or extended PPI of `vcpu`; −1 for anything else. */
  privateSlot(intid: number, vcpu: number): number {
    return intid < FIRST_SPI || (intid >= FIRST_EPPI && intid < this.eppiEnd) ? this.slot(intid, vcpu) : -1;
  }

  intid(slot: number): number {
    if (slot < this.spis) return FIRST_SPI + slot;
    if (slot < this.sharedSlots) return FIRST_ESPI + slot - this.spis;
    const index = (slot - this.sharedSlots) % this.privateSlots;
    return index < FIRST_SPI ? index : FIRST_EPPI + index - FIRST_SPI;
  }

  /** Whose bank a slot is in; −1 for shared ones. */
  vcpuOf(slot: number): number {
    return slot < this.sharedSlots ? -1 : Math.floor((slot - this.sharedSlots) / this.privateSlots);
  }

  /** As `slot` for what is no SGI, PPI or SPI, apart from it so that it stays small enough for V8 to inline. */
  private rarerSlot(intid: number, vcpu: number): number {
    if (intid >= FIRST_ESPI) return intid < this.espiEnd ? this.spis + intid - FIRST_ESPI : -1;
    return intid >= FIRST_EPPI && intid < this.eppiEnd ? this.sharedSlots + vcpu * this.privateSlots + FIRST_SPI + intid - FIRST_EPPI : -1;
  }
}
