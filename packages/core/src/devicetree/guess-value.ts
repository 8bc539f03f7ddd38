/**
 * What the bytes of a property most likely mean. A blob has no types; this is for people who read, and both the DTS
 * printer and messages use it. A wrong guess changes how a value looks, never which bytes it stands for.
 *
 * The rule, in order:
 * - no bytes: a property that is present;
 * - names the specification types as numbers (`reg`, `#…-cells`, `interrupts`, …) with whole cells: cells;
 * - printable strings, each closed by NUL, none empty (empty ones too where the name says strings): strings;
 * - whole cells: cells;
 * - else bytes.
 */
import { bytesToCells } from "./read-value.ts";

export type GuessedValue =
  | { readonly kind: "empty" }
  | { readonly kind: "strings"; readonly strings: readonly string[] }
  | { readonly kind: "cells"; readonly cells: readonly number[] }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** Sections 2.3, 2.4, 3.x: properties that are numbers even where their bytes happen to read as text. */
const NUMBERS = new RegExp(
  `^(${[
    "#.*-cells",
    "reg",
    "virtual-reg",
    "(dma-)?ranges",
    "(linux,)?phandle",
    "interrupts(-extended)?",
    "interrupt-(parent|map|map-mask)",
    "msi-(parent|map)",
    "clocks",
    ".*-frequency",
    "linux,initrd-(start|end)",
  ].join("|")})$`,
);
/** Properties that are strings even where one of them is empty. */
const STRINGS = /^(compatible|model|status|device_type|bootargs|stdout-path|stdin-path|label|.*-names)$/;

export function guessValue(name: string, bytes: Uint8Array): GuessedValue {
  if (bytes.length === 0) return { kind: "empty" };
  const cells = bytes.length % 4 === 0;
  if (cells && NUMBERS.test(name)) return { kind: "cells", cells: bytesToCells(bytes)! };
  const strings = printableStrings(bytes, STRINGS.test(name));
  if (strings !== undefined) return { kind: "strings", strings };
  if (cells) return { kind: "cells", cells: bytesToCells(bytes)! };
  return { kind: "bytes", bytes };
}

function printableStrings(bytes: Uint8Array, mayBeEmpty: boolean): string[] | undefined {
  if (bytes[bytes.length - 1] !== 0) return undefined;
  const strings: string[] = [];
  let text = "";
  for (const byte of bytes) {
    if (byte === 0) {
      if (text === "" && !mayBeEmpty) return undefined;
      strings.push(text);
      text = "";
    } else if ((byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d) {
      text += String.fromCharCode(byte);
    } else {
      return undefined;
    }
  }
  return strings;
}
