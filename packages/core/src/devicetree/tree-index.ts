/**
 * A finished tree, made quick to ask: parents, paths, phandles, and the rules by which a node inherits cell counts and
 * its interrupt parent (Devicetree Specification v0.4, 2.3.5 and 2.4). Built once per build or lint; does not follow
 * later edits. Everything is a map, so that a hostile tree costs no more than its size. Never throws on a parsed tree.
 */
import { MAX_TREE_DEPTH, pathSteps, walkTree, type DeviceTree, type DeviceTreeNode, type TreePosition } from "./device-tree.ts";
import { bytesToCells, bytesToStrings } from "./read-value.ts";

/** Section 2.3.5: what holds where the parent says nothing. */
export const DEFAULT_ADDRESS_CELLS = 2;
export const DEFAULT_SIZE_CELLS = 1;

export interface IndexedNode {
  readonly node: DeviceTreeNode;
  readonly path: string;
  readonly parent: IndexedNode | undefined;
  /** First property of each name. */
  readonly properties: ReadonlyMap<string, Uint8Array>;
  /** By full name; where a unit address may be left out, by bare name too ("ambiguous" for two candidates). */
  readonly children: Map<string, IndexedNode | "ambiguous">;
}

/** Who serves the interrupts of a node. */
export type InterruptParent =
  | { readonly kind: "found"; readonly controller: IndexedNode; readonly cells: number }
  /** No ancestor names one. */
  | { readonly kind: "none" }
  /** `interrupt-parent` of `holder` names no node. */
  | { readonly kind: "dangling"; readonly phandle: number; readonly holder: IndexedNode };

export class TreeIndex {
  /** Parents before children, in tree order. */
  readonly nodes: readonly IndexedNode[];
  readonly root: IndexedNode;
  private readonly byPhandle = new Map<number, IndexedNode>();

  constructor(tree: DeviceTree) {
    const nodes: IndexedNode[] = [];
    const indexed = new Map<TreePosition, IndexedNode>();
    for (const position of walkTree(tree)) {
      const entry = indexNode(position, position.parent && indexed.get(position.parent));
      indexed.set(position, entry);
      nodes.push(entry);
      const phandle = u32Of(entry, "phandle") ?? u32Of(entry, "linux,phandle");
      if (phandle !== undefined && !this.byPhandle.has(phandle)) this.byPhandle.set(phandle, entry);
    }
    this.nodes = nodes;
    this.root = nodes[0]!;
  }

  /** The first node in tree order with that phandle. */
  withPhandle(phandle: number): IndexedNode | undefined {
    return this.byPhandle.get(phandle);
  }

  /** As `findNode`, and quick. */
  atPath(path: string): IndexedNode | undefined {
    if (!path.startsWith("/")) return undefined;
    let here: IndexedNode | undefined = this.root;
    for (const step of pathSteps(path)) {
      const next: IndexedNode | "ambiguous" | undefined = here.children.get(step);
      if (next === undefined || next === "ambiguous") return undefined;
      here = next;
    }
    return here;
  }

  /**
   * Whom the interrupts of `entry` go to: the nearest `interrupt-parent`, or the nearest ancestor that has
   * #interrupt-cells, whichever is met first; a named node without #interrupt-cells passes the question on.
   */
  interruptParent(entry: IndexedNode): InterruptParent {
    let here: IndexedNode = entry;
    // The steps are counted because two nodes may name each other.
    for (let step = 0; step < 2 * MAX_TREE_DEPTH; step++) {
      const phandle = u32Of(here, "interrupt-parent");
      const next: IndexedNode | undefined = phandle === undefined ? here.parent : this.byPhandle.get(phandle);
      if (next === undefined) return phandle === undefined ? { kind: "none" } : { kind: "dangling", phandle, holder: here };
      const cells = u32Of(next, "#interrupt-cells");
      if (cells !== undefined) return { kind: "found", controller: next, cells };
      here = next;
    }
    return { kind: "none" };
  }
}

function indexNode({ node, path }: TreePosition, parent: IndexedNode | undefined): IndexedNode {
  const properties = new Map<string, Uint8Array>();
  for (const { name, value } of node.properties) if (!properties.has(name)) properties.set(name, value);
  const entry: IndexedNode = { node, path, parent, properties, children: new Map() };
  if (parent !== undefined) enterChild(parent.children, node.name, entry);
  return entry;
}

function enterChild(siblings: IndexedNode["children"], name: string, entry: IndexedNode): void {
  const present = siblings.get(name);
  // A full name beats the bare name of a sibling; the first of two equal full names stays.
  if (present === undefined || present === "ambiguous" || present.node.name !== name) siblings.set(name, entry);
  const at = name.indexOf("@");
  if (at <= 0) return;
  const bare = name.slice(0, at);
  const other = siblings.get(bare);
  if (other === undefined) siblings.set(bare, entry);
  else if (other !== "ambiguous" && other.node.name !== bare) siblings.set(bare, "ambiguous");
}

/** The property as one cell; undefined where it is absent or of another length. */
export function u32Of(entry: IndexedNode, name: string): number | undefined {
  const value = entry.properties.get(name);
  return value?.length === 4 ? bytesToCells(value)![0] : undefined;
}

/** The property as cells; undefined where it is absent or of an odd length. */
export function cellsOf(entry: IndexedNode, name: string): number[] | undefined {
  const value = entry.properties.get(name);
  return value && bytesToCells(value);
}

/** The property as a string list. */
export function stringsOf(entry: IndexedNode, name: string): string[] | undefined {
  const value = entry.properties.get(name);
  return value && bytesToStrings(value);
}

/** #address-cells for the children of `entry`. */
export const addressCellsOf = (entry: IndexedNode): number => u32Of(entry, "#address-cells") ?? DEFAULT_ADDRESS_CELLS;
/** #size-cells for the children of `entry`. */
export const sizeCellsOf = (entry: IndexedNode): number => u32Of(entry, "#size-cells") ?? DEFAULT_SIZE_CELLS;
