/** Fields of 64-bit registers and table entries as plain numbers: addresses have at most 52 bits, which a number holds exactly. */
import { hi32, lo32, type U64, u64 } from "@trapline/core";

const TWO_32 = 0x1_0000_0000;

/** Bits [51:lowBit] of `value`, in place: the address field of GITS_CBASER, GICR_PROPBASER and the rest. `lowBit` is 0 … 31. */
export function addressField(value: U64, lowBit: number): number {
  return (hi32(value) & 0xf_ffff) * TWO_32 + ((lo32(value) >>> lowBit) << lowBit >>> 0);
}

/** `value` with only the bits that `mask` has. */
export function keep(value: U64, maskHi: number, maskLo: number): U64 {
  return u64(hi32(value) & maskHi, lo32(value) & maskLo);
}

/** Bit 63: Valid, in every register and table entry of the ITS. */
export function isValid(value: U64): boolean {
  return hi32(value) >>> 31 === 1;
}
