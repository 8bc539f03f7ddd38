/**
 * Where the parts of a split virtqueue lie (virtio 1.2, 2.7; for legacy devices 2.7.2): sizes, alignments and bit names. Cold.
 */
import { type GuestMemory, overlaps } from "@trapline/core";

/** Most entries of a split virtqueue (2.7). */
export const MAX_QUEUE_SIZE = 32768;

/** 2.7.5 */
export const DESC_F_NEXT = 1;
export const DESC_F_WRITE = 2;
export const DESC_F_INDIRECT = 4;
/** 2.7.6 */
export const AVAIL_F_NO_INTERRUPT = 1;

export const DESCRIPTOR_BYTES = 16;
export const USED_ELEMENT_BYTES = 8;
/** `flags` and `idx`, at the start of both rings. */
export const RING_HEADER_BYTES = 4;

/** Guest-physical addresses of a ring's parts. What a driver wrote beyond 2^53 is inexact here, and outside RAM all the same. */
export interface RingSetup {
  /** Entries. */
  readonly size: number;
  /** Descriptor table. */
  readonly descriptors: number;
  /** Available ring, the driver's. */
  readonly available: number;
  /** Used ring, the device's. */
  readonly used: number;
}

/** The layout of a legacy ring: one piece from `base` on, the used ring at the next multiple of `align` (2.7.2). */
export function legacyRing(size: number, base: number, align: number): RingSetup {
  const available = base + DESCRIPTOR_BYTES * size;
  const end = available + availableBytes(size);
  return { size, descriptors: base, available, used: Math.ceil(end / align) * align };
}

/** Why a device cannot use this ring; undefined when it can. */
export function ringFault(memory: GuestMemory, { size, descriptors, available, used }: RingSetup, maxSize: number): string | undefined {
  if (!isPowerOfTwo(size) || size > maxSize) return `its size ${size} is no power of two from 1 to ${maxSize}`;
  const fault =
    partFault(memory, "descriptor table", descriptors, DESCRIPTOR_BYTES * size, 16) ??
    partFault(memory, "available ring", available, availableBytes(size), 2) ??
    partFault(memory, "used ring", used, usedBytes(size), 4);
  if (fault !== undefined) return fault;
  const mine = { base: used, size: usedBytes(size) };
  const theirs = [{ base: descriptors, size: DESCRIPTOR_BYTES * size }, { base: available, size: availableBytes(size) }];
  // What the device writes there would be what it reads next.
  return theirs.some((part) => overlaps(part, mine)) ? `its used ring at 0x${used.toString(16)} overlaps the driver's parts` : undefined;
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && Number.isInteger(Math.log2(value));
}

/** With `used_event` at its end, which is there whether negotiated or not. */
function availableBytes(size: number): number {
  return RING_HEADER_BYTES + 2 * size + 2;
}

/** With `avail_event` at its end. */
function usedBytes(size: number): number {
  return RING_HEADER_BYTES + USED_ELEMENT_BYTES * size + 2;
}

function partFault(memory: GuestMemory, what: string, address: number, length: number, align: number): string | undefined {
  if (address % align !== 0) return `its ${what} at 0x${address.toString(16)} is not aligned to ${align}`;
  const region = memory.regionAt(address, length);
  if (region === undefined || region.readOnly) return `its ${what} at 0x${address.toString(16)} is outside RAM`;
  return undefined;
}
