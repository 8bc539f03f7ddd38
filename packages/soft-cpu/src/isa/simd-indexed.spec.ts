/** By element: where the element is. The arithmetic is that of the instructions with three registers. */
import { describe, expect, it } from "vitest";
import { simdIndexed, simdScalarIndexed } from "./simd-indexed.ts";
import { after, execute, QC, type TwoOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdIndexed, ...simdScalarIndexed];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V2, V0 after, FPSR where it is not 0.
const rows: readonly TwoOperandRow[] = [
  [
    "mul v0.4h, v1.4h, v2.h[7]", 0x0f72_8820,
    0xffff_ffff_ffff_ffff_ffffn, 0x0001_0002_8000_ffffn, 0x0003_0000_0000_0000_1111_1111_1111_1111n, 0x0003_0006_8000_fffdn,
  ],
  [
    "mla v0.4s, v1.4s, v2.s[3]", 0x6fa2_0820,
    0x00000001_00000001_00000001_00000001n,
    0x00000001_00000002_80000000_ffffffffn,
    0x00000002_00000000_00000000_00000000n,
    0x00000003_00000005_00000001_ffffffffn,
  ],
  ["mls v0.2s, v1.2s, v2.s[0]", 0x2f82_4020, 0x00000005_00000000n, 0x00000001_ffffffffn, 3n, 0x00000002_00000003n],
  [
    "umull2 v0.2d, v1.4s, v2.s[1]", 0x6fa2_a020,
    0n, 0xffffffff00000002_0000000000000000n, 0xffffffff00000000n, 0xfffffffe00000001_00000001fffffffen,
  ],
  [
    "smlal v0.4s, v1.4h, v2.h[1]", 0x0f52_2020,
    0x00000001_00000001_00000001_00000001n, 0x8000ffff_00010002n, 0x80000000n, 0x40000001_00008001_ffff8001_ffff0001n,
  ],
  ["sqdmulh v0.4h, v1.4h, v2.h[0]", 0x0f42_c020, 0n, 0x8000_7fff_0000_0001n, 0x8000n, 0x7fff_8001_0000_ffffn, QC],
  ["sqrdmulh s0, s1, v2.s[2]", 0x5f82_d820, 0n, 0x80000000n, 0x80000000_00000000_00000000n, 0x7fffffffn, QC],
  ["sqdmlal s0, h1, v2.h[3]", 0x5f72_3020, 0x80000000n, 0x00008000n, 0x80000000_00000000n, 0xffffffffn, QC],
  [
    "sqdmlsl2 v0.2d, v1.4s, v2.s[0]", 0x4f82_7020,
    0n, 0x8000000000000001_0000000000000000n, 0x0000000080000000n, 0x8000000000000001_0000000100000000n, QC,
  ],
  // the destination is the element's register
  ["mul v0.4h, v1.4h, v0.h[1]", 0x0f50_8020, 0x0005_0000n, 0x0001_0002_0003_0004n, 0n, 0x0005_000a_000f_0014n],
];

describe("Advanced SIMD vector x indexed element", () => {
  for (const [text, word, v0, v1, v2, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1, v2])).toEqual(after(result, fpsr)));
  }
});
