/**
 * Does the unit address agree with `reg`? Devicetree Specification v0.4, 2.2.1: it "must match the first address
 * specified in the reg property". Asked by the builder, where a mismatch is an error, and by lint.
 */
import { unitAddress } from "./names.ts";
import { joinCells } from "./read-value.ts";
import { addressCellsOf, cellsOf, stringsOf, type IndexedNode } from "./tree-index.ts";
import { toBigint } from "../u64.ts";

/** Both sides of a disagreement. */
export interface UnitAddressMismatch {
  /** As the name says it, hexadecimal digits. */
  readonly unit: string;
  /** First address of `reg`. */
  readonly address: bigint;
}

/**
 * The two sides where they differ. Buses with a format of their own (PCI's "device,function", more than two address
 * cells, anything but hex digits) are not judged, nor are PCI host bridges, which are named after one of their windows
 * (QEMU's /pcie@10000000 has its `reg` elsewhere).
 */
export function unitAddressMismatch(entry: IndexedNode): UnitAddressMismatch | undefined {
  const unit = unitAddress(entry.node.name);
  if (unit === undefined || entry.parent === undefined || !/^[0-9a-fA-F]+$/.test(unit)) return undefined;
  if (isPci(entry) || isPci(entry.parent)) return undefined;
  const addressCells = addressCellsOf(entry.parent);
  const reg = cellsOf(entry, "reg");
  if (reg === undefined || addressCells < 1 || addressCells > 2 || reg.length < addressCells) return undefined;
  const address = toBigint(joinCells(reg.slice(0, addressCells)));
  return BigInt(`0x${unit}`) === address ? undefined : { unit, address };
}

function isPci(entry: IndexedNode): boolean {
  const deviceType = stringsOf(entry, "device_type")?.[0];
  return deviceType === "pci" || deviceType === "pciex";
}
