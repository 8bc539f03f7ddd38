/**
 * The common configuration structure in the standard's order (virtio 1.2, 4.1.4.3), 56 bytes. Each field takes accesses of its own
 * width only, and the 64-bit ones as two halves (4.1.3.1). What belongs to features that are not offered (queue_notify_data,
 * queue_reset) is not there.
 */
import { compileRegisters, lo32, type RegisterBank, type RegisterSpec } from "@trapline/core";
import { DESCRIPTOR_AREA, DEVICE_AREA, DRIVER_AREA } from "../transport/queue-registers.ts";
import type { VirtioPci } from "./virtio-pci.ts";

export const COMMON_CONFIG_SIZE = 0x38;

/** Two registers that hold one address of the selected queue. */
const address = (name: string, offset: number, area: number): readonly RegisterSpec<VirtioPci>[] =>
  [0, 1].map((word) => ({
    name: `${name}_${word === 0 ? "lo" : "hi"}`,
    offset: offset + 4 * word,
    access: "RW",
    read: ({ state }) => state.selected?.words[area + word] ?? 0,
    write: ({ state }, value) => state.selected?.writeWord(area + word, lo32(value)),
  }));

export const commonConfigRegisters: RegisterBank<VirtioPci> = compileRegisters<VirtioPci>("virtio-pci common configuration", COMMON_CONFIG_SIZE, [
  {
    name: "device_feature_select",
    offset: 0x00,
    access: "RW",
    read: ({ state }) => state.deviceFeatureSelect,
    write: ({ state }, value) => void (state.deviceFeatureSelect = lo32(value)),
  },
  { name: "device_feature", offset: 0x04, access: "RO", read: ({ state }) => state.deviceFeatures },
  {
    name: "driver_feature_select",
    offset: 0x08,
    access: "RW",
    read: ({ state }) => state.driverFeatureSelect,
    write: ({ state }, value) => void (state.driverFeatureSelect = lo32(value)),
  },
  {
    name: "driver_feature",
    offset: 0x0c,
    access: "RW",
    read: ({ state }) => state.driverFeatures,
    write: ({ state }, value) => state.writeDriverFeatures(lo32(value)),
  },
  {
    name: "config_msix_vector",
    offset: 0x10,
    access: "RW",
    size: 2,
    reset: 0xffff,
    read: (pci) => pci.configVector,
    write: (pci, value) => void (pci.configVector = pci.accepted(lo32(value))),
  },
  { name: "num_queues", offset: 0x12, access: "RO", size: 2, read: ({ state }) => state.queues.length },
  { name: "device_status", offset: 0x14, access: "RW", size: 1, read: ({ state }) => state.status, write: ({ state }, value) => state.writeStatus(lo32(value)) },
  { name: "config_generation", offset: 0x15, access: "RO", size: 1, read: ({ state }) => state.configGeneration & 0xff },
  {
    name: "queue_select",
    offset: 0x16,
    access: "RW",
    size: 2,
    read: ({ state }) => state.queueSelect,
    write: ({ state }, value) => void (state.queueSelect = lo32(value)),
  },
  {
    name: "queue_size",
    offset: 0x18,
    access: "RW",
    size: 2,
    read: ({ state }) => state.selected?.size ?? 0,
    write: ({ state }, value) => state.selected?.writeSize(lo32(value)),
    note: "0 where there is no such queue",
  },
  {
    name: "queue_msix_vector",
    offset: 0x1a,
    access: "RW",
    size: 2,
    reset: 0xffff,
    read: (pci) => pci.selectedVector,
    write: (pci, value) => void (pci.selectedVector = lo32(value)),
  },
  {
    name: "queue_enable",
    offset: 0x1c,
    access: "RW",
    size: 2,
    read: ({ state }) => (state.selected?.ready === true ? 1 : 0),
    write: ({ state }, value) => (lo32(value) === 1 ? state.selected?.makeReady(true) : undefined),
    note: "a driver cannot take it back: 4.1.4.3.2",
  },
  { name: "queue_notify_off", offset: 0x1e, access: "RO", size: 2, read: ({ state }) => (state.selected === undefined ? 0 : state.queueSelect) },
  ...address("queue_desc", 0x20, DESCRIPTOR_AREA),
  ...address("queue_driver", 0x28, DRIVER_AREA),
  ...address("queue_device", 0x30, DEVICE_AREA),
]);
