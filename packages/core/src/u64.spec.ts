/** 64-bit values: one form each, so that `===` compares. BigInt is the oracle. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBigint, hi32, lo32, toBigint, truncate, type U64, u64 } from "./u64.ts";

const word = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(0, 1, 0x1f_ffff, 0x20_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff));
const value = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe("a U64", () => {
  //   hi           lo             value
  it.each<readonly [number, number, U64]>([
    [0, /*      */ 0, /*          */ 0],
    [0, /*      */ 0xffff_ffff, /**/ 0xffff_ffff],
    [1, /*      */ 0, /*          */ 2 ** 32],
    [0x1f_ffff, /**/ 0xffff_ffff, /**/ 2 ** 53 - 1], // the last number
    [0x20_0000, /**/ 0, /*        */ 2n ** 53n], // the first bigint
    [0xffff_ffff, 0xffff_ffff, /**/ 2n ** 64n - 1n],
    [-1, /*     */ -1, /*         */ 2n ** 64n - 1n], // words as int32, as bitwise operators leave them
    [0, /*      */ -0x8000_0000, /**/ 2 ** 31],
  ])("of words %d and %d is %d", (hi, lo, expected) => {
    expect(u64(hi, lo)).toBe(expected);
  });

  it("comes apart into the words it was made of", () => {
    fc.assert(fc.property(word, word, (hi, lo) => {
      const whole = u64(hi, lo);
      expect([hi32(whole), lo32(whole)]).toEqual([hi, lo]);
    }));
  });

  it("has one form: the same however it was made, a number up to 2^53 − 1 and a bigint above", () => {
    fc.assert(fc.property(value, (big) => {
      const made = fromBigint(big);
      expect(made).toBe(u64(Number(big >> 32n), Number(big & 0xffff_ffffn)));
      expect(typeof made).toBe(big < 2n ** 53n ? "number" : "bigint");
      expect(toBigint(made)).toBe(big);
    }));
  });

  it("is taken modulo 2^64", () => {
    fc.assert(fc.property(fc.bigInt(), (any) => toBigint(fromBigint(any)) === BigInt.asUintN(64, any)));
  });

  it("keeps its low bytes when truncated, in one form too", () => {
    fc.assert(fc.property(value, fc.constantFrom(1, 2, 4, 8), (big, bytes) => {
      expect(truncate(fromBigint(big), bytes)).toBe(fromBigint(BigInt.asUintN(8 * bytes, big)));
    }));
  });
});
