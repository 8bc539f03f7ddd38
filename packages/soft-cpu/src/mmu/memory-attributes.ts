/**
 * MAIR_EL1.Attr<n>: what kind of memory a byte of it names (DDI 0487, AArch64.S1AttrDecode()). This PE has no caches that a
 * guest could see, so that all but "Device or Normal" only matters to PAR_EL1. Pure functions, cold but for `isDevice`.
 */

export const NORMAL_NON_CACHEABLE = 0x44;
export const DEVICE_nGnRnE = 0x00;

const OUTER_SHAREABLE = 2;

/** Device memory of any kind, reserved encodings 0b0000dd01 … 0b0000dd11 included. */
export function isDevice(attributes: number): boolean {
  return attributes >>> 4 === 0;
}

/**
 * The attribute as it takes effect. Reserved encodings are CONSTRAINED UNPREDICTABLE (RESMAIR): 0b0000ddxx behaves as the
 * Device memory of its dd, 0bxxxx0000 as Normal Non-cacheable.
 */
export function effectiveAttributes(attributes: number): number {
  if (isDevice(attributes)) return attributes & 0x0c;
  return (attributes & 0x0f) === 0 ? NORMAL_NON_CACHEABLE : attributes;
}

/**
 * SH as PAR_EL1 reports it (PAREncodeShareability()): Device and Non-cacheable memory are Outer Shareable; the reserved 0b01 is
 * taken as Non-shareable.
 */
export function effectiveShareability(attributes: number, sh: number): number {
  if (isDevice(attributes) || attributes === NORMAL_NON_CACHEABLE) return OUTER_SHAREABLE;
  return sh === 1 ? 0 : sh;
}
