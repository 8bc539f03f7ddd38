/**
 * Which names a node and a property may have: Devicetree Specification v0.4, tables 2.1 and 2.2.
 *
 * Two strictnesses. What we make follows the specification. What we read may use what dtc reads (also `*` and `@` in
 * property names, any first character, longer names), because the field's blobs do; lint reports the difference.
 */
import { hex } from "../ids.ts";
import { DeviceTreeError } from "./device-tree-error.ts";

/** Longest node name (with unit address) or property name, in bytes, that is read or written. The specification's own is 31. */
export const MAX_NAME_BYTES = 255;

const NODE_NAME = /^[a-zA-Z][0-9a-zA-Z,._+-]{0,30}(@[0-9a-zA-Z,._+-]+)?$/;
const PROPERTY_NAME = /^[0-9a-zA-Z,._+?#-]{1,31}$/;
const READABLE = /^[0-9a-zA-Z,._+*#?@-]+$/;

/** True where `name` is a node name as section 2.2.1 wants it. */
export const isStandardNodeName = (name: string): boolean => NODE_NAME.test(name) && name.length <= MAX_NAME_BYTES;

/** True where `name` is a property name as section 2.2.4 wants it. */
export const isStandardPropertyName = (name: string): boolean => PROPERTY_NAME.test(name);

/** True where a blob may carry `name` and DTS text can express it. */
export const isReadableName = (name: string): boolean => name.length <= MAX_NAME_BYTES && READABLE.test(name);

/** @throws DeviceTreeError naming `where`, unless `name` may stand in a path. */
export function checkNodeName(name: string, where: string): void {
  if (isStandardNodeName(name)) return;
  throw new DeviceTreeError("name", `"${name}" in ${where} is no node name`, {
    subject: where,
    value: name,
    limit: 31,
    remedy: "use a letter, up to 30 of 0-9 a-z A-Z , . _ + - and, where the node has reg, @ and the address in hex",
  });
}

/** @throws DeviceTreeError naming `where`, unless `name` may name a property. */
export function checkPropertyName(name: string, where: string): void {
  if (isStandardPropertyName(name)) return;
  throw new DeviceTreeError("name", `"${name}" in ${where === "" ? "/" : where} is no property name`, {
    subject: where,
    value: name,
    limit: 31,
    remedy: `use 1 to 31 (${hex(31)}) characters of 0-9 a-z A-Z , . _ + ? # -`,
  });
}

/** The unit address of a node name: "cpu@100" → "100"; undefined without one. */
export function unitAddress(name: string): string | undefined {
  const at = name.indexOf("@");
  return at < 0 ? undefined : name.slice(at + 1);
}
