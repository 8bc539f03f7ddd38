/**
 * What a routing profile decides, all of it in one object (docs/adr/0011-routing-profiles.md): how GSIs are named, what the
 * default table is, how routing entries number the pins of a GIC, what sharing a pin means, and where KVM_IRQ_LINE goes.
 * The rest of this package asks the profile and never which one it is.
 */

/** One interrupt of a GIC. `vcpu` counts for PPIs only and is 0 otherwise. */
export interface GicInterrupt {
  readonly intid: number;
  readonly vcpu: number;
}

/** The fields of the `irq` word of KVM_IRQ_LINE. */
export interface IrqWord {
  readonly type: number;
  readonly vcpu: number;
  readonly number: number;
}

export interface RoutingProfile {
  readonly name: "rfc2014" | "mainline" | "wide";
  /** Most entries of a table: KVM_CAP_IRQ_ROUTING. */
  readonly maxRoutes: number;

  /** What a GSI must be, as a phrase, when `gsi` is none; undefined when it is one. */
  gsiFault(gsi: number): string | undefined;
  /** KVM_IRQFD refuses what `gsiFault` refuses. Linux takes any number and loses the signals. */
  readonly irqfdChecksGsi: boolean;
  /** GSIs to allocate to devices, in the order in which they are taken. */
  readonly deviceGsis: { readonly start: number; readonly step: 1 | -1; readonly count: number };

  /** `computed`: holds for every GSI from the start. `at-initialisation`: entries, installed when the irqchip is initialised, over whatever was there. */
  readonly defaultTable: "computed" | "at-initialisation";
  /** The interrupt that `gsi` names by default, if any. */
  defaultInterrupt(gsi: number): GicInterrupt | undefined;
  /** The GSI that names an interrupt by default, if any: the inverse. */
  defaultGsi(interrupt: GicInterrupt): number | undefined;

  /** One more than the last pin that a routing entry may name on a GIC with private interrupts for `vcpuCapacity` vCPUs. */
  pinLimit(vcpuCapacity: number): number;
  /** The interrupt behind such a pin, and back. */
  interruptAt(pin: number, vcpuCapacity: number): GicInterrupt;
  pinAt(interrupt: GicInterrupt, vcpuCapacity: number): number;

  /**
   * A pin is the OR of its GSIs, a change of the table re-drives what it moves, and a completion reaches every GSI of the
   * pin. False copies Linux: every signal goes straight to the pin, nothing is re-driven, the last GSI of a pin is told.
   */
  readonly wiredOr: boolean;
  /** A plain irqfd with one pin raises it and never lowers it (Linux since 5.9). False: every signal is up and down. */
  readonly irqfdShortcut: boolean;

  /** KVM_IRQ_LINE goes through the routing table. False: straight to the GIC, by INTID. */
  readonly irqLineThroughTable: boolean;
  irqWord(irq: number): IrqWord;
  /** The word has the four further vCPU bits: KVM_CAP_ARM_IRQ_LINE_LAYOUT_2. */
  readonly hasLayout2: boolean;
  /** Is it a number that KVM_IRQ_LINE takes for that type? Checked before anything is looked up. */
  isPpi(number: number): boolean;
  isSpi(number: number): boolean;
  /** Words of KVM_IRQ_LINE that name a GSI directly, whatever their type field would mean. */
  isDeviceGsi(irq: number): boolean;
}

/** SPIs of the architecture: INTIDs 32 … 1019. */
export const SPI_COUNT = 988;
/** PPIs of one vCPU: INTIDs 16 … 31. */
export const PPI_COUNT = 16;

/** type[27:24] vcpu[23:16] number[15:0], and vcpu2[31:28] above, as Linux reads it since 5.4. */
export function layout2(irq: number): IrqWord {
  return { type: (irq >>> 24) & 0xf, vcpu: ((irq >>> 28) << 8) | ((irq >>> 16) & 0xff), number: irq & 0xffff };
}
