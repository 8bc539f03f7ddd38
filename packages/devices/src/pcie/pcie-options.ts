/** Where a PCI Express host bridge has its windows and wires: options, with the places of QEMU's `virt` board as their defaults. Cold. */
import { type AddressRange, checkRange, ConfigError } from "@trapline/core";
import { BUS_BYTES } from "./ecam.ts";

const MAX_BUSES = 256;
const PORTS = 0x1_0000;
const TWO_32 = 0x1_0000_0000;

/** Windows, interrupts and messages of a host bridge; the defaults are those of QEMU's `virt` board. */
export interface PcieHostOptions {
  /** Unique in its machine. Default "pcie". */
  readonly name?: string;
  /** Base of configuration space, 1 MiB for each bus. Default 0x40_1000_0000; guests of 32 bits have it at 0x3f00_0000, with 16 buses. */
  readonly ecam?: number;
  /** 1 … 256, counted from bus 0. Devices are on bus 0. Default 256. */
  readonly buses?: number;
  /** Memory for BARs, below 4 GiB. Default 0x1000_0000, size 0x2eff_0000. */
  readonly memory?: AddressRange;
  /** Memory for BARs of 64 bits; null for none. Default 0x80_0000_0000, size 0x80_0000_0000. */
  readonly memory64?: AddressRange | null;
  /** Where ports from 0 on appear in memory, up to 64 KiB; null for none. Default 0x3eff_0000, size 0x1_0000. */
  readonly io?: AddressRange | null;
  /** What INTA … INTD of device 0 raise; device n is turned by n. Default 3, 4, 5, 6. */
  readonly gsis?: readonly [number, number, number, number];
  /** What the device tree calls them, counted from 0 (INTID 32). Default: the GSIs. */
  readonly spis?: readonly [number, number, number, number];
  /** Name of the plugin that takes messages, for the device tree: an ITS, a GICv2m frame; null for none. Default "its". */
  readonly msi?: string | null;
  /** PCI segment; a second host needs another one. Default 0. */
  readonly domain?: number;
  /** DeviceID of requester 0 in messages; a second host at the same ITS needs others. Default 0. */
  readonly firstDeviceId?: number;
}

export type PcieConfig = Required<PcieHostOptions>;

/** @throws ConfigError naming the option, its value and its limit */
export function pcieConfig(options: PcieHostOptions = {}): PcieConfig {
  const gsis = options.gsis ?? ([3, 4, 5, 6] as const);
  const config: PcieConfig = {
    name: "pcie",
    ecam: 0x40_1000_0000,
    buses: MAX_BUSES,
    memory: { base: 0x1000_0000, size: 0x2eff_0000 },
    memory64: { base: 0x80_0000_0000, size: 0x80_0000_0000 },
    io: { base: 0x3eff_0000, size: PORTS },
    spis: gsis,
    msi: "its",
    domain: 0,
    firstDeviceId: 0,
    ...options,
    gsis,
  };
  const { name, ecam, buses, memory, memory64, io, domain, firstDeviceId } = config;
  checkWhole(`${name}.buses`, buses, 1, MAX_BUSES);
  checkRange({ base: ecam, size: buses * BUS_BYTES }, `${name}.ecam`);
  checkMultiple(`${name}.ecam`, ecam, BUS_BYTES);
  checkWindow(`${name}.memory`, memory, TWO_32);
  if (memory64 !== null) checkWindow(`${name}.memory64`, memory64, 2 ** 48);
  if (io !== null) {
    checkRange(io, `${name}.io`);
    checkWhole(`${name}.io.size`, io.size, 1, PORTS);
  }
  checkWhole(`${name}.domain`, domain, 0, 0xffff_ffff);
  checkWhole(`${name}.firstDeviceId`, firstDeviceId, 0, 0xffff_0000);
  return config;
}

function checkWindow(subject: string, range: AddressRange, end: number): void {
  checkRange(range, subject);
  checkMultiple(`${subject}.base`, range.base, 0x1000);
  checkWhole(`${subject}.size`, range.size, 0x1000, end - range.base);
}

function checkMultiple(subject: string, value: number, unit: number): void {
  if (value % unit !== 0) throw new ConfigError(`${subject} is ${value}`, { subject, value, limit: unit, remedy: `use a multiple of ${unit}` });
}

function checkWhole(subject: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new ConfigError(`${subject} is ${value}`, { subject, value, limit: most, remedy: `use a whole number from ${least} to ${most}` });
}
