/**
 * Puts a device into a virtio-mmio slot: 512 bytes of the bus, a GSI, a node of the device tree. The 32 slots are those of
 * QEMU's `virt` board (hw/arm/virt.c): base 0x0a00_0000 + 0x200 a slot, GSI (there: SPI) 16 + slot, edge-rising, dma-coherent. Cold.
 */
import { ConfigError, type DeviceTreeBuilder, gicSpi, nodeNameAt, type Vmm } from "@trapline/core";
import { Subscription } from "rxjs";
import type { PlaceDevice, VirtioPlacement } from "../transport/placement.ts";
import { interruptThrough, ringByEventFd } from "./mmio-events.ts";
import { MmioFrame } from "./mmio-frame.ts";
import { MMIO_FRAME_SIZE } from "./virtio-mmio.registers.ts";
import { VirtioMmio } from "./virtio-mmio.ts";

export const SLOT_COUNT = 32;
const FIRST_BASE = 0x0a00_0000;
const FIRST_GSI = 16;

/** Where a transport stands. */
export interface MmioSite {
  readonly base: number;
  readonly gsi: number;
  readonly spi: number;
}

/** Slot 0 … 31 of the `virt` board. */
export function siteOfSlot(slot: number): MmioSite {
  return { base: FIRST_BASE + MMIO_FRAME_SIZE * slot, gsi: FIRST_GSI + slot, spi: FIRST_GSI + slot };
}

/** True while nobody claims any of the slot's addresses. */
export function isFree(vmm: Vmm, { base }: MmioSite): boolean {
  return vmm.bus.claimAt(base) === undefined && vmm.bus.claimAt(base + MMIO_FRAME_SIZE - 1) === undefined;
}

/** The node that QEMU makes for a slot. */
export function mmioNode(tree: DeviceTreeBuilder, name: string, { base, spi }: MmioSite): void {
  const node = tree.node(`/${nodeNameAt("virtio_mmio", base)}`, name).compatible("virtio,mmio");
  node.reg({ base, size: MMIO_FRAME_SIZE }).interrupts(gicSpi(spi, "edge-rising")).set("dma-coherent", true);
}

export const placeOnMmio: PlaceDevice = (vmm, device, place) => {
  const mmio = new VirtioMmio(device, vmm, place.legacy);
  const connections = new Subscription();
  let site: MmioSite | undefined;
  return {
    state: mmio.state,
    attach(scope) {
      scope.add(connections);
      site = siteOf(vmm, device.name, place);
      scope.add(() => mmio.state.close());
      scope.add(vmm.bus.claim({ name: device.name, base: site.base, size: MMIO_FRAME_SIZE }, new MmioFrame(mmio)));
      ringByEventFd(vmm, mmio, site.base, connections);
    },
    // Not while attaching: irqfds want irqchips that are initialised, wherever those stand in the list of plugins.
    start: () => interruptThrough(vmm, mmio, site!.gsi, connections),
    reset: () => mmio.reset(),
    quiesce: () => mmio.state.quiesce(),
    save: () => mmio.save(),
    restore: (state) => mmio.restore(state),
    deviceTree: (tree) => mmioNode(tree, device.name, site!),
  };
};

function siteOf(vmm: Vmm, name: string, { slot, base, gsi, spi }: VirtioPlacement): MmioSite {
  if (base !== undefined) return { base, gsi: gsi!, spi: spi ?? gsi! };
  const sites = slot === undefined ? Array.from({ length: SLOT_COUNT }, (_, n) => siteOfSlot(n)).filter((each) => isFree(vmm, each)) : [siteOfSlot(slot)];
  const site = sites[0];
  if (site !== undefined) return spi === undefined ? site : { ...site, spi };
  throw new ConfigError(`all ${SLOT_COUNT} virtio-mmio slots are taken, and ${name} wants one`, {
    subject: name,
    limit: SLOT_COUNT,
    remedy: "give it a base and a GSI of its own, or transport pci",
  });
}
