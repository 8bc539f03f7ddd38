/**
 * Which addresses a device tree gives to its nodes, as a CPU sees them: `reg` through the `ranges` of every bus above it (Specification
 * 2.3.6 and 2.3.8), and the windows of PCI hosts. Nodes on a bus without `ranges` (CPUs, I²C) have no address here; so do those below a PCI
 * host, whose addresses the guest assigns.
 */
import { addressCellsOf, cellsOf, type IndexedNode, sizeCellsOf, stringsOf, type TreeIndex } from "../devicetree/tree-index.ts";
import type { AddressRange } from "../bus/address-range.ts";

export interface TreeAddress extends AddressRange {
  readonly node: IndexedNode;
  /** `reg`, or a window of a PCI host. */
  readonly kind: "reg" | "window";
}

/** In tree order; empty ranges and what does not fit 2^53 are left out. */
export function treeAddresses(index: TreeIndex): TreeAddress[] {
  return index.nodes.flatMap((node) => [...registers(node), ...windows(node)]);
}

function registers(node: IndexedNode): TreeAddress[] {
  const { parent } = node;
  if (parent === undefined || !node.properties.has("reg")) return [];
  const [addressCells, sizeCells] = [addressCellsOf(parent), sizeCellsOf(parent)];
  return entriesOf(cellsOf(node, "reg"), [addressCells, sizeCells]).flatMap(([address, size]) => {
    const base = size === 0n ? undefined : throughBuses(parent, address!);
    return base === undefined ? [] : rangeOf(node, "reg", base, size!);
  });
}

/** A bus in front of the CPU's: each range moves addresses by a constant. */
function throughBuses(bus: IndexedNode, address: bigint): bigint | undefined {
  let here = bus;
  let moved = address;
  while (here.parent !== undefined) {
    const ranges = isPci(here) ? undefined : here.properties.get("ranges");
    if (ranges === undefined) return undefined;
    if (ranges.length > 0) {
      const entries = entriesOf(cellsOf(here, "ranges"), [addressCellsOf(here), addressCellsOf(here.parent), sizeCellsOf(here)]);
      const entry = entries.find(([child, , size]) => moved >= child! && moved < child! + size!);
      if (entry === undefined) return undefined;
      moved += entry[1]! - entry[0]!;
    }
    here = here.parent;
  }
  return moved;
}

function windows(node: IndexedNode): TreeAddress[] {
  const { parent } = node;
  if (parent === undefined || !isPci(node)) return [];
  const entries = entriesOf(cellsOf(node, "ranges"), [addressCellsOf(node), addressCellsOf(parent), sizeCellsOf(node)]);
  return entries.flatMap(([, base, size]) => rangeOf(node, "window", base!, size!));
}

function rangeOf(node: IndexedNode, kind: TreeAddress["kind"], base: bigint, size: bigint): TreeAddress[] {
  return base + size > BigInt(Number.MAX_SAFE_INTEGER) ? [] : [{ node, kind, base: Number(base), size: Number(size) }];
}

/** Cells as rows of whole numbers; undefined and half rows give none. */
function entriesOf(cells: readonly number[] | undefined, widths: readonly number[]): bigint[][] {
  const width = widths.reduce((sum, cell) => sum + cell, 0);
  if (cells === undefined || width === 0 || cells.length % width !== 0) return [];
  return Array.from({ length: cells.length / width }, (_, row) => {
    let at = row * width;
    return widths.map((count) => cells.slice(at, (at += count)).reduce((sum, cell) => (sum << 32n) | BigInt(cell), 0n));
  });
}

function isPci(node: IndexedNode): boolean {
  const type = stringsOf(node, "device_type")?.[0];
  return type === "pci" || type === "pciex";
}
