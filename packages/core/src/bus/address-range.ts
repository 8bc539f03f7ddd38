/** Half-open address ranges [base, base + size) of one address space. Addresses are numbers up to 2^53. */
import { ConfigError } from "../errors.ts";
import { hex } from "../ids.ts";

export interface AddressRange {
  /** First address, bytes. */
  readonly base: number;
  /** Length in bytes, at least 1. */
  readonly size: number;
}

/** One past the last address that any range may cover. */
export const ADDRESS_LIMIT: number = Number.MAX_SAFE_INTEGER + 1;

/** True when all `width` bytes at `address` lie inside. Compares offsets: sums of addresses are not exact above 2^53. */
export function contains(range: AddressRange, address: number, width = 1): boolean {
  return address >= range.base && address - range.base + width <= range.size;
}

/** Do the two share an address? */
export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.base < b.base + b.size && b.base < a.base + a.size;
}

/** `0x0900_0000+0x1000` */
export function formatRange(range: AddressRange): string {
  return `${hex(range.base)}+${hex(range.size)}`;
}

/** @throws ConfigError unless base and size are whole, the size at least 1 and the end at most 2^53. */
export function checkRange(range: AddressRange, claimant: string): void {
  const { base, size } = range;
  if (!Number.isSafeInteger(base) || base < 0) {
    throw new ConfigError(`${claimant} has base address ${base}`, {
      subject: claimant,
      value: base,
      limit: "2^53 − 1",
      remedy: "use a whole number from 0 to 2^53 − 1",
    });
  }
  if (!Number.isSafeInteger(size) || size < 1 || size > ADDRESS_LIMIT - base) {
    throw new ConfigError(`${claimant} at ${hex(base)} has size ${size}`, {
      subject: claimant,
      value: size,
      limit: hex(ADDRESS_LIMIT - base),
      remedy: `use a whole number of bytes from 1 to ${hex(ADDRESS_LIMIT - base)}`,
    });
  }
}
