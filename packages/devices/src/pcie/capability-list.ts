/**
 * The capabilities of a function as a list in its configuration space (PCI Local Bus 3.0, 6.7): one behind the other from 0x40
 * on, each aligned to 4 bytes, each naming the next. Cold.
 */
import { ConfigError, type PciCapability, type RegisterSpec } from "@trapline/core";
import { CONFIG_WIDTHS } from "./config-header.registers.ts";

const FIRST = 0x40;
/** Configuration space without the extended part. */
export const CONFIG_SIZE = 0x100;

export interface CapabilityList {
  /** Offset of the first, 0 for none. */
  readonly first: number;
  readonly rows: readonly RegisterSpec<unknown>[];
}

/** @throws ConfigError when they do not fit */
export function capabilityList(owner: string, capabilities: readonly PciCapability[]): CapabilityList {
  const rows: RegisterSpec<unknown>[] = [];
  let offset = FIRST;
  for (const [index, { id, length, registers }] of capabilities.entries()) {
    const end = (offset + length + 3) & ~3;
    if (end > CONFIG_SIZE) {
      throw new ConfigError(`the capabilities of ${owner} end at ${end}`, {
        subject: owner,
        value: end,
        limit: CONFIG_SIZE,
        remedy: `let them have ${CONFIG_SIZE - FIRST} bytes in all`,
      });
    }
    rows.push({ name: "Capability ID", offset, access: "RO", size: 1, widths: CONFIG_WIDTHS, reset: id });
    rows.push({ name: "Next Capability Pointer", offset: offset + 1, access: "RO", size: 1, widths: CONFIG_WIDTHS, reset: index === capabilities.length - 1 ? 0 : end });
    for (const row of registers) rows.push({ widths: CONFIG_WIDTHS, ...row, offset: offset + row.offset });
    offset = end;
  }
  return { first: capabilities.length === 0 ? 0 : FIRST, rows };
}
