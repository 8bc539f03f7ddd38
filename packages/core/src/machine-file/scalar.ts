/**
 * What an unquoted word of a machine file means. The same everywhere, whatever the schema says about the place:
 *
 * - numbers as in TypeScript: `4096`, `0x0900_0000`, `0b101`, `0o17`, `-1`, `1.5`, `1e3`
 * - sizes: a whole number with K, M or G (also KiB, MiB, GiB), powers of 1024: `64K`, `128M`
 * - `true`, `false`, `null` and `~`; no word at all is null
 * - anything else is text. Quotes make text of anything.
 *
 * This is the core schema of YAML 1.2 (§10.3.2), plus digit groups, binary and sizes, minus .inf and .nan, which no
 * machine has a use for.
 */

/** A value as JSON has it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export type Scalar = { readonly value: null | boolean | number | string } | { readonly problem: string; readonly hint: string };

const DIGITS = "[0-9]+(?:_[0-9]+)*";
const DECIMAL = `[-+]?${DIGITS}`;
const HEX = "0x[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*";
const OCTAL = "0o[0-7]+(?:_[0-7]+)*";
const BINARY = "0b[01]+(?:_[01]+)*";
const SIZE = `${DIGITS}(?:[KMG](?:iB)?)`;
const FLOAT = `[-+]?(?:\\.${DIGITS}|${DIGITS}(?:\\.(?:${DIGITS})?)?)(?:[eE][-+]?[0-9]+)?`;

/** Whole numbers as text, for JSON Schema: an editor's YAML takes `0x0900_0000` and `64K` for text. */
export const INTEGER_PATTERN: string = `^(?:${DECIMAL}|${HEX}|${OCTAL}|${BINARY}|${SIZE})$`;
/** Any number as text. */
export const NUMBER_PATTERN: string = `^(?:${FLOAT}|${HEX}|${OCTAL}|${BINARY}|${SIZE})$`;

const INTEGER = new RegExp(INTEGER_PATTERN);
const NUMBER = new RegExp(NUMBER_PATTERN);
const NULL = /^(?:~|null|Null|NULL)?$/;
const TRUE = /^(?:true|True|TRUE)$/;
const FALSE = /^(?:false|False|FALSE)$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const UNITS: Readonly<Record<string, bigint>> = { K: 1024n, M: 1024n ** 2n, G: 1024n ** 3n };

/** Numbers with more digits are refused before they are computed with. */
const LONGEST_NUMBER = 100;

/** The meaning of an unquoted word, or why it has none. */
export function plainScalar(text: string): Scalar {
  if (NULL.test(text)) return { value: null };
  if (TRUE.test(text)) return { value: true };
  if (FALSE.test(text)) return { value: false };
  if (NOT_FINITE.test(text)) return { problem: "a number must be finite", hint: "quote it if it is meant as text" };
  if (!isNumberText(text)) return { value: text };
  const value = text.length > LONGEST_NUMBER ? NaN : numberOf(text);
  if (Number.isFinite(value) && (!INTEGER.test(text) || Number.isSafeInteger(value))) return { value };
  return { problem: "a number this large cannot be held exactly", hint: "stay within ±(2^53 − 1), or quote it if it is meant as text" };
}

/** True when the word, unquoted, is a number. */
export function isNumberText(text: string): boolean {
  return NUMBER.test(text);
}

function numberOf(text: string): number {
  const digits = text.replaceAll("_", "");
  const size = /^([0-9]+)([KMG])/.exec(digits);
  if (size !== null) return Number(BigInt(size[1]!) * UNITS[size[2]!]!);
  // −0 would differ from 0 in a comparison; nobody wires anything to it.
  return Number(digits) + 0;
}
