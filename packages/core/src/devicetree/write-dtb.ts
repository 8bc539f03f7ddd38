/**
 * Tree → blob, version 17, readable by readers of version 16 (Devicetree Specification v0.4, chapter 5).
 *
 * Blocks in the order header, reservations, structure, strings, without gaps. The same tree gives the same bytes, and
 * they are those of `dtc`: a property name is stored once, also where it is the tail of one stored before. Not hot.
 */
import { hex } from "../ids.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import { walkTree, type DeviceTree, type DeviceTreeNode, type TreePosition } from "./device-tree.ts";
import {
  alignToken,
  FDT_BEGIN_NODE,
  FDT_END,
  FDT_END_NODE,
  FDT_LAST_COMP_VERSION,
  FDT_MAGIC,
  FDT_PROP,
  FDT_VERSION,
  HEADER,
  HEADER_BYTES,
  MAX_DTB_BYTES,
  RESERVE_ENTRY_BYTES,
} from "./dtb-format.ts";
import { isReadableName, MAX_NAME_BYTES } from "./names.ts";
import { StringsBlock } from "./strings-block.ts";

/** What `writeDtb` may make. */
export interface WriteDtbOptions {
  /** Largest blob to make, in bytes; MAX_DTB_BYTES (2 MiB) by default. */
  readonly maxBytes?: number;
}

/**
 * The blob of `tree`.
 * @throws DeviceTreeError where it exceeds `maxBytes` or MAX_TREE_DEPTH, a name cannot be written, or a reservation or
 * `bootCpuidPhys` does not fit its field.
 */
export function writeDtb(tree: DeviceTree, options: WriteDtbOptions = {}): Uint8Array {
  const strings = new StringsBlock();
  const reserveBytes = RESERVE_ENTRY_BYTES * (tree.reservations.length + 1);
  const structBytes = measure(tree, strings);
  const offStruct = HEADER_BYTES + reserveBytes;
  const offStrings = offStruct + structBytes;
  const totalBytes = offStrings + strings.sizeBytes;
  checkSize(totalBytes, options.maxBytes ?? MAX_DTB_BYTES);

  const blob = new Uint8Array(totalBytes);
  const view = new DataView(blob.buffer);
  view.setUint32(HEADER.magic, FDT_MAGIC);
  view.setUint32(HEADER.totalsize, totalBytes);
  view.setUint32(HEADER.off_dt_struct, offStruct);
  view.setUint32(HEADER.off_dt_strings, offStrings);
  view.setUint32(HEADER.off_mem_rsvmap, HEADER_BYTES);
  view.setUint32(HEADER.version, FDT_VERSION);
  view.setUint32(HEADER.last_comp_version, FDT_LAST_COMP_VERSION);
  view.setUint32(HEADER.boot_cpuid_phys, checkBootCpu(tree.bootCpuidPhys));
  view.setUint32(HEADER.size_dt_strings, strings.sizeBytes);
  view.setUint32(HEADER.size_dt_struct, structBytes);
  writeReservations(tree, view);
  writeStructure(tree, blob, view, offStruct, strings);
  strings.copyTo(blob, offStrings);
  return blob;
}

/** Bytes of the structure block; enters every property name into `strings` on the way, and checks all names. */
function measure(tree: DeviceTree, strings: StringsBlock): number {
  let bytes = 4; // FDT_END
  for (const position of walkTree(tree)) {
    const { node } = position;
    checkName(node.name, position, "node");
    bytes += 8 + alignToken(node.name.length + 1);
    for (const property of node.properties) {
      checkName(property.name, position, "property");
      strings.add(property.name);
      bytes += 12 + alignToken(property.value.length);
    }
  }
  return bytes;
}

function checkName(name: string, position: TreePosition, what: "node" | "property"): void {
  if (what === "node" && position.parent === undefined ? name === "" : isReadableName(name)) return;
  throw new DeviceTreeError("name", `${what} name "${name.slice(0, 80)}" at ${position.path.slice(0, 160)} cannot be written`, {
    subject: position.path,
    value: name,
    limit: MAX_NAME_BYTES,
    remedy: `use 1 to ${MAX_NAME_BYTES} characters of 0-9 a-z A-Z , . _ + * # ? @ - (the root's name is empty)`,
  });
}

function checkSize(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new DeviceTreeError("too-large", `the device tree blob needs ${hex(bytes)} bytes, the limit is ${hex(limit)}`, {
    value: bytes,
    limit,
    remedy: "move large values (firmware, seeds, tables) out of the tree, or raise maxBytes where the guest can take it",
  });
}

function checkBootCpu(id: number): number {
  if (Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff) return id;
  throw new DeviceTreeError("value", `boot_cpuid_phys ${id} is no 32-bit number`, {
    value: id,
    limit: 0xffff_ffff,
    remedy: "give the reg value of the boot CPU's node",
  });
}

function writeReservations(tree: DeviceTree, view: DataView): void {
  tree.reservations.forEach((reservation, i) => {
    const at = HEADER_BYTES + RESERVE_ENTRY_BYTES * i;
    const address = checkU64(reservation.address, "address", i);
    const size = checkU64(reservation.size, "size", i);
    if (address === 0n && size === 0n) {
      throw new DeviceTreeError("value", `memory reservation ${i} is 0x0 of 0x0 bytes, which would end the list (section 5.3)`, {
        value: 0,
        remedy: "leave it out",
      });
    }
    view.setBigUint64(at, address);
    view.setBigUint64(at + 8, size);
  });
}

function checkU64(value: number | bigint, field: string, index: number): bigint {
  if (typeof value === "bigint" ? value >= 0n && value >> 64n === 0n : Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new DeviceTreeError("value", `${field} ${value} of memory reservation ${index} is no 64-bit number`, {
    value,
    limit: 0xffff_ffff_ffff_ffffn,
    remedy: "give a whole number, as a bigint above 2^53",
  });
}

function writeStructure(tree: DeviceTree, blob: Uint8Array, view: DataView, start: number, strings: StringsBlock): void {
  let at = start;
  const token = (word: number): void => {
    view.setUint32(at, word);
    at += 4;
  };
  // The depth was checked while measuring, so recursion is bounded.
  const writeNode = (node: DeviceTreeNode): void => {
    token(FDT_BEGIN_NODE);
    for (let i = 0; i < node.name.length; i++) blob[at + i] = node.name.charCodeAt(i);
    at += alignToken(node.name.length + 1);
    for (const { name, value } of node.properties) {
      token(FDT_PROP);
      token(value.length);
      token(strings.add(name));
      blob.set(value, at);
      at += alignToken(value.length);
    }
    for (const child of node.children) writeNode(child);
    token(FDT_END_NODE);
  };
  writeNode(tree.root);
  token(FDT_END);
}
