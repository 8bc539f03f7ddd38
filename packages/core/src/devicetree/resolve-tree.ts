/**
 * Drafts → finished nodes: phandles first, then values from the root down (a `reg` needs the cell counts above it), then
 * the checks that need the whole tree. All errors name the node and who contributed.
 */
import { hex } from "../ids.ts";
import { allocatePhandles } from "./allocate-phandles.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import type { DeviceTreeNode } from "./device-tree.ts";
import type { Contribution, DraftLabel, DraftNode, DraftValue } from "./draft-node.ts";
import { printValue } from "./print-dts.ts";
import { encodeInput, splitIntoCells, wordsToBytes, type PhandleRef } from "./property-value.ts";
import { readU32 } from "./read-value.ts";
import { DEFAULT_ADDRESS_CELLS, DEFAULT_SIZE_CELLS, TreeIndex, type IndexedNode } from "./tree-index.ts";
import { unitAddressMismatch } from "./unit-address.ts";

/** Cell counts above this are a mistake: PCI, the widest binding, has 3 address cells. */
const MAX_CELLS = 4;

/** @throws DeviceTreeError for everything DeviceTreeBuilder.build() promises to refuse. */
export function resolveTree(root: DraftNode, labels: ReadonlyMap<string, DraftLabel>): DeviceTreeNode {
  const phandles = allocatePhandles(root, labels);
  const drafts = new Map<DeviceTreeNode, DraftNode>();
  const resolved = resolveNode(root, undefined, { phandles, labels, drafts });
  const index = new TreeIndex({ root: resolved, reservations: [], bootCpuidPhys: 0 });
  for (const entry of index.nodes) {
    const draft = drafts.get(entry.node)!;
    checkUnitAddress(entry, draft);
    checkInterrupts(entry, draft, index);
  }
  return resolved;
}

interface Surroundings {
  readonly phandles: ReadonlyMap<DraftNode, number>;
  readonly labels: ReadonlyMap<string, DraftLabel>;
  readonly drafts: Map<DeviceTreeNode, DraftNode>;
}

/** Recursion is bounded: the builder refuses paths deeper than MAX_TREE_DEPTH. */
function resolveNode(draft: DraftNode, parent: DeviceTreeNode | undefined, around: Surroundings): DeviceTreeNode {
  const node: DeviceTreeNode = { name: draft.name, properties: [], children: [] };
  around.drafts.set(node, draft);
  for (const [name, contributions] of draft.properties) {
    if (dependsOnCells(contributions)) continue;
    node.properties.push({ name, value: agreedBytes(draft, name, contributions, node, parent, around) });
  }
  // `reg` and `ranges` go to their place only now, when this node's own cell counts are known.
  let position = 0;
  for (const [name, contributions] of draft.properties) {
    if (dependsOnCells(contributions)) {
      node.properties.splice(position, 0, { name, value: agreedBytes(draft, name, contributions, node, parent, around) });
    }
    position++;
  }
  const phandle = around.phandles.get(draft);
  if (phandle !== undefined && !draft.properties.has("phandle")) node.properties.push({ name: "phandle", value: wordsToBytes([phandle]) });
  for (const child of draft.children.values()) node.children.push(resolveNode(child, node, around));
  return node;
}

function dependsOnCells(contributions: readonly Contribution[]): boolean {
  return contributions.some(({ draft }) => draft.kind === "reg" || draft.kind === "ranges");
}

/** The bytes all contributions to one property agree on. */
function agreedBytes(
  draft: DraftNode,
  name: string,
  contributions: readonly Contribution[],
  node: DeviceTreeNode,
  parent: DeviceTreeNode | undefined,
  around: Surroundings,
): Uint8Array {
  const [first, ...others] = contributions.map((contribution) => ({
    contributor: contribution.contributor,
    bytes: encodeDraft(contribution.draft, `${name} of ${draft.path} (${contribution.contributor})`, node, parent, around),
  }));
  for (const other of others) {
    if (sameBytes(first!.bytes, other.bytes)) continue;
    const [one, two] = [printValue(name, first!.bytes) || "(empty)", printValue(name, other.bytes) || "(empty)"];
    const both = `${one} for ${first!.contributor} and ${two} for ${other.contributor}`;
    throw new DeviceTreeError("conflict", `${name} of ${draft.path} is ${both}`, {
      subject: first!.contributor,
      other: other.contributor,
      value: two,
      limit: one,
      remedy: "let one of them set it",
    });
  }
  return first!.bytes;
}

function encodeDraft(
  draft: DraftValue,
  where: string,
  node: DeviceTreeNode,
  parent: DeviceTreeNode | undefined,
  around: Surroundings,
): Uint8Array {
  const phandleOf = (reference: PhandleRef): number => around.phandles.get(around.labels.get(reference.label)!.node)!;
  switch (draft.kind) {
    case "value":
      return encodeInput(draft.value, where, phandleOf);
    case "interrupts":
      return encodeInput(draft.specifiers.flat(), where, phandleOf);
    case "reg": {
      const [addressCells, sizeCells] = [cellCount(parent, "#address-cells", where), cellCount(parent, "#size-cells", where)];
      return wordsToBytes(
        draft.entries.flatMap(({ base, size = 0 }) => [
          ...splitIntoCells(base, addressCells, where),
          ...splitIntoCells(size, sizeCells, where),
        ]),
      );
    }
    case "ranges": {
      const [childCells, sizeCells] = [cellCount(node, "#address-cells", where), cellCount(node, "#size-cells", where)];
      const parentCells = cellCount(parent, "#address-cells", where);
      return wordsToBytes(
        draft.entries.flatMap((entry) => [
          ...splitIntoCells(entry.child, childCells, where),
          ...splitIntoCells(entry.parent, parentCells, where),
          ...splitIntoCells(entry.size, sizeCells, where),
        ]),
      );
    }
  }
}

function cellCount(node: DeviceTreeNode | undefined, name: "#address-cells" | "#size-cells", where: string): number {
  if (node === undefined) {
    throw new DeviceTreeError("value", `${where}: the root node has no parent whose ${name} could apply`, {
      subject: where,
      remedy: "put it on a child of the root",
    });
  }
  const count = readU32(node, name) ?? (name === "#address-cells" ? DEFAULT_ADDRESS_CELLS : DEFAULT_SIZE_CELLS);
  if (count <= MAX_CELLS) return count;
  throw new DeviceTreeError("value", `${where} would need ${hex(count)} cells, as ${name} of ${node.name || "/"} says`, {
    subject: where,
    value: count,
    limit: MAX_CELLS,
    remedy: `set ${name} to at most ${MAX_CELLS}`,
  });
}

function checkUnitAddress(entry: IndexedNode, draft: DraftNode): void {
  const mismatch = unitAddressMismatch(entry);
  if (mismatch === undefined) return;
  const author = draft.properties.get("reg")![0]!.contributor;
  const name = `unit address ${mismatch.unit} of ${draft.path} (${draft.contributor})`;
  throw new DeviceTreeError("conflict", `${name} is not the first address ${hex(mismatch.address)} of its reg (${author})`, {
    subject: draft.path,
    other: author,
    value: `0x${mismatch.unit}`,
    limit: mismatch.address,
    remedy: "name the node after its address, or correct reg",
  });
}

function checkInterrupts(entry: IndexedNode, draft: DraftNode, index: TreeIndex): void {
  for (const { contributor, draft: value } of draft.properties.get("interrupts") ?? []) {
    if (value.kind !== "interrupts") continue;
    const parent = index.interruptParent(entry);
    if (parent.kind !== "found") {
      throw new DeviceTreeError("value", `${draft.path} (${contributor}) has interrupts but no interrupt parent`, {
        subject: draft.path,
        other: contributor,
        remedy: 'set "interrupt-parent" to ref(label) on it or on a node above, and #interrupt-cells on the controller',
      });
    }
    const wrong = value.specifiers.find((specifier) => specifierWords(specifier) !== parent.cells);
    if (wrong === undefined) continue;
    const [words, controller] = [specifierWords(wrong), parent.controller.path];
    const said = `an interrupt of ${draft.path} (${contributor}) has ${words} cells`;
    throw new DeviceTreeError("conflict", `${said}, #interrupt-cells of ${controller} is ${parent.cells}`, {
      subject: draft.path,
      other: controller,
      value: words,
      limit: parent.cells,
      remedy: "write it as the controller's binding says",
    });
  }
}

/** Cells of a specifier; a bigint spends two. */
function specifierWords(specifier: readonly unknown[]): number {
  return specifier.length + specifier.filter((cell) => typeof cell === "bigint").length;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
