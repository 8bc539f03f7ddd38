/**
 * Instructions that may leave SP misaligned (Arm ARM DDI 0487, D1.8.2 "SP alignment checking", CheckSPAlignment()). Loads and stores by SP
 * do not ask: as long as SP is a multiple of 16, or not checked, none can fault. Rows say which of their words may end that (`stack` in
 * form.ts); those words have a handler of their own that tells the host first, and the host then looks at each load and store before it
 * runs (exceptions/stack-alignment.ts). All other words keep SP as aligned as it was.
 *
 * Words that SP only passes through are as any others: stack-lookahead.ts.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, type I32Expr } from "../ir/expr.ts";
import { SP_CHECKED } from "../state/layout.ts";
import { HOST_SP_MISALIGNED } from "./host-functions.ts";

/** Number of SP where an encoding has it. */
export const SP = 31;

/** The bits that are 0 in an aligned SP. */
export const UNALIGNED = 15;

/** Tells the host before SP is given bits that have to be 0. @param low low word of SP's new value */
export function tellIfMisaligned(c: Builder, low: I32Expr): void {
  c.if(apply("i32.and", low, c.state32(SP_CHECKED)), () => c.host(HOST_SP_MISALIGNED));
}
