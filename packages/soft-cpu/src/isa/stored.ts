import { SYSREGS } from "../state/layout.ts";
import * as slots from "../sysregs/slots.ts";
const at = (slot: number) => SYSREGS + 8 * slot;
const reads = new Map<number, { address: number; el0: boolean }>([
  [0xde82, { address: at(slots.TPIDR_EL0), el0: true }],
  [0xde83, { address: at(slots.TPIDRRO_EL0), el0: true }],
  [0xc684, { address: at(slots.TPIDR_EL1), el0: false }],
]);
export function storedRead(encoding: number): { address: number; el0: boolean } | undefined { return reads.get(encoding); }
export function storedWrite(encoding: number): { address: number } | undefined { return encoding === 0xc684 ? reads.get(encoding) : undefined; }
