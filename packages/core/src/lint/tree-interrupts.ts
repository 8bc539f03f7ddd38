/**
 * The shared interrupts that a device tree promises, as INTIDs with their triggers: `interrupts`, `interrupts-extended` and
 * `interrupt-map` of all nodes, where they lead to a GIC (Specification 2.4; bindings arm,gic and arm,gic-v3).
 *
 * What is malformed is passed over: `lintDeviceTree` tells of it. Private interrupts are left out: no GSI drives them.
 */
import { GIC } from "../devicetree/lint-interrupts.ts";
import { addressCellsOf, cellsOf, type IndexedNode, stringsOf, type TreeIndex, u32Of } from "../devicetree/tree-index.ts";

export interface TreeInterrupt {
  readonly node: IndexedNode;
  readonly intid: number;
  /** Undefined where the tree leaves it open. */
  readonly trigger: "level" | "edge" | undefined;
}

/** First INTID of the shared kinds, by the first cell. */
const FIRST: Readonly<Record<number, number>> = { 0: 32, 2: 4096 };

/** In tree order. */
export function treeInterrupts(index: TreeIndex): TreeInterrupt[] {
  return index.nodes.flatMap((node) => [...specifiers(index, node)].flatMap((cells) => interruptOf(node, cells)));
}

function interruptOf(node: IndexedNode, [type, number, flags]: readonly number[]): TreeInterrupt[] {
  const first = FIRST[type!];
  if (first === undefined || number === undefined) return [];
  const trigger = (flags! & 3) !== 0 ? "edge" : (flags! & 12) !== 0 ? "level" : undefined;
  return [{ node, intid: first + number, trigger }];
}

/** The specifiers of a node that a GIC gets, three cells or more each. */
function* specifiers(index: TreeIndex, node: IndexedNode): Generator<readonly number[], void, undefined> {
  if (node.properties.has("interrupts-extended")) yield* extended(index, node);
  else if (node.properties.has("interrupts")) yield* plain(index, node);
  if (node.properties.has("interrupt-map")) yield* mapped(index, node);
}

function* plain(index: TreeIndex, node: IndexedNode): Generator<readonly number[], void, undefined> {
  const parent = index.interruptParent(node);
  const cells = cellsOf(node, "interrupts") ?? [];
  if (parent.kind !== "found" || !isGic(parent.controller) || parent.cells < 3) return;
  for (let at = 0; at + parent.cells <= cells.length; at += parent.cells) yield cells.slice(at, at + parent.cells);
}

function* extended(index: TreeIndex, node: IndexedNode): Generator<readonly number[], void, undefined> {
  const cells = cellsOf(node, "interrupts-extended") ?? [];
  for (let at = 0; at < cells.length; ) {
    const controller = index.withPhandle(cells[at]!);
    const count = controller === undefined ? undefined : u32Of(controller, "#interrupt-cells");
    if (controller === undefined || count === undefined || at + 1 + count > cells.length) return;
    if (isGic(controller) && count >= 3) yield cells.slice(at + 1, at + 1 + count);
    at += 1 + count;
  }
}

function* mapped(index: TreeIndex, node: IndexedNode): Generator<readonly number[], void, undefined> {
  const cells = cellsOf(node, "interrupt-map") ?? [];
  const own = addressCellsOf(node) + (u32Of(node, "#interrupt-cells") ?? 0);
  for (let at = 0; at + own < cells.length; ) {
    const controller = index.withPhandle(cells[at + own]!);
    const count = controller === undefined ? undefined : u32Of(controller, "#interrupt-cells");
    if (controller === undefined || count === undefined) return;
    const start = at + own + 1 + (u32Of(controller, "#address-cells") ?? 0);
    if (start + count > cells.length) return;
    if (isGic(controller) && count >= 3) yield cells.slice(start, start + count);
    at = start + count;
  }
}

/** Does the node stand for a GIC? */
export const isGic = (node: IndexedNode): boolean => (stringsOf(node, "compatible") ?? []).some((model) => GIC.test(model));
