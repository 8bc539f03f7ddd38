/** What a GICv3 can be made of. Defaults are those of QEMU's `virt` board. */
import { type AddressRange, ConfigError } from "@trapline/core";
import { MAX_EPPIS, MAX_ESPIS, MAX_SPIS } from "./intid-space.ts";
import { MAX_INTID_BITS } from "./candidate.ts";
import type { PinProfile } from "./pin-layout.ts";

export interface VgicV3Options {
  /** Unique in its machine. Default "gic". */
  readonly name?: string;
  /** Base of GICD, 64 KiB. Default 0x0800_0000. */
  readonly distributor?: number;
  /** Where the redistributors stand, 128 KiB for each vCPU. Default 0x080a_0000+0x00f6_0000: 123 vCPUs. */
  readonly redistributors?: readonly AddressRange[];
  /** SPIs: a multiple of 32 up to 960, or 988. Default 256. */
  readonly spis?: number;
  /** INTID bits, 10 … 20. LPIs need 14. Default 16. */
  readonly intidBits?: number;
  /** Which inputs the chip has: see PinLayout. Default "mainline". */
  readonly pins?: PinProfile;
  /** Group of every interrupt after reset: 0 as QEMU, 1 as KVM. Default 0. */
  readonly initialGroup?: 0 | 1;
  /** GICv3.1: a multiple of 32 up to 1024. Default 0. */
  readonly extendedSpis?: number;
  /** GICv3.1: 0, 32 or 64 for each vCPU. Default 0. */
  readonly extendedPpis?: number;
  /** GICD_SETSPI_NSR and CLRSPI_NSR. Default false. */
  readonly messageSpis?: boolean;
  /** GICD_IROUTER.Interrupt_Routing_Mode. Default false. */
  readonly oneOfN?: boolean;
  /** SGIs to Aff0 above 15. Default false. */
  readonly rangeSelector?: boolean;
}

export type CheckedV3Options = Required<VgicV3Options>;

/** Fills in defaults. @throws ConfigError naming the option, the value and what it may be. */
export function checkV3Options(options: VgicV3Options): CheckedV3Options {
  const checked: CheckedV3Options = {
    name: "gic",
    distributor: 0x0800_0000,
    redistributors: [{ base: 0x080a_0000, size: 0x00f6_0000 }],
    spis: 256,
    intidBits: 16,
    pins: "mainline",
    initialGroup: 0,
    extendedSpis: 0,
    extendedPpis: 0,
    messageSpis: false,
    oneOfN: false,
    rangeSelector: false,
    ...options,
  };
  const { name, spis, intidBits, extendedSpis, extendedPpis } = checked;
  checkSpis(name, spis);
  refuseUnless(isMultiple(extendedSpis, 32, MAX_ESPIS), name, "extendedSpis", extendedSpis, "a multiple of 32 up to 1024");
  refuseUnless(isMultiple(extendedPpis, 32, MAX_EPPIS), name, "extendedPpis", extendedPpis, "0, 32 or 64");
  const least = extendedSpis > 0 ? 13 : extendedPpis > 0 ? 11 : 10;
  const bitsFit = Number.isInteger(intidBits) && intidBits >= least && intidBits <= MAX_INTID_BITS;
  refuseUnless(bitsFit, name, "intidBits", intidBits, `a whole number from ${least} to ${MAX_INTID_BITS}`);
  checkFrame(name, "distributor", checked.distributor, 0x1_0000);
  return checked;
}

/** @throws ConfigError unless ITLinesNumber can say it. */
export function checkSpis(name: string, spis: number): void {
  refuseUnless(isMultiple(spis, 32, MAX_SPIS) || spis === MAX_SPIS, name, "spis", spis, "a multiple of 32 up to 960, or 988");
}

/** @throws ConfigError unless `base` is aligned. */
export function checkFrame(name: string, what: string, base: number, alignment: number): void {
  refuseUnless(Number.isSafeInteger(base) && base >= 0 && base % alignment === 0, name, what, base, `a multiple of 0x${alignment.toString(16)}`);
}

function isMultiple(value: number, unit: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= limit && value % unit === 0;
}

export function refuseUnless(fits: boolean, name: string, option: string, value: number, limit: string): void {
  if (fits) return;
  throw new ConfigError(`option ${option} of ${name} is ${value}`, { subject: `${name}.${option}`, value, limit, remedy: `use ${limit}` });
}
