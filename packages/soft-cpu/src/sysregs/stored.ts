/**
 * Which registers MRS and MSR can load and store in place, for the decoder: no side effect, no trap at EL1, no bit that does
 * not take what is written. Cold: asked once for each word that is decoded.
 */
import { SYSTEM_REGISTERS } from "./rows.ts";
import { slotAddress } from "./slots.ts";

export interface StoredRegister {
  /** Of its 8 bytes. */
  readonly address: number;
  /** EL0 may do the same, always. Where false, it may perhaps, by way of `SystemRegisters`. */
  readonly el0: boolean;
}

/** MRS is a load at EL1. */
export function storedRead(encoding: number): StoredRegister | undefined {
  const row = SYSTEM_REGISTERS.reader(encoding);
  if (row?.slot === undefined || row.read !== undefined || row.defined !== undefined || row.fp) return undefined;
  const el0 = row.el0Reads && row.gate === undefined && row.readAtEl0 === undefined;
  return { address: slotAddress(row.slot), el0 };
}

/** MSR is a store at EL1. */
export function storedWrite(encoding: number): StoredRegister | undefined {
  const row = SYSTEM_REGISTERS.writer(encoding);
  if (row?.slot === undefined || row.write !== undefined || row.defined !== undefined || row.fp) return undefined;
  if (row.writable !== undefined || row.res1 !== undefined || row.changed !== undefined) return undefined;
  return { address: slotAddress(row.slot), el0: row.el0Writes && row.gate === undefined };
}
