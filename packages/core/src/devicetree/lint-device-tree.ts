/**
 * Reads a finished tree the way a guest will, and says what it will stumble over. Devicetree Specification v0.4 and, for
 * interrupts, the GIC bindings; many rules are those of `dtc`'s own checks.
 *
 * Total: any tree the parser returns gets findings, never an exception, in time proportional to its size.
 */
import type { DeviceTree } from "./device-tree.ts";
import { lintAddresses } from "./lint-addresses.ts";
import type { DeviceTreeFinding, FindingSink } from "./lint-finding.ts";
import { lintInterrupts } from "./lint-interrupts.ts";
import { lintNames } from "./lint-names.ts";
import { lintReferences } from "./lint-references.ts";
import { TreeIndex } from "./tree-index.ts";

/**
 * The findings, by check and then in tree order; none for a tree in order.
 * @throws DeviceTreeError for a tree made by hand that is deeper than MAX_TREE_DEPTH.
 */
export function lintDeviceTree(tree: DeviceTree): DeviceTreeFinding[] {
  const index = new TreeIndex(tree);
  const findings: DeviceTreeFinding[] = [];
  const sink: FindingSink = {
    error: (rule, path, message) => void findings.push({ severity: "error", rule, path, message }),
    warning: (rule, path, message) => void findings.push({ severity: "warning", rule, path, message }),
  };
  for (const check of [lintNames, lintAddresses, lintReferences, lintInterrupts]) check(index, sink);
  return findings;
}
