/**
 * What integer lanes can have done to them and WebAssembly has no operation for: halving sums, differences, bit counts,
 * carry-less products, rounding shifts, estimates. Nothing here saturates (see simd-saturation.ts) or writes anything.
 *
 * Operands are pinned values; results are not. Not hot.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, CONST, const32, const64, type I32Expr, lane, select, type V128Expr } from "../ir/expr.ts";
import { bytesOf, indices, type Lanes, lanesOf, pick, type Sign, ZERO } from "./simd-lanes.ts";

/** SHADD, UHADD: (a + b) >> 1 without the carry, from a + b = (a ^ b) + 2(a & b). */
export function halvingAdd(lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  return lanes.add(apply("v128.and", a, b), lanes.shr(sign, apply("v128.xor", a, b), 1));
}

/** SRHADD, URHADD: (a + b + 1) >> 1, from a + b = 2(a | b) − (a ^ b). */
export function roundingHalvingAdd(lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  const { shape } = lanes;
  if (sign === "u" && (shape === "i8x16" || shape === "i16x8")) return apply(`${shape}.avgr_u`, a, b);
  return lanes.sub(apply("v128.or", a, b), lanes.shr(sign, apply("v128.xor", a, b), 1));
}

/** SHSUB, UHSUB: (a − b) >> 1, from a − b = (a ^ b) − 2(~a & b). */
export function halvingSub(lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  return lanes.sub(lanes.shr(sign, apply("v128.xor", a, b), 1), apply("v128.andnot", b, a));
}

/** SABD, UABD: |a − b|. */
export function absoluteDifference(lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  return lanes.sub(lanes.max(sign, a, b), lanes.min(sign, a, b));
}

/** SABDL, UABDL: |a − b| of the lanes of the lower half, in lanes of twice the size, where the difference fits. */
export function absoluteDifferenceLow(lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr): V128Expr {
  return lanes.wide.abs(lanes.wide.sub(lanes.widenLow(sign, a), lanes.widenLow(sign, b)));
}

/** CMTST: ones where a and b share a bit. */
export function testBits(lanes: Lanes, a: V128Expr, b: V128Expr): V128Expr {
  return lanes.ne(apply("v128.and", a, b), ZERO);
}

/** PMUL, PMULL: products of polynomials over {0, 1}, PolynomialMult(), where `b` has 8 bits; as many of their bits as lanes have. */
export function polynomialProduct(c: Builder, lanes: Lanes, a: V128Expr, b: V128Expr): V128Expr {
  let sum = ZERO;
  let shifted = a;
  for (let bit = 0; bit < 8; bit++) {
    const only = lanes.constant(1n << BigInt(bit));
    const isSet = lanes.eq(apply("v128.and", b, only), only);
    sum = c.let(apply("v128.xor", sum, apply("v128.and", shifted, isSet)));
    shifted = c.let(lanes.add(shifted, shifted));
  }
  return sum;
}

/** Sums of neighbours, in lanes of twice the size: SADDLP, UADDLP. */
export function pairSums(lanes: Lanes, sign: Sign, v: V128Expr): V128Expr {
  if (lanes.size === 0) return apply(`i16x8.extadd_pairwise_i8x16_${sign}`, v);
  if (lanes.size === 1) return apply(`i32x4.extadd_pairwise_i16x8_${sign}`, v);
  const { wide } = lanes;
  return wide.add(wide.shr(sign, wide.shl(v, 32), 32), wide.shr(sign, v, 32));
}

// ---------------------------------------------------------------------------------------------------------- counting bits

/** CLZ: the leading one spread to the right leaves as many zeros as are counted. */
export function countLeadingZeros(c: Builder, lanes: Lanes, v: V128Expr): V128Expr {
  let spread = v;
  for (let distance = 1; distance < lanes.bits; distance *= 2) {
    spread = c.let(apply("v128.or", spread, lanes.shr("u", spread, distance)));
  }
  let count: V128Expr = apply("i8x16.popcnt", apply("v128.not", spread));
  for (let size = 0; size < lanes.size; size++) count = pairSums(lanesOf(size), "u", count);
  return count;
}

/** CLS: how many bits behind the sign equal it. The first that does not is the leading one of v ^ (v >> 1). */
export function countLeadingSigns(c: Builder, lanes: Lanes, v: V128Expr): V128Expr {
  const changes = c.let(apply("v128.xor", v, lanes.shr("s", v, 1)));
  return lanes.sub(countLeadingZeros(c, lanes, changes), lanes.constant(1n));
}

const reversedNibble = (nibble: number): number => ((nibble & 1) << 3) | ((nibble & 2) << 1) | ((nibble & 4) >> 1) | ((nibble & 8) >> 3);
const REVERSED_NIBBLES = bytesOf(reversedNibble);
const REVERSED_NIBBLES_UP = bytesOf((nibble) => reversedNibble(nibble) << 4);

/** RBIT: the nibbles change places and are turned around by a table. */
export function reverseBits(v: V128Expr): V128Expr {
  const low = apply("v128.and", v, lanesOf(0).constant(0x0fn));
  return apply(
    "v128.or",
    apply("i8x16.swizzle", REVERSED_NIBBLES_UP, low),
    apply("i8x16.swizzle", REVERSED_NIBBLES, lanesOf(0).shr("u", v, 4)),
  );
}

/** REV16, REV32, REV64: the lanes of every container of `containerBytes` in the opposite order. */
export function reverseLanes(lanes: Lanes, containerBytes: number, v: V128Expr): V128Expr {
  const flip = containerBytes - lanes.bytes;
  return pick(v, indices((byte) => byte ^ flip));
}

// -------------------------------------------------------------------------------------------------------- shifts to the right

/** Shifts right by `lessOne` + 1, which is 1 … `bits`: one more than WebAssembly's shifts can do. */
export function shiftRight(lanes: Lanes, sign: Sign, v: V128Expr, lessOne: I32Expr): V128Expr {
  if (lessOne.kind !== CONST) return lanes.shr(sign, lanes.shr(sign, v, lessOne), 1);
  if (lessOne.imm < lanes.bits - 1) return lanes.shr(sign, v, lessOne.imm + 1);
  return sign === "u" ? ZERO : lanes.shr("s", v, lanes.bits - 1);
}

/** Shifts right by `lessOne` + 1 and rounds: the last bit that falls out is added. */
export function roundingShiftRight(c: Builder, lanes: Lanes, sign: Sign, v: V128Expr, lessOne: I32Expr): V128Expr {
  return roundingHalf(lanes, sign, c.let(lanes.shr(sign, v, lessOne)));
}

/** (v + 1) >> 1 without the carry. */
export function roundingHalf(lanes: Lanes, sign: Sign, v: V128Expr): V128Expr {
  return lanes.add(lanes.shr(sign, v, 1), apply("v128.and", v, lanes.constant(1n)));
}

// ---------------------------------------------------------------------------------------------------------------- estimates

/** Computes each of the four words by itself. */
function eachWord(c: Builder, v: V128Expr, compute: (word: I32Expr) => I32Expr): V128Expr {
  const words = [0, 1, 2, 3].map((index) => compute(c.let(lane("i32x4.extract_lane", v, index))));
  return words.slice(1).reduce<V128Expr>((made, word, i) => lane("i32x4.replace_lane", made, i + 1, word), apply("i32x4.splat", words[0]!));
}

/** URECPE, UnsignedRecipEstimate(): nine bits of 1 ∕ operand for operands of 0.5 and more, ones for the others. */
export function reciprocalEstimate(c: Builder, v: V128Expr): V128Expr {
  return eachWord(c, v, (word) => {
    const middle = apply("i32.or", apply("i32.shr_u", word, const32(22)), const32(1)); // 2a + 1 of the nine bits a
    // Operands that are too small have a quotient, too, which is then not used: `middle` is never 0.
    const quotient = apply("i32.div_u", const32(1 << 19), middle);
    const estimate = apply("i32.shl", apply("i32.shr_u", apply("i32.add", quotient, const32(1)), const32(1)), const32(23));
    return select(apply("i32.lt_s", word, const32(0)), estimate, const32(-1));
  });
}

/**
 * URSQRTE, UnsignedRSqrtEstimate(): nine bits of 1 ∕ √operand for operands of 0.25 and more, ones for the others.
 * The manual's loop ends at the largest b with a · b² < 2^28; no a that occurs makes them equal, so b is the root's integral part.
 */
export function reciprocalRootEstimate(c: Builder, v: V128Expr): V128Expr {
  return eachWord(c, v, (word) => {
    const top = c.let(apply("i32.shr_u", word, const32(23)));
    const doubled = apply("i32.shl", top, const32(1));
    const isSmall = apply("i32.lt_u", top, const32(256));
    // a is 2·top + 1, or with top ≥ 256, where its last bit does not count, 2·(top | 1).
    const a = select(isSmall, apply("i32.or", doubled, const32(1)), apply("i32.or", doubled, const32(2)));
    const root = apply("f64.sqrt", apply("f64.div", apply("f64.convert_i32_u", const32(1 << 28)), apply("f64.convert_i32_u", a)));
    // Added to 2^52 an integer stands in the low bits of the fraction.
    const based = apply("f64.add", apply("f64.floor", root), apply("f64.reinterpret_i64", const64(0x4330_0000_0000_0000n)));
    const b = apply("i32.wrap_i64", apply("i64.reinterpret_f64", based));
    const estimate = apply("i32.shl", apply("i32.shr_u", apply("i32.add", b, const32(1)), const32(1)), const32(23));
    return select(apply("i32.lt_u", word, const32(0x4000_0000)), const32(-1), estimate);
  });
}
