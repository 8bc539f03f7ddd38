/** Lint: `reg`, `ranges`, unit addresses and the cell counts they are written in. Specification 2.2.1, 2.3.5, 2.3.6, 2.3.8. */
import { hex } from "../ids.ts";
import type { FindingSink } from "./lint-finding.ts";
import { unitAddress } from "./names.ts";
import { addressCellsOf, sizeCellsOf, type IndexedNode, type TreeIndex } from "./tree-index.ts";
import { unitAddressMismatch } from "./unit-address.ts";

export function lintAddresses(index: TreeIndex, sink: FindingSink): void {
  for (const entry of index.nodes) {
    lintCellCounts(entry, sink);
    lintDefaults(entry, sink);
    lintUnitAddress(entry, sink);
    lintSiblings(entry, sink);
    lintReg(entry, sink);
    lintRanges(entry, sink, "ranges");
    lintRanges(entry, sink, "dma-ranges");
  }
}

function lintCellCounts({ properties, path }: IndexedNode, sink: FindingSink): void {
  for (const name of ["#address-cells", "#size-cells", "#interrupt-cells"]) {
    const value = properties.get(name);
    if (value === undefined || value.length === 4) continue;
    sink.error("cell-count", path, `${name} has ${value.length} bytes, one cell of 4 is due`);
  }
}

/** Guests apply the defaults of section 2.3.5, or not: better not to rely on them. */
function lintDefaults({ node, properties, path }: IndexedNode, sink: FindingSink): void {
  const child = node.children.find(({ properties: list }) => list.some(({ name }) => name === "reg"));
  if (child === undefined) return;
  for (const name of ["#address-cells", "#size-cells"]) {
    if (properties.has(name)) continue;
    sink.warning("default-cells", path, `${name} is not given, but its child ${child.name} has reg`);
  }
}

function lintUnitAddress(entry: IndexedNode, sink: FindingSink): void {
  const { node, path, properties, parent } = entry;
  if (parent === undefined) return;
  const unit = unitAddress(node.name);
  const addressed = properties.has("reg") || (properties.get("ranges")?.length ?? 0) > 0;
  if (unit === undefined) {
    if (addressed) sink.warning("unit-address", path, "it has reg or ranges, but no unit address in its name");
    return;
  }
  if (!addressed) sink.warning("unit-address", path, `its name has unit address ${unit}, but it has neither reg nor ranges`);
  if (/^0[0-9a-fA-F]/.test(unit)) sink.warning("unit-address", path, `unit address ${unit} begins with a needless 0`);
  if (/^0[xX]/.test(unit)) sink.warning("unit-address", path, `unit address ${unit} begins with 0x`);
  const mismatch = unitAddressMismatch(entry);
  if (mismatch === undefined) return;
  // Guests go by reg alone, and QEMU's own virt board names its PCIe host after the wrong window.
  sink.warning("unit-address", path, `unit address ${mismatch.unit} is not the first address of its reg, ${hex(mismatch.address)}`);
}

function lintSiblings({ node, path }: IndexedNode, sink: FindingSink): void {
  const first = new Map<string, string>();
  for (const { name } of node.children) {
    const unit = unitAddress(name);
    if (unit === undefined) continue;
    const other = first.get(unit);
    if (other === undefined) first.set(unit, name);
    else if (other !== name) sink.warning("duplicate-unit-address", path, `its children ${other} and ${name} have the same unit address`);
  }
}

function lintReg({ properties, path, parent }: IndexedNode, sink: FindingSink): void {
  const reg = properties.get("reg");
  if (reg === undefined || parent === undefined) return;
  const [addressCells, sizeCells] = [addressCellsOf(parent), sizeCellsOf(parent)];
  if (isMultiple(reg.length, 4 * (addressCells + sizeCells))) return;
  const entry = `#address-cells ${hex(addressCells)} + #size-cells ${hex(sizeCells)} of ${parent.path}`;
  sink.error("cell-count", path, `reg has ${reg.length} bytes, which is no whole number of entries of ${entry}`);
}

function lintRanges(entry: IndexedNode, sink: FindingSink, name: "ranges" | "dma-ranges"): void {
  const { properties, path, parent } = entry;
  const value = properties.get(name);
  if (value === undefined || parent === undefined) return;
  const [child, above, size] = [addressCellsOf(entry), addressCellsOf(parent), sizeCellsOf(entry)];
  if (value.length === 0) {
    if (child === above && size === sizeCellsOf(parent)) return;
    const why = `${name} is empty (same addresses above and below)`;
    sink.error("cell-count", path, `${why}, but the cell counts differ from those of ${parent.path}`);
  } else if (!isMultiple(value.length, 4 * (child + above + size))) {
    const cells = `${hex(child)} child + ${hex(above)} parent + ${hex(size)} size cells`;
    sink.error("cell-count", path, `${name} has ${value.length} bytes, which is no whole number of entries of ${cells}`);
  }
}

/** A positive whole multiple. */
const isMultiple = (length: number, entry: number): boolean => length > 0 && entry > 0 && length % entry === 0;
