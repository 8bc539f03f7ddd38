/** Names for the exceptions that are counted: by ESR_EL1.EC (DDI 0487, D13.2 "ESR_EL1"), then the asynchronous ones. */
import { COUNT_IRQ } from "../exceptions/exceptions.ts";

const NAMES = {
  0x00: "undefined",
  0x01: "wfx",
  0x07: "fp-access",
  0x0e: "illegal-state",
  0x15: "svc",
  0x18: "system-register",
  0x20: "instruction-abort-el0",
  0x21: "instruction-abort-el1",
  0x22: "pc-alignment",
  0x24: "data-abort-el0",
  0x25: "data-abort-el1",
  0x26: "sp-alignment",
  0x30: "breakpoint-el0",
  0x31: "breakpoint-el1",
  0x32: "software-step-el0",
  0x33: "software-step-el1",
  0x34: "watchpoint-el0",
  0x35: "watchpoint-el1",
  0x3c: "brk",
} as const;

/** In the order of COUNT_IRQ, COUNT_FIQ, COUNT_SERROR. */
const ASYNCHRONOUS = ["irq", "fiq", "serror"] as const;

/** What an exception was taken for; "-el0" and "-el1" tell from where. */
export type ExceptionClass = (typeof NAMES)[keyof typeof NAMES] | (typeof ASYNCHRONOUS)[number];

/** By place in `Exceptions.counts`; undefined for classes that this PE does not raise. */
export const EXCEPTION_CLASSES: readonly (ExceptionClass | undefined)[] = [
  ...Array.from({ length: COUNT_IRQ }, (_, ec) => (NAMES as Readonly<Record<number, ExceptionClass>>)[ec]),
  ...ASYNCHRONOUS,
];
