/**
 * The two LPI tables in guest memory (Arm IHI 0069, "LPI Configuration tables" and "LPI Pending tables").
 *
 * Configuration: one byte per LPI from GICR_PROPBASER on, INTID 8192 first. Pending: one bit per INTID from GICR_PENDBASER
 * on, byte INTID / 8, bit INTID % 8; its first KiB, for INTIDs that are no LPIs, is never read or written.
 *
 * Guests put these tables where they like. A configuration byte outside RAM reads as disabled; a pending table of which any
 * part lies outside RAM reads as empty and is not written. Nothing here is cached; see lpis.ts.
 */
import type { GuestMemory } from "@trapline/core";
import { FIRST_LPI } from "../intid-space.ts";

/** Bits of a configuration byte: enable, RES1 (ignored), priority in [7:2] (two low bits of the priority are 0). */
export const CONFIG_ENABLE = 0x01;
export const CONFIG_PRIORITY = 0xfc;
/** The part of a pending table that belongs to INTIDs below 8192. */
const SKIPPED_BYTES = FIRST_LPI / 8;

/** The configuration byte of `intid` in the table at `base`; 0 (disabled) outside RAM. */
export function readConfigByte(memory: GuestMemory, base: number, intid: number): number {
  return (memory.read(base + (intid - FIRST_LPI), 1) as number | undefined) ?? 0;
}

/**
 * Takes the pending bits of LPIs below `limit` out of the table at `base`: each is reported and cleared in memory, because
 * from now on the redistributor keeps it. Cost: one pass over limit / 8 bytes.
 */
export function takePendingBits(memory: GuestMemory, base: number, limit: number, found: (intid: number) => void): void {
  const table = pendingWindow(memory, base, limit);
  if (table === undefined) return;
  let changed = false;
  for (let at = 0; at < table.length; at++) {
    let bits = table[at]!;
    if (bits === 0) continue;
    changed = true;
    table[at] = 0;
    for (; bits !== 0; bits &= bits - 1) found(FIRST_LPI + 8 * at + (31 - Math.clz32(bits & -bits)));
  }
  if (changed) memory.overwritten(base + SKIPPED_BYTES, table.length);
}

/**
 * Makes the table at `base` say of each LPI below `limit` whether it is pending; bytes that say so already are left alone.
 * @returns false when the table is not in RAM; then nothing was written
 */
export function writePendingBits(memory: GuestMemory, base: number, limit: number, isPending: (intid: number) => boolean): boolean {
  const table = pendingWindow(memory, base, limit);
  if (table === undefined) return limit <= FIRST_LPI;
  let changed = false;
  for (let at = 0; at < table.length; at++) {
    let bits = 0;
    for (let n = 0; n < 8; n++) if (isPending(FIRST_LPI + 8 * at + n)) bits |= 1 << n;
    if (table[at] === bits) continue;
    table[at] = bits;
    changed = true;
  }
  if (changed) memory.overwritten(base + SKIPPED_BYTES, table.length);
  return true;
}

function pendingWindow(memory: GuestMemory, base: number, limit: number): Uint8Array | undefined {
  return limit <= FIRST_LPI ? undefined : memory.window(base + SKIPPED_BYTES, limit / 8 - SKIPPED_BYTES);
}
