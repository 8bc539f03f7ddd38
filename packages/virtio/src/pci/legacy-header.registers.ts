/**
 * The legacy header in the standard's order (virtio 1.2, 4.1.4.8), at the start of an I/O BAR: 20 bytes, with MSI-X enabled 24. The
 * device's configuration follows. Widths are those of the fields.
 */
import { compileRegisters, lo32, type RegisterBank, type RegisterSpec } from "@trapline/core";
import { OFFERED_LEGACY } from "../transport/feature-bits.ts";
import type { VirtioPci } from "./virtio-pci.ts";

export const LEGACY_HEADER_SIZE = 0x14;
export const LEGACY_MSIX_HEADER_SIZE = 0x18;
/** Where a doorbell can stand, for every queue by its number. */
export const LEGACY_QUEUE_NOTIFY = 0x10;

type Row = RegisterSpec<VirtioPci>;

const header: readonly Row[] = [
  { name: "Device Features", offset: 0x00, access: "RO", read: ({ state }) => Number((state.device.features & 0xffff_ffffn) | OFFERED_LEGACY) },
  { name: "Driver Features", offset: 0x04, access: "RW", read: ({ state }) => Number(state.features & 0xffff_ffffn), write: ({ state }, value) => writeFeatures(state, lo32(value)) },
  { name: "Queue Address", offset: 0x08, access: "RW", read: (pci) => pci.legacyPfn, write: (pci, value) => pci.writeLegacyPfn(lo32(value)) },
  { name: "Queue Size", offset: 0x0c, access: "RO", size: 2, read: ({ state }) => state.selected?.maxSize ?? 0 },
  {
    name: "Queue Select",
    offset: 0x0e,
    access: "RW",
    size: 2,
    read: ({ state }) => state.queueSelect,
    write: ({ state }, value) => void (state.queueSelect = lo32(value)),
  },
  { name: "Queue Notify", offset: LEGACY_QUEUE_NOTIFY, access: "RW", size: 2, write: (pci, value) => pci.notify(lo32(value)), note: "ioeventfds stand before it" },
  { name: "Device Status", offset: 0x12, access: "RW", size: 1, read: ({ state }) => state.status, write: ({ state }, value) => state.writeStatus(lo32(value)) },
  { name: "ISR Status", offset: 0x13, access: "RO", size: 1, read: (pci) => pci.takeIsr(), peek: ({ isr }) => isr },
];

const vectors: readonly Row[] = [
  {
    name: "config_msix_vector",
    offset: 0x14,
    access: "RW",
    size: 2,
    reset: 0xffff,
    read: (pci) => pci.configVector,
    write: (pci, value) => void (pci.configVector = pci.accepted(lo32(value))),
  },
  {
    name: "queue_msix_vector",
    offset: 0x16,
    access: "RW",
    size: 2,
    reset: 0xffff,
    read: (pci) => pci.selectedVector,
    write: (pci, value) => void (pci.selectedVector = lo32(value)),
  },
];

export const legacyHeaderRegisters: RegisterBank<VirtioPci> = compileRegisters<VirtioPci>("legacy virtio-pci", LEGACY_HEADER_SIZE, header);
/** As `legacyHeaderRegisters`, while MSI-X is on: two vectors stand behind it (virtio 1.2, 4.1.4.10). */
export const legacyMsixHeaderRegisters: RegisterBank<VirtioPci> = compileRegisters<VirtioPci>("legacy virtio-pci with MSI-X", LEGACY_MSIX_HEADER_SIZE, [...header, ...vectors]);

function writeFeatures(state: VirtioPci["state"], value: number): void {
  state.driverFeatureSelect = 0;
  state.writeDriverFeatures(value);
}
