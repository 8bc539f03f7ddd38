/**
 * Typed property values, written the way one would say them, and their bytes (Devicetree Specification v0.4, 2.2.4):
 *
 *   true               present, empty                "text"             a string
 *   7                  one cell (u32)                ["a", "b"]         a string list
 *   7n                 two cells (u64)               [1, 2n, ref("x")]  cells in a row
 *   ref("gic")         the phandle of that label     Uint8Array         bytes as they are
 *
 * A number is always one cell and a bigint always two: the width is seen in the source and never depends on the value.
 */
import { hex } from "../ids.ts";
import { DeviceTreeError } from "./device-tree-error.ts";

/** Stands for the phandle of the node that carries `label`. Only a builder can resolve it. */
export interface PhandleRef {
  readonly label: string;
}

/** A reference to the node labelled `label`, resolved when the tree is built. */
export const ref = (label: string): PhandleRef => ({ label });

/** number: u32. bigint: u64, two cells. */
export type FinalCell = number | bigint;
/** A cell, or two, of a property: a number (u32), a bigint (u64), or the phandle of a labelled node. */
export type Cell = FinalCell | PhandleRef;

/** A value without references: what a parsed tree can take. */
export type FinalPropertyInput = true | FinalCell | string | readonly string[] | readonly FinalCell[] | Uint8Array;
/** A value as a plugin contributes it. */
export type PropertyInput = FinalPropertyInput | PhandleRef | readonly Cell[];

const text = new TextEncoder();

/**
 * The bytes of a value. `where` is named in errors ("reg of /soc/uart@0").
 * @throws DeviceTreeError where a number is no u32 or u64, a string contains NUL, or a list is empty.
 */
export function encodeValue(value: FinalPropertyInput, where: string): Uint8Array {
  return encodeInput(value, where, ({ label }) => {
    throw new DeviceTreeError("label", `${where} refers to label "${label}", but a finished tree has no labels`, {
      subject: where,
      value: label,
      remedy: "give the phandle as a number, or set the property through a DeviceTreeBuilder",
    });
  });
}

/** As {@link encodeValue}, asking `resolve` for the phandle of every reference. */
export function encodeInput(value: PropertyInput, where: string, resolve: (reference: PhandleRef) => number): Uint8Array {
  if (value === true) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value.slice();
  if (typeof value === "string") return encodeStrings([value], where);
  if (!Array.isArray(value)) return encodeCells([value as Cell], where, resolve);
  if (value.length === 0) {
    throw new DeviceTreeError("value", `${where} is an empty list`, {
      subject: where,
      remedy: "write true for a property that is merely present, or leave it out",
    });
  }
  if (value.every((item) => typeof item === "string")) return encodeStrings(value, where);
  return encodeCells(value as readonly Cell[], where, resolve);
}

function encodeStrings(values: readonly string[], where: string): Uint8Array {
  for (const value of values) {
    if (!value.includes("\0")) continue;
    throw new DeviceTreeError("value", `${where} has a string with a NUL (0x0) inside`, {
      subject: where,
      value,
      remedy: "give a list of strings instead, or bytes",
    });
  }
  return text.encode(`${values.join("\0")}\0`);
}

function encodeCells(cells: readonly Cell[], where: string, resolve: (reference: PhandleRef) => number): Uint8Array {
  const words: number[] = [];
  for (const cell of cells) {
    if (typeof cell === "number") {
      words.push(checkU32(cell, where));
    } else if (typeof cell === "bigint") {
      checkUnsigned(cell, 64, where);
      words.push(Number(cell >> 32n), Number(cell & 0xffff_ffffn));
    } else if (typeof cell === "object" && cell !== null && typeof cell.label === "string") {
      words.push(resolve(cell));
    } else {
      throw new DeviceTreeError("value", `${where} has ${cell === null ? "null" : `a value of type ${typeof cell}`} among its cells`, {
        subject: where,
        remedy: "use numbers (one cell), bigints (two cells) or ref(label), and do not mix them with strings",
      });
    }
  }
  return wordsToBytes(words);
}

/** Words (u32 each, unchecked) as big-endian bytes. */
export function wordsToBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word));
  return bytes;
}

/** An unsigned value as `count` cells, most significant first; as `reg` and `ranges` need it. */
export function splitIntoCells(value: number | bigint, count: number, where: string): number[] {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw badNumber(value, 32 * count, where);
  const whole = BigInt(value);
  checkUnsigned(whole, 32 * count, where);
  return Array.from({ length: count }, (_, i) => Number((whole >> BigInt(32 * (count - 1 - i))) & 0xffff_ffffn));
}

function checkU32(value: number, where: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw badNumber(value, 32, where);
}

function checkUnsigned(value: bigint, bits: number, where: string): void {
  if (value < 0n || value >> BigInt(bits) !== 0n) throw badNumber(value, bits, where);
}

function badNumber(value: number | bigint, bits: number, where: string): DeviceTreeError {
  const whole = typeof value === "bigint" || Number.isInteger(value);
  const shown = whole ? `${value < 0 ? "-" : ""}${hex(value < 0 ? -value : value)}` : `${value}`;
  return new DeviceTreeError("value", `${where}: ${shown} does not fit ${bits / 32} cell(s) of 32 bits`, {
    subject: where,
    value,
    limit: bits,
    remedy: "use a whole number from 0; where more cells are due, write a bigint (two cells) or raise the cell count of the parent",
  });
}
