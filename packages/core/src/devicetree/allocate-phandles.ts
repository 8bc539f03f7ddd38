/**
 * Which node gets which phandle: 1, 2, 3 … in tree order, to the nodes that somebody refers to. Numbers that a
 * contributor set as `phandle` are kept and skipped over. Devicetree Specification v0.4, 2.3.3.
 */
import { hex } from "../ids.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import type { DraftLabel, DraftNode } from "./draft-node.ts";
import type { PhandleRef } from "./property-value.ts";

/** @throws DeviceTreeError for an unknown label, two nodes with one number, or a `phandle` that is no usable u32. */
export function allocatePhandles(root: DraftNode, labels: ReadonlyMap<string, DraftLabel>): ReadonlyMap<DraftNode, number> {
  const nodes = [...inOrder(root)];
  const phandles = new Map<DraftNode, number>();
  const taken = new Map<number, DraftNode>();
  for (const node of nodes) {
    const phandle = chosenPhandle(node);
    if (phandle === undefined) continue;
    const other = taken.get(phandle);
    if (other !== undefined) {
      throw new DeviceTreeError(
        "conflict",
        `phandle ${hex(phandle)} is set on ${other.path} (${other.contributor}) and on ${node.path} (${node.contributor})`,
        { subject: other.path, other: node.path, value: phandle, remedy: "use label() and ref(), which number the nodes themselves" },
      );
    }
    taken.set(phandle, node);
    phandles.set(node, phandle);
  }

  const wanted = new Set(nodes.flatMap((node) => [...targetsOf(node, labels)]));
  let next = 1;
  for (const node of nodes) {
    if (!wanted.has(node) || phandles.has(node)) continue;
    while (taken.has(next)) next++;
    taken.set(next, node);
    phandles.set(node, next);
  }
  return phandles;
}

function* inOrder(node: DraftNode): Generator<DraftNode> {
  yield node;
  for (const child of node.children.values()) yield* inOrder(child);
}

function chosenPhandle(node: DraftNode): number | undefined {
  const contribution = node.properties.get("phandle")?.[0];
  if (contribution === undefined) return undefined;
  const value = contribution.draft.kind === "value" ? contribution.draft.value : undefined;
  if (typeof value === "number" && Number.isInteger(value) && value > 0 && value < 0xffff_ffff) return value;
  throw new DeviceTreeError("value", `phandle of ${node.path} (${contribution.contributor}) is no number from 0x1 to 0xffff_fffe`, {
    subject: node.path,
    other: contribution.contributor,
    limit: 0xffff_fffe,
    remedy: "leave it out and use label()",
  });
}

function* targetsOf(node: DraftNode, labels: ReadonlyMap<string, DraftLabel>): Generator<DraftNode> {
  for (const [name, contributions] of node.properties) {
    for (const { contributor, draft } of contributions) {
      const cells = draft.kind === "value" ? [draft.value].flat() : draft.kind === "interrupts" ? draft.specifiers.flat() : [];
      for (const cell of cells) {
        if (!isRef(cell)) continue;
        const target = labels.get(cell.label);
        if (target === undefined) throw unknownLabel(cell.label, `${name} of ${node.path}`, contributor, labels);
        yield target.node;
      }
    }
  }
}

function isRef(cell: unknown): cell is PhandleRef {
  return typeof cell === "object" && cell !== null && "label" in cell && typeof cell.label === "string";
}

function unknownLabel(label: string, where: string, contributor: string, labels: ReadonlyMap<string, DraftLabel>): DeviceTreeError {
  const known = labels.size === 0 ? "there are no labels" : `known labels: ${[...labels.keys()].join(", ")}`;
  return new DeviceTreeError("label", `${where} (${contributor}) refers to label "${label}", which no node has (${known})`, {
    subject: where,
    other: contributor,
    value: label,
    remedy: "give the node that label, or add the plugin that brings it",
  });
}
