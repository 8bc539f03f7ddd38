/** A driver of one virtio-mmio device with one queue, for scripted guests: virtio 1.2, 3.1.1, 2.7.13 and 4.2.3, in their order. */
import { type GuestCode, type GuestOp, read32, write16, write32, write64 } from "@trapline/core";

/** Slot 0 of the virt board, its GSI, and the SPI that the mainline profile makes of that. */
export const DEVICE = 0x0a00_0000;
export const GSI = 16;
export const RAM = 0x4000_0000;
const [TABLE, AVAILABLE, USED] = [RAM, RAM + 0x100, RAM + 0x200];
/** `idx` of the used ring. */
export const USED_INDEX: number = USED + 2;
export const BUFFER: number = RAM + 0x1000;
export const BYTES = 8;
const ENTRIES = 4;

/** Resets the device, accepts VIRTIO_F_VERSION_1 and nothing else, sets up queue 0, and says DRIVER_OK. */
export function* bringUp(): GuestCode {
  for (const status of [0, 1, 3]) yield write32(DEVICE + 0x070, status); // Status: ACKNOWLEDGE, DRIVER
  for (const [select, features] of [[1, 1], [0, 0]] as const) {
    yield write32(DEVICE + 0x024, select); // DriverFeaturesSel
    yield write32(DEVICE + 0x020, features);
  }
  yield write32(DEVICE + 0x070, 11); // FEATURES_OK
  yield write32(DEVICE + 0x030, 0); // QueueSel
  yield write32(DEVICE + 0x038, ENTRIES);
  for (const [register, address] of [[0x080, TABLE], [0x090, AVAILABLE], [0x0a0, USED]] as const) yield* write64Low(DEVICE + register, address);
  yield write32(DEVICE + 0x044, 1); // QueueReady
  yield write32(DEVICE + 0x070, 15); // DRIVER_OK
}

/** Asks for BYTES bytes in buffer `n`: a descriptor, an entry of the available ring, its index, and the notification. */
export function* ask(n: number): GuestCode {
  const slot = n % ENTRIES;
  yield write64(TABLE + 16 * slot, BUFFER + BYTES * n);
  yield write32(TABLE + 16 * slot + 8, BYTES);
  yield write32(TABLE + 16 * slot + 12, 2); // VIRTQ_DESC_F_WRITE
  yield write16(AVAILABLE + 4 + 2 * slot, slot);
  yield write16(AVAILABLE + 2, n + 1);
  yield write32(DEVICE + 0x050, 0); // QueueNotify
}

/** What an interrupt handler does first: reads InterruptStatus and acknowledges what it read. */
export function* acknowledgeDevice(): Generator<GuestOp, number, unknown> {
  const status = yield* read32(DEVICE + 0x060);
  yield write32(DEVICE + 0x064, status);
  return status;
}

function* write64Low(register: number, address: number): GuestCode {
  yield write32(register, address);
  yield write32(register + 4, 0);
}
