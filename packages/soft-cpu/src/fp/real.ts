/**
 * The manual computes with the mathematicians' real numbers and rounds once. These are the few operations on reals that its functions
 * need, exact: a real is `mant × 2^exp` with a signed bigint, and what would not end (a quotient, a root, a sum of numbers far apart) is
 * cut off where no rounding can tell, with its last bit set. Hot within the slow path.
 */
import type { Sign } from "./format.ts";
import type { Unpacked } from "./unpack.ts";

export interface Real {
  readonly mant: bigint;
  readonly exp: number;
}

/** How much of a unit was cut off; the values are ordered. */
export const Residue = { None: 0, BelowHalf: 1, Half: 2, AboveHalf: 3 } as const;
export type Residue = (typeof Residue)[keyof typeof Residue];

/** Of a finite operand. */
export function realOf(op: Unpacked, sign: Sign = op.sign): Real {
  return { mant: BigInt(sign === 0 ? op.sig : -op.sig), exp: op.exp };
}

export function multiply(op1: Unpacked, op2: Unpacked): Real {
  const product = BigInt(op1.sig) * BigInt(op2.sig);
  return { mant: op1.sign === op2.sign ? product : -product, exp: op1.exp + op2.exp };
}

/**
 * An addend whose last place lies this many bits below the other's is not worth shifting. Its at most 106 bits (a product) then end
 * more than 60 bits below the larger one's last place; a result has at most 53 bits, and one more is lost when they cancel; so only
 * the addend's sign matters, and a single bit 60 places below stands for it.
 */
const OUT_OF_REACH = 170;
const STAND_IN = 60;

export function add(x: Real, y: Real): Real {
  if (x.mant === 0n) return y;
  if (y.mant === 0n) return x;
  const [high, low] = x.exp >= y.exp ? [x, y] : [y, x];
  const gap = high.exp - low.exp;
  if (gap <= OUT_OF_REACH) return { mant: (high.mant << BigInt(gap)) + low.mant, exp: low.exp };
  return { mant: (high.mant << BigInt(STAND_IN)) + (low.mant < 0n ? -1n : 1n), exp: high.exp - STAND_IN };
}

/** Significands have between 1 and 53 bits, so this many more bits in the dividend leave at least 56 in the quotient. */
const QUOTIENT_BITS = 108;

export function divide(op1: Unpacked, op2: Unpacked): Real {
  const dividend = BigInt(op1.sig) << BigInt(QUOTIENT_BITS);
  const divisor = BigInt(op2.sig);
  const quotient = sticky(dividend / divisor, dividend % divisor !== 0n);
  return { mant: op1.sign === op2.sign ? quotient : -quotient, exp: op1.exp - op2.exp - QUOTIENT_BITS - 1 };
}

/** Even, and enough for a root of at least 56 bits. */
const ROOT_BITS = 112;

/** Of a positive operand. */
export function squareRoot(op: Unpacked): Real {
  const odd = op.exp & 1;
  const radicand = BigInt(op.sig) << BigInt(ROOT_BITS + odd);
  const root = integerSquareRoot(radicand);
  return { mant: sticky(root, root * root !== radicand), exp: (op.exp - odd - ROOT_BITS) / 2 - 1 };
}

/** One more bit at the end, set when something was cut off. */
function sticky(mant: bigint, inexact: boolean): bigint {
  return (mant << 1n) | (inexact ? 1n : 0n);
}

/** Of less than 1000 bits. The host's root is right to 52 bits, one step of Newton's doubles that, and the rest is counted off. */
function integerSquareRoot(n: bigint): bigint {
  const near = BigInt(Math.floor(Math.sqrt(Number(n))));
  let root = (near + n / near) >> 1n;
  while (root * root > n) root -= 1n;
  while ((root + 1n) * (root + 1n) <= n) root += 1n;
  return root;
}

const scratch = new DataView(new ArrayBuffer(8));

/** Number of bits of a positive integer below 2^1000. The host's conversion may round up to the next power of two. */
export function bitLength(mant: bigint): number {
  scratch.setFloat64(0, Number(mant), true);
  const atMost = (scratch.getUint32(4, true) >>> 20) - 1022;
  return mant >> BigInt(atMost - 1) === 0n ? atMost - 1 : atMost;
}

/** What {@link floorShift} drops when it shifts right by `bits`. */
export function residueOf(mant: bigint, bits: number): Residue {
  if (bits <= 0) return Residue.None;
  const dropped = BigInt.asUintN(bits, mant);
  if (dropped === 0n) return Residue.None;
  const half = 1n << BigInt(bits - 1);
  return dropped < half ? Residue.BelowHalf : dropped === half ? Residue.Half : Residue.AboveHalf;
}

/** mant × 2^-bits rounded down, for a positive `mant`; shifts left when `bits` is negative. */
export function floorShift(mant: bigint, bits: number): bigint {
  return bits > 0 ? mant >> BigInt(bits) : mant << BigInt(-bits);
}
