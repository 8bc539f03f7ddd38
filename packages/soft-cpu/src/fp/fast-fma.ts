/**
 * Fused multiply-add on a machine without one: WebAssembly has only rounded products and sums, yet compilers turn every a*b+c into FMADD.
 * Like fast-path.ts this is the model of generated code, in host numbers and native operations only; undefined means: call mulAdd32/64.
 *
 * Double precision is the algorithm of Boldo and Melquiond ("Emulation of a FMA and correctly rounded sums: proved algorithms using
 * rounding to odd", IEEE Transactions on Computers 57(4), 2008). Single precision is one exact product, one sum rounded to odd and
 * one rounding: 53 bits are more than 24 + 2. For FMSUB and its kin negate operands first; FRECPS is this with 2 for an addend.
 */
import { isFinite, mayBeInexact, MIN32, MIN64, productError, RESOLVABLE, roundsNatively, survivesFlush } from "./fast-path.ts";

/** addend + op1 × op2 in double precision, or undefined. */
export function nativeMulAdd64(addend: number, op1: number, op2: number, fpcr: number, fpsr: number): number | undefined {
  if (!operandsSuffice(addend, op1, op2, MIN64, fpcr)) return undefined;
  const p = op1 * op2;
  // The product's zero is exact, and so is the sum; an infinite factor makes a NaN of it.
  if (op1 === 0 || op2 === 0) return isFinite(p + addend) ? p + addend : undefined;
  // Below, errors cannot be told exactly. Above, the result is zero or no less than the product's last place: never tiny.
  if (!(Math.abs(p) >= RESOLVABLE)) return undefined;
  const pLow = productError(op1, op2, p);
  const t = addend + pLow;
  const tLow = sumError(addend, pLow, t);
  const v = p + t;
  const vLow = sumError(p, t, v);
  const w = tLow + vLow;
  const wLow = sumError(tLow, vLow, w);
  const z = toOdd(w, wLow);
  const r = v + z;
  // An overflow anywhere on the way has made an infinity or a NaN of an error term, and that a NaN of the result.
  if (!isFinite(r)) return undefined;
  const exact = wLow === 0 && sumError(v, z, r) === 0;
  return exact || mayBeInexact(fpsr) ? r : undefined;
}

/** The same in single precision: operands and result are numbers that Math.fround() leaves alone. */
export function nativeMulAdd32(addend: number, op1: number, op2: number, fpcr: number, fpsr: number): number | undefined {
  if (!operandsSuffice(addend, op1, op2, MIN32, fpcr)) return undefined;
  const p = op1 * op2; // exact
  const s = p + addend;
  const sLow = sumError(p, addend, s);
  const r = Math.fround(toOdd(s, sLow));
  if (s !== 0 && !(Math.abs(r) > MIN32 && isFinite(r))) return undefined;
  const exact = sLow === 0 && r === s;
  return exact || mayBeInexact(fpsr) ? r : undefined;
}

/** Rounding to nearest, and no denormal operand under flush to zero. Infinities and NaNs show in the result. */
function operandsSuffice(addend: number, op1: number, op2: number, min: number, fpcr: number): boolean {
  return (
    roundsNatively(fpcr) && survivesFlush(addend, min, fpcr) && survivesFlush(op1, min, fpcr) && survivesFlush(op2, min, fpcr)
  );
}

/** a + b − s, exact, for s = fl(a + b): Knuth's TwoSum. */
function sumError(a: number, b: number, s: number): number {
  const bRounded = s - a;
  const aRounded = s - bRounded;
  return a - aRounded + (b - bRounded);
}

const bits = new BigInt64Array(1);
const value = new Float64Array(bits.buffer);

/** s + low rounded to odd, given s = fl(s + low): of an inexact sum's two neighbours the one with an odd last bit. */
function toOdd(s: number, low: number): number {
  if (low === 0 || low !== low) return s;
  value[0] = s;
  const pattern = bits[0] as bigint;
  if ((pattern & 1n) === 1n) return s;
  bits[0] = pattern + (low > 0 === s > 0 ? 1n : -1n);
  return value[0];
}
