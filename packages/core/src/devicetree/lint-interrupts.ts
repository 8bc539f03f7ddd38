/**
 * Lint: who serves an interrupt, and whether its specifier makes sense there. Specification 2.4; trigger and number are
 * judged for GICs only, after the bindings arm,gic and arm,gic-v3.
 */
import { hex } from "../ids.ts";
import { GIC_INTERRUPT_TYPES } from "./interrupt-specifier.ts";
import type { FindingSink } from "./lint-finding.ts";
import { addressCellsOf, cellsOf, stringsOf, u32Of, type IndexedNode, type TreeIndex } from "./tree-index.ts";

/** `compatible` of GICs. */
export const GIC: RegExp = /^arm,(gic-v3|gic-400|pl390|cortex-a(5|7|9|15)-gic|arm11mp-gic|arm1176jzf-devchip-gic)$/;

export function lintInterrupts(index: TreeIndex, sink: FindingSink): void {
  for (const entry of index.nodes) {
    const { properties, path } = entry;
    if (properties.has("interrupt-controller") && u32Of(entry, "#interrupt-cells") === undefined) {
      sink.error("interrupt-cells", path, "it is an interrupt controller without #interrupt-cells");
    }
    // Section 2.4.1.2: where both are given, guests read interrupts-extended.
    if (properties.has("interrupts-extended")) lintExtended(index, entry, sink);
    else if (properties.has("interrupts")) lintPlain(index, entry, sink);
    if (properties.has("interrupt-map")) lintMap(index, entry, sink);
  }
}

function lintPlain(index: TreeIndex, entry: IndexedNode, sink: FindingSink): void {
  const { path, properties } = entry;
  const parent = index.interruptParent(entry);
  if (parent.kind === "none") {
    sink.error("interrupt-parent", path, "it has interrupts, but no interrupt-parent on it or above it leads to a controller");
    return;
  }
  if (parent.kind === "dangling") {
    sink.error("interrupt-parent", path, `interrupt-parent ${hex(parent.phandle)} of ${parent.holder.path} names no node`);
    return;
  }
  const cells = cellsOf(entry, "interrupts");
  if (cells === undefined || cells.length === 0 || parent.cells === 0 || cells.length % parent.cells !== 0) {
    const bytes = properties.get("interrupts")!.length;
    const due = `#interrupt-cells of ${parent.controller.path} is ${hex(parent.cells)}`;
    sink.error("interrupt-cells", path, `interrupts has ${bytes} bytes, ${due}`);
    return;
  }
  for (let at = 0; at < cells.length; at += parent.cells) {
    lintSpecifier(parent.controller, cells.slice(at, at + parent.cells), "interrupts", path, sink);
  }
}

function lintExtended(index: TreeIndex, entry: IndexedNode, sink: FindingSink): void {
  const name = "interrupts-extended";
  const cells = cellsOf(entry, name);
  if (cells === undefined || cells.length === 0) {
    sink.error("interrupt-cells", entry.path, `${name} is not made of cells`);
    return;
  }
  for (let at = 0; at < cells.length; ) {
    const controller = controllerAt(index, cells[at]!, name, entry.path, sink);
    if (controller === undefined) return;
    const count = u32Of(controller, "#interrupt-cells")!;
    if (at + 1 + count > cells.length) {
      sink.error("interrupt-cells", entry.path, `${name} ends inside a specifier of ${controller.path}, which takes ${hex(count)} cells`);
      return;
    }
    lintSpecifier(controller, cells.slice(at + 1, at + 1 + count), name, entry.path, sink);
    at += 1 + count;
  }
}

/** Section 2.4.3: child unit address, child specifier, controller, its unit address (0 cells by default), its specifier. */
function lintMap(index: TreeIndex, entry: IndexedNode, sink: FindingSink): void {
  const name = "interrupt-map";
  const { path } = entry;
  const ownInterrupt = u32Of(entry, "#interrupt-cells");
  const cells = cellsOf(entry, name);
  if (ownInterrupt === undefined || cells === undefined) {
    sink.error("interrupt-cells", path, `${name} needs #interrupt-cells on its node, and has to be made of cells`);
    return;
  }
  const own = addressCellsOf(entry) + ownInterrupt;
  const mask = cellsOf(entry, "interrupt-map-mask");
  if (mask !== undefined && mask.length !== own) {
    sink.error("interrupt-cells", path, `interrupt-map-mask has ${mask.length} cells, #address-cells + #interrupt-cells are ${hex(own)}`);
  }
  for (let at = 0; at < cells.length; ) {
    const phandle = cells[at + own];
    if (phandle === undefined) {
      sink.error("interrupt-cells", path, `${name} ends inside an entry`);
      return;
    }
    const controller = controllerAt(index, phandle, name, path, sink);
    if (controller === undefined) return;
    const start = at + own + 1 + (u32Of(controller, "#address-cells") ?? 0);
    const end = start + u32Of(controller, "#interrupt-cells")!;
    if (end > cells.length) {
      sink.error("interrupt-cells", path, `${name} ends inside a specifier of ${controller.path}`);
      return;
    }
    lintSpecifier(controller, cells.slice(start, end), name, path, sink);
    at = end;
  }
}

/** The controller of that phandle; where there is none, or it takes no interrupts, says so. */
function controllerAt(index: TreeIndex, phandle: number, name: string, path: string, sink: FindingSink): IndexedNode | undefined {
  const controller = index.withPhandle(phandle);
  if (controller === undefined) {
    sink.error("dangling-phandle", path, `${name} refers to phandle ${hex(phandle)}, which no node has`);
    return undefined;
  }
  if (u32Of(controller, "#interrupt-cells") !== undefined) return controller;
  sink.error("interrupt-cells", path, `${name} refers to ${controller.path}, which has no #interrupt-cells`);
  return undefined;
}

/**
 * Type, number and flags of a GIC interrupt:
 * - the type is 0 … 3 (SPI, PPI, and in GICv3 ESPI, EPPI), the number inside its kind;
 * - flags bits 3:0 are one of 1, 2, 4, 8; 0 leaves the trigger as the GIC has it;
 * - a shared interrupt is rising edge (1) or high level (4): the GIC has no others.
 */
function lintSpecifier(controller: IndexedNode, cells: readonly number[], name: string, path: string, sink: FindingSink): void {
  const compatible = stringsOf(controller, "compatible") ?? [];
  if (!compatible.some((model) => GIC.test(model)) || cells.length < 3) return;
  const [type, number, flags] = cells as [number, number, number];
  const kind = GIC_INTERRUPT_TYPES.find((row) => row.type === type && (row.type < 2 || compatible.includes("arm,gic-v3")));
  if (kind === undefined) {
    sink.error("interrupt-number", path, `${name}: ${controller.path} has no interrupt type ${hex(type)}`);
    return;
  }
  const said = `${name}: ${kind.name} ${number}`;
  if (number >= kind.count) sink.error("interrupt-number", path, `${said} is beyond ${kind.name} ${kind.count - 1}`);
  const trigger = flags & 0xf;
  if (trigger === 0) {
    sink.warning("interrupt-trigger", path, `${said} has no trigger (flags ${hex(flags)}); write 1 for rising edge, 4 for high level`);
  } else if (![1, 2, 4, 8].includes(trigger)) {
    sink.error("interrupt-trigger", path, `${said} has trigger ${hex(trigger)}, which is more than one`);
  } else if (kind.shared && trigger !== 1 && trigger !== 4) {
    const known = "a GIC knows 1 (rising edge) and 4 (high level) for shared interrupts";
    sink.error("interrupt-trigger", path, `${said} has trigger ${hex(trigger)}, ${known}`);
  }
}
