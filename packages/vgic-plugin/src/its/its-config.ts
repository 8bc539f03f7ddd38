/** What a machine says of an ITS, and the limits that keep its memory bounded. */
import { ConfigError, hex } from "@trapline/core";
import { FIRST_LPI } from "../intid-space.ts";
import type { MappingLimits } from "./its-mappings.ts";
import { ITS_FRAME_BYTES } from "./its.registers.ts";

/** Where an ITS is, and how much it maps. */
export interface ItsOptions {
  /** Guest-physical base of the control frame, a multiple of 64 KiB; the ITS takes 128 KiB. Without it the control interface sets it. */
  readonly base?: number;
  /** Default "its". */
  readonly name?: string;
  /** Width of DeviceIDs, 1 … 32. Default 16. */
  readonly deviceIdBits?: number;
  /** Width of EventIDs, 1 … 32. Default 16. */
  readonly eventIdBits?: number;
  /** Most devices mapped at a time; MAPD of one more is skipped. Default 65 536. */
  readonly maxDevices?: number;
  /** Most events mapped at a time; MAPTI of one more is skipped. Default: as many as the GIC has LPIs. */
  readonly maxEvents?: number;
  /** The DeviceID of a CPU that writes GITS_TRANSLATER itself, or "none" to ignore such writes as KVM does. Default 0, as in QEMU. */
  readonly cpuDeviceId?: number | "none";
}

/** The options with everything filled in and checked. */
export interface ItsConfig extends MappingLimits {
  readonly name: string;
  /** −1: not given. */
  readonly base: number;
  readonly deviceIdBits: number;
  readonly eventIdBits: number;
  readonly cpuDeviceId: number | "none";
}

/** Collection ids have 16 bits (GITS_TYPER.CIL = 0). */
const MAX_COLLECTIONS = 0x1_0000;
const BASE_ALIGNMENT = 0x1_0000;

/** @throws ConfigError naming the option, its value and its range */
export function itsConfig(options: ItsOptions, intidBits: number): ItsConfig {
  const { base = -1, name = "its", deviceIdBits = 16, eventIdBits = 16, maxDevices = 0x1_0000, cpuDeviceId = 0 } = options;
  const { maxEvents = Math.max(1, 2 ** intidBits - FIRST_LPI) } = options;
  inRange(name, "deviceIdBits", deviceIdBits, 1, 32);
  inRange(name, "eventIdBits", eventIdBits, 1, 32);
  inRange(name, "maxDevices", maxDevices, 1, 2 ** 24);
  inRange(name, "maxEvents", maxEvents, 1, 2 ** 24);
  if (cpuDeviceId !== "none") inRange(name, "cpuDeviceId", cpuDeviceId, 0, 2 ** deviceIdBits - 1);
  if (options.base !== undefined) inRange(name, "base", base, 0, 2 ** 52 - ITS_FRAME_BYTES);
  if (options.base !== undefined && base % BASE_ALIGNMENT !== 0) {
    throw new ConfigError(`${name} at ${hex(base)} is not aligned`, {
      subject: name,
      value: base,
      limit: hex(BASE_ALIGNMENT),
      remedy: `move it to a multiple of ${hex(BASE_ALIGNMENT)}`,
    });
  }
  return { base, name, deviceIdBits, eventIdBits, maxDevices, maxEvents, maxCollections: MAX_COLLECTIONS, cpuDeviceId };
}

function inRange(its: string, option: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new ConfigError(`${option} of ${its} is ${value}`, {
    subject: `${its}.${option}`,
    value,
    limit: `${low} … ${high}`,
    remedy: `use a whole number from ${low} to ${high}`,
  });
}
