/** Which words are Advanced SIMD instructions on integers: no word is two of them, and what the manual reserves is none. */
import { describe, expect, it } from "vitest";
import { Prng } from "../testing/prng.fixture.ts";
import type { Form } from "./form.ts";
import { simdAcross } from "./simd-across.ts";
import { simdCopy } from "./simd-copy.ts";
import { simdImmediate } from "./simd-immediate.ts";
import { simdIndexed, simdScalarIndexed } from "./simd-indexed.ts";
import { simdPairwise, simdScalarPairwise } from "./simd-pairwise.ts";
import { simdPermute } from "./simd-permute.ts";
import { isAllocated } from "./simd-row.fixture.ts";
import { simdScalarShiftImmediate, simdShiftImmediate } from "./simd-shift-immediate.ts";
import { simdScalarThreeDifferent, simdThreeDifferent } from "./simd-three-different.ts";
import { simdScalarThreeSame, simdThreeSame } from "./simd-three-same.ts";
import { simdScalarTwoMisc, simdTwoMisc } from "./simd-two-misc.ts";

const forms: readonly Form[] = [
  simdAcross, simdCopy, simdImmediate, simdIndexed, simdScalarIndexed, simdPairwise, simdScalarPairwise, simdPermute, simdShiftImmediate,
  simdScalarShiftImmediate, simdThreeDifferent, simdScalarThreeDifferent, simdThreeSame, simdScalarThreeSame, simdTwoMisc,
  simdScalarTwoMisc,
].flat();

// DDI 0487 C4.1 and C7.2: "if … then UNDEFINED", and what Armv8.0 does not have.
const reserved: readonly (readonly [text: string, word: number])[] = [
  ["add v0.1d, v1.1d, v2.1d", 0x0ee2_8420],
  ["shadd v0.2d, v1.2d, v2.2d", 0x4ee2_0420],
  ["mul v0.2d, v1.2d, v2.2d", 0x4ee2_9c20],
  ["pmul v0.8h, v1.8h, v2.8h", 0x6e62_9c20],
  ["sqdmulh v0.16b, v1.16b, v2.16b", 0x4e22_b420],
  ["sqdmulh v0.2d, v1.2d, v2.2d", 0x4ee2_b420],
  ["add s0, s1, s2", 0x5ea2_8420],
  ["sqdmulh b0, b1, b2", 0x5e22_b420],
  ["saddl of doublewords", 0x0ee2_0020],
  ["sqdmull of bytes", 0x0e22_d020],
  ["pmull v0.1q, v1.1d, v2.1d (cryptographic extension)", 0x0ee2_e020],
  ["pmull of halfwords", 0x0e62_e020],
  ["addv s0, v1.2s", 0x0eb1_b820],
  ["addv d0, v1.2d", 0x4ef1_b820],
  ["rev64 of doublewords", 0x4ee0_0820],
  ["rev32 of words", 0x6ea0_0820],
  ["rev16 of halfwords", 0x4e60_1820],
  ["cnt of halfwords", 0x4e60_5820],
  ["urecpe of doublewords", 0x4ee1_c820],
  ["xtn to doublewords", 0x0ee1_2820],
  ["dup with imm5 x0000", 0x0e10_0420],
  ["dup v0.1d, v1.d[0]", 0x0e08_0420],
  ["umov w0, v1.d[0]", 0x0e08_3c20],
  ["umov x0, v1.s[0]", 0x4e04_3c20],
  ["smov w0, v1.s[0]", 0x0e04_2c20],
  ["ins with Q = 0", 0x0e03_1c20],
  ["ext v0.8b, v1.8b, v2.8b, #8", 0x2e02_4020],
  ["zip1 v0.1d, v1.1d, v2.1d", 0x0ec2_3820],
  ["fmov v0.1d, #1.0", 0x2f03_f600],
  ["fmov v0.8h, #1.0 (half precision)", 0x4f03_fe00],
  ["sshr v0.1d, v1.1d, #1", 0x0f7f_0420],
  ["sshr s0, s1, #1", 0x5f3f_0420],
  ["shrn to doublewords", 0x0f40_8420],
  ["shrn b0, h1, #1", 0x5f0f_8420],
  ["mla v0.16b, v1.16b, v2.b[0]", 0x6f02_0020],
  ["sqrdmlah v0.4h, v1.4h, v2.4h (Armv8.1)", 0x2e42_8420],
  ["sqrdmlah v0.4h, v1.4h, v2.h[0] (Armv8.1)", 0x2f42_d020],
  ["sdot v0.2s, v1.8b, v2.8b (Armv8.2)", 0x0e82_9420],
];

describe("the allocation of Advanced SIMD on integers", () => {
  it.each(reserved)("has no %s", (_, word) => {
    expect(isAllocated(forms, word)).toBe(false);
  });

  it("gives every word to one row at most", () => {
    const prng = new Prng("allocation");
    const doubles: string[] = [];
    for (const form of forms) {
      for (let i = 0; i < 64; i++) {
        const word = ((prng.word() & ~form.bits.mask) | form.bits.value) >>> 0;
        const meanings = forms.filter(
          ({ bits, when, fieldsOf }) => (word & bits.mask) >>> 0 === bits.value && (when === undefined || when(fieldsOf(word))),
        );
        if (meanings.length > 1) doubles.push(`${word.toString(16)}: ${meanings.map(({ name }) => name).join(" and ")}`);
      }
    }
    expect(doubles).toEqual([]);
  });
});
