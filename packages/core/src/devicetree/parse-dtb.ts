/**
 * Blob → tree (Devicetree Specification v0.4, chapter 5). Reads versions 16 and 17, and newer ones that declare
 * themselves compatible with 17; FDT_NOP is skipped, free space between the blocks is ignored.
 *
 * Safe on any bytes: whatever the blob says, the answer is a tree or a DeviceTreeError. One pass, no recursion; at most
 * `maxBytes` bytes, MAX_TREE_DEPTH levels, MAX_NAME_BYTES per name. Values are copies, never views of the blob. Not hot.
 */
import { hex } from "../ids.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import { MAX_TREE_DEPTH, tooDeep, type DeviceTree, type DeviceTreeNode, type MemoryReservation } from "./device-tree.ts";
import {
  alignToken,
  FDT_BEGIN_NODE,
  FDT_END,
  FDT_END_NODE,
  FDT_NOP,
  FDT_PROP,
  HEADER,
  MAX_DTB_BYTES,
  RESERVE_ENTRY_BYTES,
} from "./dtb-format.ts";
import { damaged, readDtbHeader, type DtbHeader } from "./dtb-header.ts";
import { isReadableName, MAX_NAME_BYTES } from "./names.ts";
import { joinCells } from "./read-value.ts";

/** What `parseDtb` accepts. */
export interface ParseDtbOptions {
  /** Largest blob to read, in bytes; MAX_DTB_BYTES (2 MiB) by default. */
  readonly maxBytes?: number;
}

/**
 * The tree in `blob`, which begins at its first byte; bytes after `totalsize` are ignored.
 * @throws DeviceTreeError with the offset of what is wrong.
 */
export function parseDtb(blob: Uint8Array, options: ParseDtbOptions = {}): DeviceTree {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const header = readDtbHeader(view, options.maxBytes ?? MAX_DTB_BYTES);
  return {
    root: new StructureReader(blob, view, header).read(),
    reservations: readReservations(view, header),
    bootCpuidPhys: view.getUint32(HEADER.boot_cpuid_phys),
  };
}

function readReservations(view: DataView, header: DtbHeader): MemoryReservation[] {
  const found: MemoryReservation[] = [];
  for (let at = header.reservationsAt; ; at += RESERVE_ENTRY_BYTES) {
    if (at + RESERVE_ENTRY_BYTES > header.totalBytes) throw damaged(at, "the memory reservation block has no closing entry of zeroes");
    const address = joinCells([view.getUint32(at), view.getUint32(at + 4)]);
    const size = joinCells([view.getUint32(at + 8), view.getUint32(at + 12)]);
    if (address === 0 && size === 0) return found;
    found.push({ address, size });
  }
}

class StructureReader {
  private readonly blob: Uint8Array;
  private readonly view: DataView;
  private readonly header: DtbHeader;
  /** Offset in the strings block → name; a blob repeats few names many times. */
  private readonly names = new Map<number, string>();
  private at: number;

  constructor(blob: Uint8Array, view: DataView, header: DtbHeader) {
    this.blob = blob;
    this.view = view;
    this.header = header;
    this.at = header.structAt;
  }

  read(): DeviceTreeNode {
    const start = this.at;
    if (this.token() !== FDT_BEGIN_NODE) throw damaged(start, "the structure block does not begin with FDT_BEGIN_NODE");
    const root = this.beginNode(true);
    const open: DeviceTreeNode[] = [root];
    for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
      const offset = this.at;
      const token = this.token();
      if (token === FDT_BEGIN_NODE) {
        if (open.length >= MAX_TREE_DEPTH) throw tooDeep(open.map(({ name }) => name).join("/"));
        const child = this.beginNode(false);
        node.children.push(child);
        open.push(child);
      } else if (token === FDT_END_NODE) {
        open.pop();
      } else if (token === FDT_PROP) {
        if (node.children.length > 0) throw damaged(offset, `a property of "${node.name}" follows its subnodes (section 5.4.2)`);
        this.property(node);
      } else {
        throw damaged(offset, `token ${hex(token)} stands where a node, a property or FDT_END_NODE is due`);
      }
    }
    const offset = this.at;
    if (this.token() !== FDT_END) throw damaged(offset, "the root node is not followed by FDT_END");
    return root;
  }

  /** The next token that is no FDT_NOP. */
  private token(): number {
    for (;;) {
      if (this.at + 4 > this.header.structEnd) throw damaged(this.at, "the structure block ends before FDT_END");
      const token = this.view.getUint32(this.at);
      this.at += 4;
      if (token !== FDT_NOP) return token;
    }
  }

  private beginNode(isRoot: boolean): DeviceTreeNode {
    const start = this.at;
    const name = this.text(start, this.header.structEnd, "node name");
    if (isRoot ? name !== "" : !isReadableName(name)) {
      throw damaged(start, `${JSON.stringify(name)} is no name for ${isRoot ? "the root node, which has none" : "a node"}`);
    }
    // A blob that ends inside the padding is caught by the next token.
    this.at = start + alignToken(name.length + 1);
    return { name, properties: [], children: [] };
  }

  private property(node: DeviceTreeNode): void {
    const start = this.at;
    if (start + 8 > this.header.structEnd) throw damaged(start, "the structure block ends inside a property");
    const length = this.view.getUint32(start);
    const name = this.propertyName(this.view.getUint32(start + 4), start + 4);
    const end = start + 8 + length;
    if (end > this.header.structEnd) throw damaged(start, `property "${name}" claims ${hex(length)} bytes, more than the block has left`);
    node.properties.push({ name, value: this.blob.slice(start + 8, end) });
    this.at = start + 8 + alignToken(length);
  }

  private propertyName(offset: number, field: number): string {
    const known = this.names.get(offset);
    if (known !== undefined) return known;
    const { stringsAt, stringsEnd } = this.header;
    if (offset >= stringsEnd - stringsAt) throw damaged(field, `nameoff ${hex(offset)} lies outside the strings block`);
    const name = this.text(stringsAt + offset, stringsEnd, "property name");
    if (!isReadableName(name)) throw damaged(stringsAt + offset, `${JSON.stringify(name)} is no property name`);
    this.names.set(offset, name);
    return name;
  }

  /** A NUL-terminated text; bytes become characters one to one, the callers refuse all but ASCII. */
  private text(start: number, end: number, what: string): string {
    const last = Math.min(end, start + MAX_NAME_BYTES + 1);
    let text = "";
    for (let i = start; i < last; i++) {
      const byte = this.blob[i]!;
      if (byte === 0) return text;
      text += String.fromCharCode(byte);
    }
    if (last === end) throw damaged(start, `a ${what} runs into the end of its block`);
    throw new DeviceTreeError("too-large", `device tree blob: at offset ${hex(start)} a ${what} is longer than ${MAX_NAME_BYTES} bytes`, {
      value: start,
      limit: MAX_NAME_BYTES,
      remedy: "shorten it, the specification allows 31",
    });
  }
}
