/**
 * How an irqchip's pins are numbered, in each routing profile (DESIGN.md §4; docs/adr/0003-gsi-pin-intid.md).
 *
 * | layout | pins |
 * |---|---|
 * | `mainline` | SPI: id − 32 |
 * | `rfc2014` | PPI of vCPU v: 16·v + id − 16; SPI: 16·V + id − 32 |
 * | `wide` | PPI: 80·v + id − 16; extended PPI: 80·v + 16 + id − 1056; SPI: 80·V + id − 32; extended SPI: 80·V + 988 + id − 4096 |
 *
 * V is the vCPU capacity, frozen when the chip is made (GICv2: 8). The numbers depend on nothing else, so a routing table
 * survives a change of configuration: pins the GIC does not implement exist and swallow their input. Cold.
 */
import { FIRST_EPPI, FIRST_ESPI, FIRST_PPI, FIRST_SPI, type IntidSpace, MAX_EPPIS, MAX_ESPIS, MAX_SPIS } from "./intid-space.ts";

/** How a GIC's inputs are numbered: as the routing profile of that name has them. */
export type PinProfile = "mainline" | "rfc2014" | "wide";

const PPIS = 16;

export class PinLayout {
  readonly profile: PinProfile;
  readonly vcpuCapacity: number;
  readonly pinCount: number;
  private readonly privatePins: number;
  private readonly firstSpi: number;

  constructor(profile: PinProfile, vcpuCapacity: number) {
    this.profile = profile;
    this.vcpuCapacity = vcpuCapacity;
    this.privatePins = profile === "mainline" ? 0 : profile === "rfc2014" ? PPIS : PPIS + MAX_EPPIS;
    this.firstSpi = this.privatePins * vcpuCapacity;
    this.pinCount = this.firstSpi + MAX_SPIS + (profile === "wide" ? MAX_ESPIS : 0);
  }

  /** The pin of an INTID; −1 when the layout has none for it. @param vcpu counts for PPIs only */
  pin(intid: number, vcpu: number): number {
    const inBank = vcpu >= 0 && vcpu < this.vcpuCapacity && this.privatePins > 0;
    if (intid < FIRST_PPI) return -1;
    if (intid < FIRST_SPI) return inBank ? vcpu * this.privatePins + intid - FIRST_PPI : -1;
    if (intid < FIRST_SPI + MAX_SPIS) return this.firstSpi + intid - FIRST_SPI;
    if (this.profile !== "wide") return -1;
    if (intid >= FIRST_EPPI && intid < FIRST_EPPI + MAX_EPPIS) return inBank ? vcpu * this.privatePins + PPIS + intid - FIRST_EPPI : -1;
    return intid >= FIRST_ESPI && intid < FIRST_ESPI + MAX_ESPIS ? this.firstSpi + MAX_SPIS + intid - FIRST_ESPI : -1;
  }

  /** The INTID of a pin, 0 … pinCount − 1. */
  intid(pin: number): number {
    if (pin >= this.firstSpi + MAX_SPIS) return FIRST_ESPI + pin - this.firstSpi - MAX_SPIS;
    if (pin >= this.firstSpi) return FIRST_SPI + pin - this.firstSpi;
    const inBank = pin % this.privatePins;
    return inBank < PPIS ? FIRST_PPI + inBank : FIRST_EPPI + inBank - PPIS;
  }

  /** The vCPU of a pin; −1 for the pins of shared interrupts. */
  vcpu(pin: number): number {
    return pin < this.firstSpi ? Math.floor(pin / this.privatePins) : -1;
  }

  /** Slot of every pin, −1 for those that swallow: the table the hot path reads. */
  slots(space: IntidSpace): Int32Array {
    return Int32Array.from({ length: this.pinCount }, (_, pin) => {
      const vcpu = this.vcpu(pin);
      return vcpu >= space.vcpuCount ? -1 : space.slot(this.intid(pin), vcpu);
    });
  }
}
