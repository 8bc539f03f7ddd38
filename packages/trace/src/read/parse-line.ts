/** One line of a trace file → the event that was written, 64-bit values as they were. The opposite of core's `toJsonLine`. */
import { fromBigint, type WireEvent } from "@trapline/core";
import { eventFault } from "./event-fields.ts";

/** Fields with 64 bits. Text elsewhere stays text, whatever it looks like. */
const WIDE = new Set(["value", "count", "result", "address", "pc"]);
const WIDE_TEXT = /^0x[0-9a-f]{14,16}$/;

/** The event, or a sentence that says why it is none. */
export function parseLine(line: string): WireEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line, (key, part: unknown) =>
      typeof part === "string" && WIDE.has(key) && WIDE_TEXT.test(part) ? fromBigint(BigInt(part)) : part,
    );
  } catch (error) {
    return `it is no JSON: ${(error as Error).message}`;
  }
  return eventFault(value) ?? (value as WireEvent);
}
