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
export { MAX_DTB_BYTES } from "./dtb-format.ts";
export { MAX_NAME_BYTES } from "./names.ts";
export { parseDtb, type ParseDtbOptions } from "./parse-dtb.ts";
export { printDts } from "./print-dts.ts";
export { ref, type Cell, type FinalCell, type FinalPropertyInput, type PhandleRef, type PropertyInput } from "./property-value.ts";
export { readCells, readString, readStrings, readU32, readU64 } from "./read-value.ts";
export { writeDtb, type WriteDtbOptions } from "./write-dtb.ts";
