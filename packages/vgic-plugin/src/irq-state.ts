/**
 * The state of one interrupt in one word (Arm IHI 0069, "Interrupt states"; gic.md 0.2). What derives from it: irq-word.ts.
 *
 *     bits 7:0    the flags below
 *     bits 12:8   the level: the five implemented bits of the priority
 *     bits 31:13  where it goes: the vCPU plus one, 0 for nobody; on GICv2 a mask of CPUs
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

export const LEVEL_SHIFT = 8;
export const TARGET_SHIFT = 13;
/** Group, level and target. */
export const PLACE_MASK: number = ~0x7f;
