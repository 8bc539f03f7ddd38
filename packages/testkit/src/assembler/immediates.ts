/** Immediates that are encoded rather than written out: bitmasks (Arm ARM, DecodeBitMasks) and what a single move can make. Pure. */

const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

/**
 * N, immr and imms of a logical immediate, as bits 22:10 of the instruction.
 * @returns undefined for a value that is no repeated, rotated run of ones
 */
export function logicalImmediate(value: bigint, bits: 32 | 64): number | undefined {
  if (value === 0n || value === mask(bits)) return undefined;
  let size: number = bits;
  while (size > 2 && (value & mask(size / 2)) === ((value >> BigInt(size / 2)) & mask(size / 2))) size /= 2;
  const element = value & mask(size);
  for (let rotation = 0; rotation < size; rotation++) {
    const turned = rotateLeft(element, rotation, size);
    if ((turned & (turned + 1n)) !== 0n) continue; // ones from bit 0 up, and nothing else
    const ones = turned.toString(2).length;
    const n = size === 64 ? 1 : 0;
    const imms = ((~(2 * size - 1) & 0x3f) | (ones - 1)) & 0x3f;
    return (n << 12) | (rotation << 6) | imms;
  }
  return undefined;
}

/** The only 16-bit part of `value` that is not 0, and its place; undefined when there are several. */
export function singleHalfword(value: bigint, bits: 32 | 64): { readonly imm16: number; readonly hw: number } | undefined {
  for (let hw = 0; hw < bits / 16; hw++) {
    const part = (value >> BigInt(16 * hw)) & 0xffffn;
    if (part << BigInt(16 * hw) === value) return { imm16: Number(part), hw };
  }
  return undefined;
}

/** `value` as an unsigned number of that many bits; undefined when it fits neither as a signed nor as an unsigned one. */
export function asUnsigned(value: bigint, bits: number): bigint | undefined {
  return value >= -(1n << BigInt(bits - 1)) && value <= mask(bits) ? value & mask(bits) : undefined;
}

/** Every bit the other way. */
export function inverse(value: bigint, bits: 32 | 64): bigint {
  return value ^ mask(bits);
}

function rotateLeft(value: bigint, by: number, size: number): bigint {
  return ((value << BigInt(by)) | (value >> BigInt(size - by))) & mask(size);
}
