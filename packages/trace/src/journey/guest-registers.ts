/**
 * What a trace tells of a GIC's configuration, by the manual's names of registers in accesses (Arm IHI 0069): which inputs the guest
 * made sense edges, and reads of IAR that found nothing. Shared interrupts only: whose a redistributor's register is, an access does not say.
 */
import type { TraceEvents } from "@trapline/core";

/** Reads of these take an interrupt, or tell that there is none. */
const IAR = /^(ICC_IAR[01]_EL1|GICC_A?IAR)$/;
/** As register banks name their arrays: GICD_ICFGR<2> is INTIDs 32 to 47. */
const ICFGR = /^GICD_ICFGR<(\d+)>$/;
/** INTIDs of one ICFGR register: 2 bits each, of which bit 1 says edge. */
const PER_REGISTER = 16;
/** The register with INTID 32. */
const FIRST_SHARED = 2;
/** The special INTIDs that IAR gives when there is nothing to take. */
const FIRST_SPECIAL = 1020;
const LAST_SPECIAL = 1023;

/** Was this read of IAR for nothing? */
export function isSpurious({ register, direction, value }: TraceEvents["access"] | TraceEvents["sysreg"]): boolean {
  if (direction !== "read" || value === undefined || register === undefined || !IAR.test(register)) return false;
  const intid = Number(value) & 0xff_ffff;
  return intid >= FIRST_SPECIAL && intid <= LAST_SPECIAL;
}

/** What a write to an ICFGR register says of each of its INTIDs; nothing for any other access. */
export function configuredTriggers(access: TraceEvents["access"]): readonly (readonly [intid: number, edge: boolean])[] {
  const { register, direction, value, width } = access;
  const [, number] = direction === "write" && width === 4 && register !== undefined ? (ICFGR.exec(register) ?? []) : [];
  if (number === undefined || value === undefined || Number(number) < FIRST_SHARED) return NONE;
  const bits = Number(value);
  return Array.from({ length: PER_REGISTER }, (_, n) => [PER_REGISTER * Number(number) + n, ((bits >>> (2 * n + 1)) & 1) === 1] as const);
}

const NONE: readonly (readonly [intid: number, edge: boolean])[] = [];
