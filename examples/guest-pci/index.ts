/**
 * The few lines of a PCI and virtio-pci driver that a scripted guest needs, with host bridge and windows where QEMU's `virt` board
 * has them: BARs, MSI-X (PCI Local Bus 3.0, 6.2.5 and 6.8.2), and one virtqueue through the modern interface (virtio 1.2, 3.1.1 and 4.1).
 */
import { type GuestCode, type GuestOp, read16, read32, read8, type U64, write16, write32, write64, write8 } from "@trapline/core";

const ECAM = 0x40_1000_0000;
const COMMAND = 0x04;
const BAR = 0x10;
const MEMORY_AND_MASTER = 0x0006;
const MSIX = 0x11;
const MSIX_ENABLE = 0x8000;

const config = (device: number, offset: number): number => ECAM + device * 0x8000 + offset;

/** Puts BARs of 64 or 32 bits at addresses, by index, and lets the device answer and access memory. */
export function* placeBars(device: number, bars: Readonly<Record<number, number>>): GuestCode {
  for (const [index, address] of Object.entries(bars)) {
    const at = config(device, BAR + 4 * Number(index));
    yield write32(at, address % 2 ** 32);
    if (address >= 2 ** 32) yield write32(at + 4, Math.floor(address / 2 ** 32));
  }
  yield write16(config(device, COMMAND), MEMORY_AND_MASTER);
}

/** Enables MSI-X with these messages, vector by vector; the table is at `table`. */
export function* enableMsix(device: number, table: number, messages: readonly (readonly [address: number, data: number])[]): GuestCode {
  const capability = yield* findCapability(device, MSIX);
  yield write16(config(device, capability + 2), MSIX_ENABLE);
  for (const [vector, [address, data]] of messages.entries()) {
    yield write64(table + 16 * vector, address);
    yield write32(table + 16 * vector + 8, data);
    yield write32(table + 16 * vector + 12, 0); // unmasked
  }
}

/** Offset of the capability in configuration space, 0 when there is none. */
export function* findCapability(device: number, id: number): Generator<GuestOp, number, unknown> {
  let at = yield* read8(config(device, 0x34));
  while (at !== 0) {
    const header = yield* read16(config(device, at));
    if ((header & 0xff) === id) return at;
    at = header >>> 8;
  }
  return 0;
}

/** A split virtqueue of 8 entries in the 4 KiB from `ring` on. */
export interface QueuePlace {
  readonly ring: number;
  /** The MSI-X vector that tells of it. */
  readonly vector: number;
}

/** Brings a virtio device up, structures at `bar` as this project's devices have them, with queue 0 and no features but VERSION_1. */
export function* startVirtio(bar: number, { ring, vector }: QueuePlace): GuestCode {
  yield write8(bar + 0x14, 0); // device_status: reset, ACKNOWLEDGE, DRIVER
  yield write8(bar + 0x14, 1);
  yield write8(bar + 0x14, 3);
  yield write32(bar + 0x08, 1);
  yield write32(bar + 0x0c, 1); // VIRTIO_F_VERSION_1
  yield write8(bar + 0x14, 11); // FEATURES_OK
  yield write16(bar + 0x16, 0);
  yield write16(bar + 0x18, 8);
  yield write16(bar + 0x1a, vector);
  for (const [n, address] of [ring, ring + 0x100, ring + 0x200].entries()) {
    yield write32(bar + 0x20 + 8 * n, address);
    yield write32(bar + 0x24 + 8 * n, 0);
  }
  yield write16(bar + 0x1c, 1);
  yield write8(bar + 0x14, 15); // DRIVER_OK
}

/** Asks for `length` bytes into `buffer`, as the `nth` request, and rings. */
export function* requestBytes(bar: number, ring: number, nth: number, buffer: U64, length: number): GuestCode {
  const slot = nth % 8;
  yield write64(ring + 16 * slot, buffer);
  yield write32(ring + 16 * slot + 8, length);
  yield write32(ring + 16 * slot + 12, 2); // VIRTQ_DESC_F_WRITE, no next
  yield write16(ring + 0x104 + 2 * slot, slot);
  yield write16(ring + 0x102, nth + 1);
  yield write16(bar + 0x3000, 0);
}

/** How many requests came back. */
export const requestsDone = (ring: number): GuestOp<number> => read16(ring + 0x202);

/** Masks or unmasks an MSI-X vector. */
export const maskVector = (table: number, vector: number, mask: boolean): GuestOp<void> => write32(table + 16 * vector + 12, mask ? 1 : 0);
/** The first 32 pending bits of a table whose BAR has 4 KiB. */
export const pendingBits = (table: number): GuestOp<number> => read32(table + 0x800);
