/**
 * Puts a device onto a PCI bus, as QEMU lays out its virtio-pci devices: MSI-X in BAR1, a vector for each queue and one for the
 * configuration; the modern structures in BAR4, 64-bit and prefetchable; INTA. A transitional device has an I/O BAR0 as well. Cold.
 */
import { ConfigError, findPciHost, type PciBar, type PciFunction } from "@trapline/core";
import type { PlaceDevice } from "../transport/placement.ts";
import { LegacyBar, legacyBarSize } from "./legacy-bar.ts";
import { MAX_QUEUES, MODERN_BAR_SIZE, ModernBar } from "./modern-bar.ts";
import { PciDoorbells } from "./pci-doorbells.ts";
import { pciIds } from "./pci-ids.ts";
import { virtioCapabilities } from "./virtio-capabilities.ts";
import { VirtioPci } from "./virtio-pci.ts";

const LEGACY_BAR = 0;
const MSIX_BAR = 1;
const MODERN_BAR = 4;
const MSIX_ENTRY = 16;
const PAGE = 0x1000;

export const placeOnPci: PlaceDevice = (vmm, device, { slot, function: number, host, legacy = false }) => {
  const { name, type, queueSizes } = device;
  if (queueSizes.length > MAX_QUEUES) {
    throw new ConfigError(`${name} has ${queueSizes.length} queues`, { subject: name, value: queueSizes.length, limit: MAX_QUEUES, remedy: `give it at most ${MAX_QUEUES}` });
  }
  const pci = new VirtioPci(device, vmm, legacy);
  const bars = barsOf(pci);
  let doorbells: PciDoorbells | undefined;
  for (const bar of bars) pci.window.bars.set(bar.index, bar);
  const pciFunction: PciFunction = {
    name,
    ids: pciIds(name, type, legacy),
    bars,
    msix: { vectors: queueSizes.length + 1, bar: MSIX_BAR },
    interruptPin: 1,
    capabilities: virtioCapabilities(pci, MODERN_BAR),
    barMoved(bar, address) {
      if (bar === MODERN_BAR) doorbells?.moveModern(address);
      if (bar === LEGACY_BAR) doorbells?.moveLegacy(address);
    },
    busMasterChanged: (enabled) => (enabled ? pci.notifyAll() : undefined),
  };
  const place = { ...(slot === undefined ? {} : { device: slot }), ...(number === undefined ? {} : { function: number }) };
  pci.slot = findPciHost(vmm, name, host).plug(pciFunction, place);
  return {
    state: pci.state,
    attach(scope) {
      scope.add(() => pci.state.close());
      doorbells = new PciDoorbells(vmm, pci, scope);
    },
    reset() {
      pci.state.reset();
      pci.window.reset();
    },
    quiesce: () => pci.state.quiesce(),
    save: () => pci.save(),
    restore: (state) => pci.restore(state),
  };
};

function barsOf(pci: VirtioPci): readonly PciBar[] {
  const { queueSizes, config } = pci.state.device;
  const tableSize = MSIX_ENTRY * (queueSizes.length + 1);
  // Half for the table, half for the pending bits: the host's default.
  const bars: PciBar[] = [
    { index: MSIX_BAR, space: "memory", size: Math.max(PAGE, 2 ** Math.ceil(Math.log2(2 * tableSize))) },
    { index: MODERN_BAR, space: "memory", bits: 64, prefetchable: true, size: MODERN_BAR_SIZE, device: new ModernBar(pci) },
  ];
  if (pci.transitional) bars.push({ index: LEGACY_BAR, space: "io", size: legacyBarSize(config.size), device: new LegacyBar(pci) });
  return bars;
}
