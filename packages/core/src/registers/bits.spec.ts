/** Bit fields of 32-bit words, in the manuals' order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bit, extract, insert } from "./bits.ts";

describe("a bit field", () => {
  //   word           hi  lo  field
  it.each([
    [0xdead_beef, /**/ 31, 0, 0xdead_beef], // unsigned
    [0xdead_beef, /**/ 31, 28, 0xd],
    [0xdead_beef, /**/ 15, 8, 0xbe],
    [0xdead_beef, /**/ 0, 0, 1],
    [0x8000_0000, /**/ 31, 31, 1],
  ])("%d[%d:%d] is %d", (word, hi, lo, field) => {
    expect(extract(word, hi, lo)).toBe(field);
  });

  it("reads back what was put there and leaves the rest alone", () => {
    const field = fc.tuple(fc.nat(31), fc.nat(31)).map(([a, b]) => [Math.max(a, b), Math.min(a, b)] as const);
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), field, fc.integer({ min: 0, max: 0xffff_ffff }), (word, [hi, lo], value) => {
      const mask = ((1n << BigInt(hi - lo + 1)) - 1n) << BigInt(lo);
      const expected = (BigInt(word) & ~mask) | ((BigInt(value) << BigInt(lo)) & mask);
      expect(BigInt(insert(word, hi, lo, value))).toBe(expected);
      expect(BigInt(extract(insert(word, hi, lo, value), hi, lo))).toBe(BigInt(value) & (mask >> BigInt(lo)));
      for (let n = 0; n < 32; n++) expect(bit(word, n)).toBe(((BigInt(word) >> BigInt(n)) & 1n) === 1n);
    }));
  });
});
