/**
 * The device-tree node of a host bridge, property by property what QEMU's `virt` board says (hw/arm/virt.c, create_pcie; bindings
 * host-generic-pci and pci-msi; IEEE Std 1275, PCI Bus Binding). The node is named after the 32-bit window, as there.
 */
import { type Cell, type DeviceTreeBuilder, gicSpi, nodeNameAt, type RangesEntry, ref } from "@trapline/core";
import { BUS_BYTES } from "./ecam.ts";
import type { PcieConfig } from "./pcie-options.ts";

/** The first cell of an address: which space it is in. */
const SPACE = { io: 0x0100_0000n, memory: 0x0200_0000n, memory64: 0x0300_0000n } as const;
/** Interrupts are the same for devices that differ by 4. */
const DEVICES = 4;
const PINS = 4;
const REQUESTERS = 0x1_0000;

/** @param interruptParent label of the controller that takes INTx */
export function pcieNode(tree: DeviceTreeBuilder, config: PcieConfig, interruptParent: string): void {
  const { name, ecam, buses, memory, memory64, io, msi, domain, firstDeviceId } = config;
  const node = tree.node(`/${nodeNameAt("pcie", memory.base)}`, name).compatible("pci-host-ecam-generic").set("device_type", "pci");
  node.set("#address-cells", 3).set("#size-cells", 2).set("linux,pci-domain", domain).set("bus-range", [0, buses - 1]).set("dma-coherent", true);
  if (msi !== null) node.set("msi-map", [0, ref(msi), firstDeviceId, REQUESTERS]);
  node.reg({ base: ecam, size: buses * BUS_BYTES });
  const ranges: RangesEntry[] = [];
  if (io !== null) ranges.push({ child: SPACE.io << 64n, parent: io.base, size: io.size });
  ranges.push({ child: (SPACE.memory << 64n) | BigInt(memory.base), parent: memory.base, size: memory.size });
  if (memory64 !== null) ranges.push({ child: (SPACE.memory64 << 64n) | BigInt(memory64.base), parent: memory64.base, size: memory64.size });
  node.ranges(...ranges).set("#interrupt-cells", 1);
  node.set("interrupt-map", interruptMap(config, interruptParent)).set("interrupt-map-mask", [(DEVICES - 1) << 11, 0, 0, 7]);
}

/** Device and pin → the controller, its unit address (two cells of nothing), its interrupt. */
function interruptMap({ spis }: PcieConfig, parent: string): Cell[] {
  const map: Cell[] = [];
  for (let device = 0; device < DEVICES; device++) {
    for (let pin = 0; pin < PINS; pin++) {
      map.push(device << 11, 0, 0, pin + 1, ref(parent), 0, 0, ...gicSpi(spis[(device + pin) % PINS]!, "level-high"));
    }
  }
  return map;
}
