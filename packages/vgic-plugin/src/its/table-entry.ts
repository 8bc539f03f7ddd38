/**
 * The entries of saved ITS tables, in KVM's table ABI revision 0: 8 bytes each, little-endian (Linux,
 * Documentation/virt/kvm/devices/arm-vgic-its.rst; gic.md C.6, kvm-irq-abi H.7).
 *
 *     DTE   63 valid   62:49 distance to the next DeviceID    48:5 ITT address [51:8]   4:0 EventID bits − 1
 *     CTE   63 valid                                          51:16 vCPU                15:0 collection id
 *     ITE              63:48 distance to the next EventID     47:16 INTID, 0 = empty    15:0 collection id
 *
 * A distance of 0 says "the last one"; one too large for its field is saved as the largest, and the reader steps on from
 * empty entries one by one.
 */
import { hi32, lo32, type U64, u64 } from "@trapline/core";

export const MAX_DEVICE_DISTANCE = 0x3fff;
export const MAX_EVENT_DISTANCE = 0xffff;
/** The vCPU of a collection that events name and nobody mapped. */
export const NO_TARGET = 0xffff_ffff;

export interface DeviceEntry {
  readonly valid: boolean;
  readonly distance: number;
  readonly ittAddress: number;
  readonly eventBits: number;
}

export interface CollectionEntry {
  readonly valid: boolean;
  readonly target: number;
  readonly icid: number;
}

export interface EventEntry {
  readonly distance: number;
  /** 0 when the entry is empty. */
  readonly intid: number;
  readonly icid: number;
}

/** A valid device entry. */
export function encodeDevice({ distance, ittAddress, eventBits }: Omit<DeviceEntry, "valid">): U64 {
  const address = Math.floor(ittAddress / 2 ** 8); // [51:8]: 44 bits, which go to [48:5]
  const lo = ((address % 2 ** 27) * 32 + (eventBits - 1)) >>> 0;
  const hi = Math.floor(address / 2 ** 27) + Math.min(distance, MAX_DEVICE_DISTANCE) * 2 ** 17 + 2 ** 31;
  return u64(hi, lo);
}

export function decodeDevice(entry: U64): DeviceEntry {
  const hi = hi32(entry);
  const lo = lo32(entry);
  return {
    valid: hi >>> 31 === 1,
    distance: (hi >>> 17) & MAX_DEVICE_DISTANCE,
    ittAddress: ((hi & 0x1_ffff) * 2 ** 27 + (lo >>> 5)) * 2 ** 8,
    eventBits: (lo & 0x1f) + 1,
  };
}

/** A valid collection entry. */
export function encodeCollection({ target, icid }: Omit<CollectionEntry, "valid">): U64 {
  return u64(0x8000_0000 + (target >>> 16), (((target & 0xffff) << 16) | icid) >>> 0);
}

export function decodeCollection(entry: U64): CollectionEntry {
  const hi = hi32(entry);
  const lo = lo32(entry);
  // KVM reads 32 bits of the target; [51:48] are zero in what it writes.
  return { valid: hi >>> 31 === 1, target: (((hi & 0xffff) << 16) | (lo >>> 16)) >>> 0, icid: lo & 0xffff };
}

export function encodeEvent({ distance, intid, icid }: EventEntry): U64 {
  return u64(Math.min(distance, MAX_EVENT_DISTANCE) * 0x1_0000 + (intid >>> 16), (((intid & 0xffff) << 16) | icid) >>> 0);
}

export function decodeEvent(entry: U64): EventEntry {
  const hi = hi32(entry);
  const lo = lo32(entry);
  return { distance: hi >>> 16, intid: (((hi & 0xffff) << 16) | (lo >>> 16)) >>> 0, icid: lo & 0xffff };
}
