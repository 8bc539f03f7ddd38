/** Lint: names, duplicates, the nodes a tree has to have, and paths in `/aliases` and `/chosen`. Specification 2.2, 3.1 to 3.6. */
import type { FindingSink } from "./lint-finding.ts";
import { isStandardNodeName, isStandardPropertyName } from "./names.ts";
import { stringsOf, type IndexedNode, type TreeIndex } from "./tree-index.ts";

export function lintNames(index: TreeIndex, sink: FindingSink): void {
  for (const entry of index.nodes) {
    const { node, path } = entry;
    if (entry.parent !== undefined && !isStandardNodeName(node.name) && !isOverlayTable(entry)) {
      sink.warning("node-name", path, `"${node.name}" is no node name as section 2.2.1 wants it (a letter, then up to 30 characters)`);
    }
    for (const name of repeated(node.children)) {
      sink.error("duplicate-node", path, `two children are named "${name}"; guests see the first`);
    }
    for (const name of repeated(node.properties)) {
      sink.error("duplicate-property", path, `"${name}" is given twice; guests see the first`);
    }
    for (const { name } of node.properties) {
      if (isStandardPropertyName(name) || isOverlayTable(entry)) continue;
      sink.warning("property-name", path, `"${name}" is no property name as section 2.2.4 wants it (1 to 31 characters)`);
    }
  }
  lintRequired(index, sink);
  lintPaths(index, sink);
}

/** Inside `/__symbols__`, `/__fixups__`, `/__local_fixups__` labels stand as property names, and may be long. */
function isOverlayTable(entry: IndexedNode): boolean {
  let top = entry;
  while (top.parent?.parent !== undefined) top = top.parent;
  return top.node.name.startsWith("__");
}

function repeated(items: readonly { readonly name: string }[]): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of items) (seen.has(name) ? twice : seen).add(name);
  return twice;
}

/** Sections 3.1 and 3.2. */
function lintRequired(index: TreeIndex, sink: FindingSink): void {
  const { root } = index;
  for (const name of ["model", "compatible", "#address-cells", "#size-cells"]) {
    if (!root.properties.has(name)) sink.warning("required-node", "/", `the root node has no ${name}`);
  }
  if (!root.children.has("cpus")) sink.warning("required-node", "/", "there is no /cpus node");
  const isMemory = (entry: IndexedNode): boolean => stringsOf(entry, "device_type")?.[0] === "memory";
  if (!index.nodes.some(isMemory)) sink.warning("required-node", "/", 'there is no memory node (device_type = "memory")');
}

/** Aliases name nodes by path (3.3); stdout-path may add ":115200n8", and may be an alias (3.6). */
function lintPaths(index: TreeIndex, sink: FindingSink): void {
  const aliases = index.atPath("/aliases");
  for (const name of aliases?.properties.keys() ?? []) {
    if (name === "phandle") continue;
    const target = stringsOf(aliases!, name);
    if (target?.length !== 1 || index.atPath(target[0]!) === undefined) {
      sink.warning("path-reference", aliases!.path, `alias ${name} leads to ${target?.[0] ?? "no string"}, which is no node`);
    }
  }
  const chosen = index.atPath("/chosen");
  for (const name of ["stdout-path", "stdin-path"]) {
    if (chosen === undefined || !chosen.properties.has(name)) continue;
    const said = stringsOf(chosen, name)?.[0]?.split(":")[0] ?? "";
    const path = said.startsWith("/") ? said : aliases && stringsOf(aliases, said)?.[0];
    if (path !== undefined && index.atPath(path) !== undefined) continue;
    sink.error("path-reference", chosen.path, `${name} leads to "${said}", which is neither a node nor an alias of one`);
  }
}
