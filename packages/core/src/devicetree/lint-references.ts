/**
 * Lint: phandles, and the properties that hold them. Specification 2.3.3; which property refers to what comes from the
 * bindings of Linux (Documentation/devicetree/bindings) and is a table below. interrupts-extended and interrupt-map,
 * which need more, are in lint-interrupts.ts.
 */
import { hex } from "../ids.ts";
import type { FindingSink } from "./lint-finding.ts";
import { cellsOf, u32Of, type IndexedNode, type TreeIndex } from "./tree-index.ts";

/** How a property refers: each entry is a phandle, then as many cells as the provider's `cells` says, or `fixed` ones. */
interface ReferenceRow {
  readonly property: RegExp;
  /** The provider's property; absent: no arguments. */
  readonly cells?: string;
  /** Used where the provider has no such property; absent: it must have it. */
  readonly fallback?: number;
  /** Entries of fixed length: where the phandle stands, of how many cells. */
  readonly fixed?: { readonly at: number; readonly of: number };
}

const ROWS: readonly ReferenceRow[] = [
  { property: /^interrupt-parent$/ },
  { property: /^msi-parent$/, cells: "#msi-cells", fallback: 0 },
  { property: /^(msi-map|iommu-map)$/, fixed: { at: 1, of: 4 } },
  { property: /^(assigned-)?clocks$/, cells: "#clock-cells" },
  { property: /^(.*-)?gpios?$/, cells: "#gpio-cells" },
  { property: /^resets$/, cells: "#reset-cells" },
  { property: /^power-domains$/, cells: "#power-domain-cells" },
  { property: /^dmas$/, cells: "#dma-cells" },
  { property: /^phys$/, cells: "#phy-cells" },
  { property: /^mboxes$/, cells: "#mbox-cells" },
  { property: /^iommus$/, cells: "#iommu-cells" },
  { property: /^pwms$/, cells: "#pwm-cells" },
  { property: /^(next-level-cache|memory-region|phy-handle|cpu-idle-states|affinity|.*-supply)$/ },
];

export function lintReferences(index: TreeIndex, sink: FindingSink): void {
  lintPhandles(index, sink);
  for (const entry of index.nodes) {
    for (const name of entry.properties.keys()) {
      const row = ROWS.find(({ property }) => property.test(name));
      // A hog's `gpios` are numbers of its parent's lines, without phandles.
      if (row === undefined || (entry.properties.has("gpio-hog") && name === "gpios")) continue;
      lintReference(index, entry, name, row, sink);
    }
  }
}

function lintPhandles(index: TreeIndex, sink: FindingSink): void {
  for (const entry of index.nodes) {
    const { properties, path } = entry;
    const value = properties.get("phandle");
    if (value === undefined) continue;
    const phandle = u32Of(entry, "phandle");
    if (phandle === undefined) {
      sink.error("phandle", path, `phandle has ${value.length} bytes, one cell of 4 is due`);
    } else if (phandle === 0 || phandle === 0xffff_ffff) {
      sink.error("phandle", path, `phandle ${hex(phandle)} is reserved`);
    } else {
      const first = index.withPhandle(phandle)!;
      if (first !== entry) sink.error("phandle", path, `phandle ${hex(phandle)} is also that of ${first.path}`);
    }
  }
}

/** Stops at the first trouble in a property: what follows cannot be told apart any more. */
function lintReference(index: TreeIndex, entry: IndexedNode, name: string, row: ReferenceRow, sink: FindingSink): void {
  const cells = cellsOf(entry, name);
  if (cells === undefined || cells.length === 0) {
    sink.error("cell-count", entry.path, `${name} is not made of cells, phandles are due`);
    return;
  }
  for (let at = 0; at < cells.length; ) {
    const phandle = cells[at + (row.fixed?.at ?? 0)];
    // 0 stands for "none" in lists with optional entries.
    const provider = phandle === undefined || (phandle === 0 && row.cells !== undefined) ? undefined : index.withPhandle(phandle);
    if (provider === undefined && phandle !== 0) {
      const said = phandle === undefined ? "ends inside an entry" : `refers to phandle ${hex(phandle)}, which no node has`;
      sink.error(phandle === undefined ? "cell-count" : "dangling-phandle", entry.path, `${name} ${said}`);
      return;
    }
    const length = row.fixed?.of ?? 1 + (provider === undefined ? 0 : argumentCells(provider, row));
    if (Number.isNaN(length)) {
      sink.error("provider-cells", entry.path, `${name} refers to ${provider!.path}, which has no ${row.cells}`);
      return;
    }
    at += length;
    if (at <= cells.length) continue;
    sink.error("cell-count", entry.path, `${name} has ${cells.length} cells, its last entry needs ${at - cells.length} more`);
  }
}

/** NaN where the provider does not say. */
function argumentCells(provider: IndexedNode, row: ReferenceRow): number {
  return row.cells === undefined ? 0 : (u32Of(provider, row.cells) ?? row.fallback ?? Number.NaN);
}
