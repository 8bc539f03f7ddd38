/**
 * Reads typed values back from the bytes of a finished tree. A property of another shape reads as undefined: whether
 * that is an error is the caller's question, so nothing here throws.
 */
import { fromBigint, type U64 } from "../u64.ts";
import { findProperty, type DeviceTreeNode } from "./device-tree.ts";

const utf8 = new TextDecoder();

/** Bytes as 32-bit cells; undefined where the length is no multiple of 4. */
export function bytesToCells(bytes: Uint8Array): number[] | undefined {
  if (bytes.length % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i));
}

/** The cells of a property; undefined where it is absent or no row of cells. */
export function readCells(node: DeviceTreeNode, name: string): number[] | undefined {
  const property = findProperty(node, name);
  return property && bytesToCells(property.value);
}

/** A property of exactly one cell. */
export function readU32(node: DeviceTreeNode, name: string): number | undefined {
  const cells = readCells(node, name);
  return cells?.length === 1 ? cells[0] : undefined;
}

/** A property of one or two cells, as loaders write `linux,initrd-start`. */
export function readU64(node: DeviceTreeNode, name: string): U64 | undefined {
  const cells = readCells(node, name);
  if (cells === undefined || cells.length === 0 || cells.length > 2) return undefined;
  return joinCells(cells);
}

/** Bytes as a string list; undefined where they are none, or do not end in NUL. */
export function bytesToStrings(bytes: Uint8Array): string[] | undefined {
  if (bytes.length === 0 || bytes[bytes.length - 1] !== 0) return undefined;
  return utf8.decode(bytes.subarray(0, -1)).split("\0");
}

/** The strings of a string list; undefined where the property is absent or none. */
export function readStrings(node: DeviceTreeNode, name: string): string[] | undefined {
  const property = findProperty(node, name);
  return property && bytesToStrings(property.value);
}

/** A property of exactly one string. */
export function readString(node: DeviceTreeNode, name: string): string | undefined {
  const strings = readStrings(node, name);
  return strings?.length === 1 ? strings[0] : undefined;
}

/** Cells, most significant first, as one value; no cells are 0. For at most two cells. */
export function joinCells(cells: readonly number[]): U64 {
  return fromBigint(cells.reduce((sum, cell) => (sum << 32n) | BigInt(cell), 0n));
}
