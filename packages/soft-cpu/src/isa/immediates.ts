/** Immediates that are packed into few bits (Arm ARM, shared/functions and aarch64/instrs). */

/** DecodeBitMasks, the `wmask` of logical immediates; undefined for a reserved combination. In 32 bits where sf is 0. */
export function bitMask(sf: number, N: number, imms: number, immr: number): bigint | undefined {
  if (sf === 0 && N === 1) return undefined;
  const length = 31 - Math.clz32((N << 6) | (~imms & 0x3f));
  if (length < 1) return undefined;
  const size = 1 << length;
  const ones = (imms & (size - 1)) + 1;
  if (ones === size) return undefined;
  const rotate = immr & (size - 1);
  const element = (1n << BigInt(ones)) - 1n;
  const all = (1n << BigInt(size)) - 1n;
  const rotated = ((element >> BigInt(rotate)) | (element << BigInt(size - rotate))) & all;
  let mask = 0n;
  for (let at = 0; at < (sf === 1 ? 64 : 32); at += size) mask |= rotated << BigInt(at);
  return mask;
}

/** VFPExpandImm(): sign, NOT(b) and copies of b, cd as exponent; efgh at the top of the fraction. */
export function expandedFloat(imm8: bigint, exponentBits: bigint, fractionBits: bigint): bigint {
  const b = (imm8 >> 6n) & 1n;
  const copies = b === 1n ? (1n << (exponentBits - 3n)) - 1n : 0n;
  const exponent = ((b ^ 1n) << (exponentBits - 1n)) | (copies << 2n) | ((imm8 >> 4n) & 3n);
  return ((imm8 >> 7n) << (exponentBits + fractionBits)) | (exponent << fractionBits) | ((imm8 & 15n) << (fractionBits - 4n));
}
