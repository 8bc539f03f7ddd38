/** Operations that WebAssembly lacks, out of those it has. */
import type { Builder } from "../ir/builder.ts";
import { apply, const32, const64, type Expr, type I32Expr, type I64Expr, loadFrom } from "../ir/expr.ts";
import { I32 } from "../wasm/opcodes.ts";
import { CRC_POLYNOMIAL_BYTES, CRC_TABLE_BYTES, CRC_TABLES } from "../state/layout.ts";

const and = (a: I64Expr, mask: bigint): I64Expr => apply("i64.and", a, const64(mask));
const right = (a: I64Expr, by: number): I64Expr => apply("i64.shr_u", a, const64(by));
const left = (a: I64Expr, by: number): I64Expr => apply("i64.shl", a, const64(by));
const plus = (a: I64Expr, b: I64Expr): I64Expr => apply("i64.add", a, b);
const times = (a: I64Expr, b: I64Expr): I64Expr => apply("i64.mul", a, b);
const LOW_HALF = 0xffff_ffffn;

/** Exchanges neighbouring groups of `by` bits; `mask` selects the lower of each pair. */
function swapGroups(c: Builder, value: I64Expr, by: number, mask: bigint): I64Expr {
  const v = c.let(value);
  return apply("i64.or", left(and(v, mask), by), and(right(v, by), mask));
}

const BYTES = 0x00ff_00ff_00ff_00ffn;
const HALFWORDS = 0x0000_ffff_0000_ffffn;

/** Reverses the bytes inside every group of `bytes`. */
export function byteSwap(c: Builder, value: I64Expr, bytes: 2 | 4 | 8): I64Expr {
  let swapped = swapGroups(c, value, 8, BYTES);
  if (bytes >= 4) swapped = swapGroups(c, swapped, 16, HALFWORDS);
  return bytes === 8 ? apply("i64.rotl", swapped, const64(32)) : swapped;
}

export function reverseBits(c: Builder, value: I64Expr): I64Expr {
  let reversed = swapGroups(c, value, 1, 0x5555_5555_5555_5555n);
  reversed = swapGroups(c, reversed, 2, 0x3333_3333_3333_3333n);
  reversed = swapGroups(c, reversed, 4, 0x0f0f_0f0f_0f0f_0f0fn);
  return byteSwap(c, reversed, 8);
}

/** Bits 127:64 of an unsigned product, from four of 32 bits. */
export function unsignedHigh(c: Builder, a: I64Expr, b: I64Expr): I64Expr {
  const [x, y] = [c.let(a), c.let(b)];
  const [xl, xh, yl, yh] = [c.let(and(x, LOW_HALF)), c.let(right(x, 32)), c.let(and(y, LOW_HALF)), c.let(right(y, 32))];
  const middle = c.let(plus(times(xh, yl), right(times(xl, yl), 32)));
  const carried = c.let(plus(times(xl, yh), and(middle, LOW_HALF)));
  return plus(plus(times(xh, yh), right(middle, 32)), right(carried, 32));
}

/** Bits 127:64 of a signed product: the unsigned one, less what the signs added. */
export function signedHigh(c: Builder, a: I64Expr, b: I64Expr): I64Expr {
  const [x, y] = [c.let(a), c.let(b)];
  const signOf = (v: I64Expr): I64Expr => apply("i64.shr_s", v, const64(63));
  const high = unsignedHigh(c, x, y);
  return apply("i64.sub", apply("i64.sub", high, apply("i64.and", signOf(x), y)), apply("i64.and", signOf(y), x));
}

/** CountLeadingSignBits (shared/functions/common): leading zeros of the value against itself shifted. */
export function countLeadingSign(c: Builder, wide: boolean, value: I64Expr | I32Expr): I64Expr | I32Expr {
  const v = c.let(value as Expr);
  if (wide) return apply("i64.sub", apply("i64.clz", apply("i64.xor", v, apply("i64.shr_s", v, const64(63)))), const64(1));
  return apply("i32.sub", apply("i32.clz", apply("i32.xor", v, apply("i32.shr_s", v, const32(31)))), const32(1));
}

/** CRC32 of `bytes` bytes of `value` onto `accumulator`, by tables: byte k of the message goes through the table for what follows it. */
export function crc32(c: Builder, castagnoli: boolean, bytes: number, accumulator: I32Expr, value: I64Expr): I32Expr {
  const tables = CRC_TABLES + (castagnoli ? CRC_POLYNOMIAL_BYTES : 0);
  const acc = c.let(accumulator);
  const v = c.let(value);
  // The accumulator meets the message's first four bytes.
  const words = [apply("i32.xor", acc, apply("i32.wrap_i64", v)), apply("i32.wrap_i64", right(v, 32))].map((word) => c.let(word));
  let crc: I32Expr | undefined;
  for (let k = 0; k < bytes; k++) {
    const byte = apply("i32.and", apply("i32.shr_u", words[k >> 2]!, const32(8 * (k & 3))), const32(0xff));
    const looked = loadFrom(I32, "i32.load", apply("i32.shl", byte, const32(2)), tables + (bytes - 1 - k) * CRC_TABLE_BYTES);
    crc = crc === undefined ? looked : apply("i32.xor", crc, looked);
  }
  // What of the accumulator was not met by the message moves down.
  return bytes < 4 ? apply("i32.xor", crc!, apply("i32.shr_u", acc, const32(8 * bytes))) : crc!;
}

/** The tables' contents: for k = 0 … 7 the CRC of each byte followed by k zero bytes; CRC32 first, then CRC32C. */
export function crcTables(): Uint32Array {
  const tables = new Uint32Array((2 * CRC_POLYNOMIAL_BYTES) >> 2);
  for (const [which, polynomial] of [0xedb8_8320, 0x82f6_3b78].entries()) {
    const base = which * 2048;
    for (let byte = 0; byte < 256; byte++) {
      let crc = byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : polynomial);
      tables[base + byte] = crc;
    }
    for (let at = 256; at < 2048; at++) {
      const previous = tables[base + at - 256]!;
      tables[base + at] = (previous >>> 8) ^ tables[base + (previous & 0xff)]!;
    }
  }
  return tables;
}
