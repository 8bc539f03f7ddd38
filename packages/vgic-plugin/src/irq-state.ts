/**
 * The state of one interrupt in one byte, and the rules that derive everything else from it
 * (Arm IHI 0069, "Interrupt states"; gic.md 0.2).
 *
 * - The wire has a *level*; an edge-triggered interrupt *latches* its rising edges, software and messages latch too.
 * - pending := latch, or level while level-triggered. It is derived, never stored: the wire is never copied into the latch.
 * - acknowledge: active := 1, latch := 0. A level that is still high makes it active and pending.
 * - An active interrupt is not signalled again before it is deactivated, pending or not.
 * - Pending is recorded whatever is disabled.
 */

/** Remembers an edge, a software or a message request. */
export const LATCH = 0x01;
/** Level of the pin, of the vCPU's private line, and of the message-based request; the wire is high while any is. */
export const PIN_HIGH = 0x02;
export const PRIVATE_HIGH = 0x04;
export const MESSAGE_HIGH = 0x08;
export const EDGE = 0x10;
export const ENABLED = 0x20;
export const ACTIVE = 0x40;
export const GROUP1 = 0x80;

export const ANY_HIGH: number = PIN_HIGH | PRIVATE_HIGH | MESSAGE_HIGH;

/** Bits of a priority that are implemented: 5, so 32 levels. */
export const PRIORITY_MASK = 0xf8;

export function isPending(flags: number): boolean {
  return (flags & LATCH) !== 0 || ((flags & EDGE) === 0 && (flags & ANY_HIGH) !== 0);
}

/** Would it be signalled, if group enables, priority and target allow? */
export function isCandidate(flags: number): boolean {
  return (flags & (ENABLED | ACTIVE)) === ENABLED && isPending(flags);
}
