/**
 * The registers of virtio over MMIO in the standard's order: the modern interface (virtio 1.2, 4.2.2) and the legacy one (4.2.4).
 * All have 32 bits and take 32-bit accesses only. What follows from 0x100 on is the device's configuration, of any width.
 */
import { compileRegisters, lo32, type RegisterBank, type RegisterSpec } from "@trapline/core";
import { DESCRIPTOR_AREA, DEVICE_AREA, DRIVER_AREA } from "../transport/queue-registers.ts";
import type { VirtioMmio } from "./virtio-mmio.ts";

/** Bytes of registers; the configuration follows. */
export const CONFIG_OFFSET = 0x100;
/** Bytes that a device takes on QEMU's `virt` board, configuration included. */
export const MMIO_FRAME_SIZE = 0x200;
/** "virt" */
export const MAGIC = 0x7472_6976;
/** "TRAP": drivers look at it in messages only. */
export const VENDOR = 0x5041_5254;
const ABSENT = 0xffff_ffff;

type Row = RegisterSpec<VirtioMmio>;

const identity = (version: number): readonly Row[] => [
  { name: "MagicValue", offset: 0x000, access: "RO", reset: MAGIC },
  { name: "Version", offset: 0x004, access: "RO", reset: version },
  { name: "DeviceID", offset: 0x008, access: "RO", read: ({ state }) => state.device.type },
  { name: "VendorID", offset: 0x00c, access: "RO", reset: VENDOR },
];

/** Registers that only changed their names. */
const features = (device: string, driver: string): readonly Row[] => [
  { name: `${device}Features`, offset: 0x010, access: "RO", read: ({ state }) => state.deviceFeatures },
  { name: `${device}FeaturesSel`, offset: 0x014, access: "WO", write: ({ state }, value) => void (state.deviceFeatureSelect = lo32(value)) },
  { name: `${driver}Features`, offset: 0x020, access: "WO", write: ({ state }, value) => state.writeDriverFeatures(lo32(value)) },
  { name: `${driver}FeaturesSel`, offset: 0x024, access: "WO", write: ({ state }, value) => void (state.driverFeatureSelect = lo32(value)) },
];

const queueSel: Row = { name: "QueueSel", offset: 0x030, access: "WO", write: ({ state }, value) => void (state.queueSelect = lo32(value)) };
const queueNumMax: Row = { name: "QueueNumMax", offset: 0x034, access: "RO", read: ({ state }) => state.selected?.maxSize ?? 0 };
const queueNum: Row = { name: "QueueNum", offset: 0x038, access: "WO", write: ({ state }, value) => state.selected?.writeSize(lo32(value)) };

const operation: readonly Row[] = [
  { name: "QueueNotify", offset: 0x050, access: "WO", write: ({ state }, value) => state.notify(lo32(value)), note: "an ioeventfd for each queue stands before it" },
  { name: "InterruptStatus", offset: 0x060, access: "RO", read: (mmio) => mmio.interruptStatus, fields: { ConfigurationChange: 1, UsedBuffer: 0 } },
  { name: "InterruptACK", offset: 0x064, access: "WO", write: (mmio, value) => mmio.acknowledge(lo32(value)) },
  { name: "Status", offset: 0x070, access: "RW", read: ({ state }) => state.status, write: ({ state }, value) => state.writeStatus(lo32(value)) },
];

/** Two registers that hold one address of the selected queue. */
const address = (name: string, offset: number, area: number): readonly Row[] => [
  { name: `${name}Low`, offset, access: "WO", write: ({ state }, value) => state.selected?.writeWord(area, lo32(value)) },
  { name: `${name}High`, offset: offset + 4, access: "WO", write: ({ state }, value) => state.selected?.writeWord(area + 1, lo32(value)) },
];

/** There is no shared memory: a region that does not exist has length −1 (4.2.2). */
const sharedMemory: readonly Row[] = [
  { name: "SHMSel", offset: 0x0ac, access: "WO" },
  { name: "SHMLenLow", offset: 0x0b0, access: "RO", reset: ABSENT },
  { name: "SHMLenHigh", offset: 0x0b4, access: "RO", reset: ABSENT },
  { name: "SHMBaseLow", offset: 0x0b8, access: "RO", reset: ABSENT },
  { name: "SHMBaseHigh", offset: 0x0bc, access: "RO", reset: ABSENT },
];

/** Version 2. */
export const modernRegisters: RegisterBank<VirtioMmio> = compileRegisters<VirtioMmio>("virtio-mmio", CONFIG_OFFSET, [
  ...identity(2),
  ...features("Device", "Driver"),
  ...[queueSel, queueNumMax, queueNum],
  {
    ...{ name: "QueueReady", offset: 0x044, access: "RW", read: ({ state }) => (state.selected?.ready === true ? 1 : 0) },
    write: ({ state }, value) => state.selected?.makeReady((lo32(value) & 1) !== 0),
  },
  ...operation,
  ...address("QueueDesc", 0x080, DESCRIPTOR_AREA),
  ...address("QueueDriver", 0x090, DRIVER_AREA),
  ...address("QueueDevice", 0x0a0, DEVICE_AREA),
  ...sharedMemory,
  { name: "QueueReset", offset: 0x0c0, access: "RW", note: "VIRTIO_F_RING_RESET is not offered" },
  { name: "ConfigGeneration", offset: 0x0fc, access: "RO", read: ({ state }) => state.configGeneration },
]);

/** Version 1. */
export const legacyRegisters: RegisterBank<VirtioMmio> = compileRegisters<VirtioMmio>("legacy virtio-mmio", CONFIG_OFFSET, [
  ...identity(1),
  ...features("Host", "Guest"),
  { name: "GuestPageSize", offset: 0x028, access: "WO", write: (mmio, value) => void (mmio.guestPageSize = lo32(value)) },
  ...[queueSel, queueNumMax, queueNum],
  { name: "QueueAlign", offset: 0x03c, access: "WO", write: (mmio, value) => mmio.writeQueueAlign(lo32(value)) },
  { name: "QueuePFN", offset: 0x040, access: "RW", read: (mmio) => mmio.queuePfn, write: (mmio, value) => mmio.writeQueuePfn(lo32(value)) },
  ...operation,
]);

/** A slot without a device: DeviceID 0 says so, and everything else is RAZ/WI (4.2.2). */
export const emptyRegisters: RegisterBank<null> = compileRegisters<null>("empty virtio-mmio", MMIO_FRAME_SIZE, [
  { name: "MagicValue", offset: 0x000, access: "RO", reset: MAGIC },
  { name: "Version", offset: 0x004, access: "RO", reset: 2 },
  { name: "DeviceID", offset: 0x008, access: "RO", reset: 0 },
  { name: "VendorID", offset: 0x00c, access: "RO", reset: VENDOR },
]);
