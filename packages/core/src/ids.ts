/**
 * One branded number per number space, so that passing a GSI where an INTID belongs does not compile.
 *
 * The constructors check the range once, at the edge where a plain number enters; inside, a branded id is an
 * ordinary JavaScript number and costs nothing. INTID ranges: Arm IHI 0069, "INTIDs".
 */
import { ConfigError } from "./errors.ts";

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Guest-physical address in bytes, 0 … 2^53 − 1 (the integers a number holds exactly). */
export type Gpa = Branded<"Gpa">;
/** VM-wide number of an interrupt source, 0 … 2^32 − 1; index of the routing table, never shown to a guest. */
export type Gsi = Branded<"Gsi">;
/** Input number of one irqchip, 0 … pinCount − 1. */
export type Pin = Branded<"Pin">;
/** Interrupt number as the guest sees it, 0 … 2^24 − 1. */
export type Intid = Branded<"Intid">;
/** Number of a vCPU in its machine, counted from 0 without gaps; not its MPIDR. */
export type VcpuId = Branded<"VcpuId">;

function checked(what: string, value: number, limit: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= limit) return value;
  throw new ConfigError(`${what} ${value} is out of range`, {
    subject: what,
    value,
    limit: hex(limit),
    remedy: `use a whole number from 0 to ${hex(limit)}`,
  });
}

/** @throws ConfigError unless `value` is a whole number below 2^53. */
export const gpa = (value: number): Gpa => checked("guest-physical address", value, Number.MAX_SAFE_INTEGER) as Gpa;
/** @throws ConfigError unless `value` is a whole number below 2^32. */
export const gsi = (value: number): Gsi => checked("GSI", value, 0xffff_ffff) as Gsi;
/** @throws ConfigError unless `value` is a whole number below 2^32; the irqchip checks its own pin count. */
export const pin = (value: number): Pin => checked("pin", value, 0xffff_ffff) as Pin;
/** @throws ConfigError unless `value` is a whole number below 2^24 (GICv3 INTIDs have at most 24 bits). */
export const intid = (value: number): Intid => checked("INTID", value, 0xff_ffff) as Intid;
/** @throws ConfigError unless `value` is a whole number below 2^16. */
export const vcpuId = (value: number): VcpuId => checked("vCPU id", value, 0xffff) as VcpuId;

/** SGI `n`, 0 … 15 → INTID n. */
export const sgi = (n: number): Intid => checked("SGI", n, 15) as Intid;
/** PPI `n`, 0 … 15 → INTID 16 + n. */
export const ppi = (n: number): Intid => (16 + checked("PPI", n, 15)) as Intid;
/** SPI `n`, 0 … 987 → INTID 32 + n. */
export const spi = (n: number): Intid => (32 + checked("SPI", n, 987)) as Intid;
/** Extended PPI `n`, 0 … 63 → INTID 1056 + n. */
export const eppi = (n: number): Intid => (1056 + checked("extended PPI", n, 63)) as Intid;
/** Extended SPI `n`, 0 … 1023 → INTID 4096 + n. */
export const espi = (n: number): Intid => (4096 + checked("extended SPI", n, 1023)) as Intid;
/** LPI `n` → INTID 8192 + n. */
export const lpi = (n: number): Intid => (8192 + checked("LPI", n, 0xff_ffff - 8192)) as Intid;

/** "SGI 3", "PPI 11", "SPI 1", "EPPI 0", "ESPI 7", "LPI 12", "special 1023" or "reserved 5200". */
export function describeIntid(id: number): string {
  if (id < 16) return `SGI ${id}`;
  if (id < 32) return `PPI ${id - 16}`;
  if (id < 1020) return `SPI ${id - 32}`;
  if (id < 1024) return `special ${id}`;
  if (id >= 1056 && id < 1120) return `EPPI ${id - 1056}`;
  if (id >= 4096 && id < 5120) return `ESPI ${id - 4096}`;
  if (id >= 8192) return `LPI ${id - 8192}`;
  return `reserved ${id}`;
}

/** Hexadecimal with the digits in groups of four: `0x0900_0000`, the way the manuals and our messages write addresses. */
export function hex(value: number | bigint, digits = 0): string {
  const text = value.toString(16).padStart(digits, "0");
  return `0x${text.length > 4 ? text.replace(/\B(?=([0-9a-f]{4})+$)/g, "_") : text}`;
}
