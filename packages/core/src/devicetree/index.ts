export { DeviceTreeBuilder } from "./device-tree-builder.ts";
export { DeviceTreeError, type DeviceTreeFault } from "./device-tree-error.ts";
export {
  deleteProperty,
  emptyDeviceTree,
  ensureNode,
  findNode,
  findProperty,
  MAX_TREE_DEPTH,
  setProperty,
  walkTree,
  type DeviceTree,
  type DeviceTreeNode,
  type DeviceTreeProperty,
  type MemoryReservation,
  type TreePosition,
} from "./device-tree.ts";
export type { InterruptSpecifier, RangesEntry, RegEntry } from "./draft-node.ts";
export { MAX_DTB_BYTES } from "./dtb-format.ts";
export {
  gicEppi,
  gicEspi,
  gicPpi,
  gicSpi,
  IRQ_TYPE,
  type GicSpecifier,
  type IrqTrigger,
  type SpiTrigger,
} from "./interrupt-specifier.ts";
export { lintDeviceTree } from "./lint-device-tree.ts";
export type { DeviceTreeFinding, DeviceTreeRule } from "./lint-finding.ts";
export { MAX_NAME_BYTES } from "./names.ts";
export type { NodeContribution } from "./node-contribution.ts";
export { parseDtb, type ParseDtbOptions } from "./parse-dtb.ts";
export { printDts } from "./print-dts.ts";
export { ref, type Cell, type FinalCell, type FinalPropertyInput, type PhandleRef, type PropertyInput } from "./property-value.ts";
export { readCells, readString, readStrings, readU32, readU64 } from "./read-value.ts";
export { setChosen, type ChosenValues } from "./set-chosen.ts";
export { addAlias, addCpu, addMemory, chosenNode, nodeNameAt, type CpuDescription } from "./standard-nodes.ts";
export { writeDtb, type WriteDtbOptions } from "./write-dtb.ts";
