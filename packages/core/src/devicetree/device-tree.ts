/**
 * The device tree as data: nodes, properties and values in the order in which they stand in a blob, nothing derived.
 * Builder and parser make it; writer, printer, lint and loaders take it. Devicetree Specification v0.4, section 2.2.
 *
 * Values are bytes, because a blob knows no types; `property-value.ts` and `read-value.ts` put types on them. Lists, not
 * maps: order is part of the tree, and a blob with a name twice (legal for no one, seen in the field) survives an edit.
 */
import { hex } from "../ids.ts";
import type { U64 } from "../u64.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import { checkNodeName, checkPropertyName } from "./names.ts";
import { encodeValue, type FinalPropertyInput } from "./property-value.ts";

/** Deepest node, the root being 1. Linux refuses deeper trees too (FDT_MAX_DEPTH), so nothing bootable is lost. */
export const MAX_TREE_DEPTH = 64;

/** A property: bytes under a name. */
export interface DeviceTreeProperty {
  readonly name: string;
  /** Big-endian, as in the blob; empty for a property that is merely present. */
  value: Uint8Array;
}

/** A node: its properties and children, in the order of the blob. */
export interface DeviceTreeNode {
  /** `node-name@unit-address`, or `node-name`; the root's is empty. */
  readonly name: string;
  readonly properties: DeviceTreeProperty[];
  readonly children: DeviceTreeNode[];
}

/** Memory the guest must keep its hands off (section 5.3). */
export interface MemoryReservation {
  readonly address: U64;
  readonly size: U64;
}

export interface DeviceTree {
  readonly root: DeviceTreeNode;
  readonly reservations: MemoryReservation[];
  /** Physical id of the boot CPU: the `reg` of its node. */
  bootCpuidPhys: number;
}

/** A tree of one empty root node. */
export function emptyDeviceTree(): DeviceTree {
  return { root: { name: "", properties: [], children: [] }, reservations: [], bootCpuidPhys: 0 };
}

/** First property of that name; undefined where the node has none. */
export function findProperty(node: DeviceTreeNode, name: string): DeviceTreeProperty | undefined {
  return node.properties.find((property) => property.name === name);
}

/**
 * The node at `path` ("/", "/cpus/cpu@0"). As section 2.2.3 allows, a unit address may be left out where only one
 * sibling has that node name: "/memory" finds "/memory@40000000". Undefined where there is none, or more than one.
 */
export function findNode(tree: DeviceTree, path: string): DeviceTreeNode | undefined {
  if (!path.startsWith("/")) return undefined;
  let node: DeviceTreeNode | undefined = tree.root;
  for (const step of pathSteps(path)) {
    if (node === undefined) return undefined;
    node = findChild(node, step);
  }
  return node;
}

function findChild(node: DeviceTreeNode, name: string): DeviceTreeNode | undefined {
  const exact = node.children.find((child) => child.name === name);
  if (exact !== undefined || name.includes("@")) return exact;
  const bare = node.children.filter((child) => child.name.startsWith(`${name}@`));
  return bare.length === 1 ? bare[0] : undefined;
}

/** "/cpus/cpu@0" → ["cpus", "cpu@0"]; "/" → []. */
export function pathSteps(path: string): string[] {
  return path.split("/").filter((step) => step !== "");
}

/**
 * The node at `path`, made (with every missing ancestor, appended as the last child) where there is none.
 * @throws DeviceTreeError where the path does not begin with "/", a step is no legal node name, or it is too deep.
 */
export function ensureNode(tree: DeviceTree, path: string): DeviceTreeNode {
  if (!path.startsWith("/")) throw notAbsolute(path);
  const steps = pathSteps(path);
  if (steps.length >= MAX_TREE_DEPTH) throw tooDeep(path);
  let node = tree.root;
  for (const step of steps) {
    let child = findChild(node, step);
    if (child === undefined) {
      checkNodeName(step, path);
      child = { name: step, properties: [], children: [] };
      node.children.push(child);
    }
    node = child;
  }
  return node;
}

/**
 * Sets a property in place, keeping its position; a new one becomes the last of its node.
 * @throws DeviceTreeError where the name or the value is not legal.
 */
export function setProperty(node: DeviceTreeNode, name: string, value: FinalPropertyInput): void {
  const bytes = encodeValue(value, `${name} of ${node.name === "" ? "/" : node.name}`);
  const present = findProperty(node, name);
  if (present !== undefined) {
    present.value = bytes;
    return;
  }
  checkPropertyName(name, node.name);
  node.properties.push({ name, value: bytes });
}

/** Removes every property of that name; true where there was one. */
export function deleteProperty(node: DeviceTreeNode, name: string): boolean {
  const kept = node.properties.filter((property) => property.name !== name);
  const removed = kept.length !== node.properties.length;
  if (removed) node.properties.splice(0, node.properties.length, ...kept);
  return removed;
}

/** A node, where it stands. */
export interface TreePosition {
  readonly node: DeviceTreeNode;
  readonly path: string;
  readonly parent: TreePosition | undefined;
  /** The root has depth 1. */
  readonly depth: number;
}

/**
 * Every node, parents before children, children in order. Does not recurse, so the host's stack is safe.
 * @throws DeviceTreeError beyond MAX_TREE_DEPTH, which also ends the walk of a tree that contains itself.
 */
export function* walkTree(tree: DeviceTree): Generator<TreePosition, void, void> {
  const waiting: TreePosition[] = [{ node: tree.root, path: "/", parent: undefined, depth: 1 }];
  for (let here = waiting.pop(); here !== undefined; here = waiting.pop()) {
    if (here.depth > MAX_TREE_DEPTH) throw tooDeep(here.path);
    yield here;
    const { children } = here.node;
    const prefix = here.path === "/" ? "/" : `${here.path}/`;
    for (let i = children.length - 1; i >= 0; i--) {
      const node = children[i]!;
      waiting.push({ node, path: prefix + node.name, parent: here, depth: here.depth + 1 });
    }
  }
}

/** The error for a path without its leading slash. */
export function notAbsolute(path: string): DeviceTreeError {
  return new DeviceTreeError("name", `device tree path "${path}" is not absolute`, {
    value: path,
    remedy: `begin it with "/", as in "/${path}"`,
  });
}

/** The error for a node below the deepest allowed one. */
export function tooDeep(path: string): DeviceTreeError {
  const shown = path.length > 80 ? `${path.slice(0, 80)}…` : path;
  return new DeviceTreeError("too-large", `device tree node ${shown} lies deeper than ${MAX_TREE_DEPTH} (${hex(MAX_TREE_DEPTH)}) levels`, {
    subject: shown,
    limit: MAX_TREE_DEPTH,
    remedy: "flatten the tree, Linux does not read deeper ones either",
  });
}
