/** Long, wide and narrow instructions: which halves, how many bits, two saturations in one. */
import { describe, expect, it } from "vitest";
import { simdThreeDifferent, simdScalarThreeDifferent } from "./simd-three-different.ts";
import { after, execute, QC, type TwoOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdThreeDifferent, ...simdScalarThreeDifferent];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V2, V0 after, FPSR where it is not 0.
const rows: readonly TwoOperandRow[] = [
  [
    "saddl v0.8h, v1.8b, v2.8b", 0x0e22_0020,
    0n, 0x807f_ff01_0000_0000n, 0x807f_01ff_0000_0001n, 0xff00_00fe_0000_0000_0000_0000_0000_0001n,
  ],
  [ // the upper halves
    "uaddl2 v0.2d, v1.4s, v2.4s", 0x6ea2_0020,
    0n, 0xffffffff80000000_1111111122222222n, 0xffffffff80000000_3333333344444444n, 0x00000001fffffffe_0000000100000000n,
  ],
  [
    "ssubw v0.4s, v1.4s, v2.4h", 0x0e62_3020,
    0n, 0x80000000_7fffffff_00000001n, 0x80000001_ffff0002n, 0x00008000_7fffffff_80000000_ffffffffn,
  ],
  [
    "uaddw2 v0.2d, v1.2d, v2.4s", 0x6ea2_1020,
    0n, 0xffffffffffffffff_0000000000000000n, 0x00000001ffffffff_1111111122222222n, 0x00000000ffffffffn,
  ],
  [
    "addhn v0.8b, v1.8h, v2.8h", 0x0e22_4020,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ffn,
    0xff_01_00_7f_ff_80_00_ff_ff_12_34_00_00_00_ffn,
    0x01_ff_00_00_01_80_00_00_01_00_00_00_00_00_00n,
    0x01_00_80_00_00_12_00_00n,
  ],
  [ // rounded, and the lower half stays
    "raddhn2 v0.4s, v1.2d, v2.2d", 0x6ea2_4020,
    0x11111111_22222222n, 0x7fffffff_80000000_ffffffff_7fffffffn, 0n, 0x80000000_ffffffff_11111111_22222222n,
  ],
  ["rsubhn v0.4h, v1.4s, v2.4s", 0x2e62_6020, 0n, 0x8000_0000_7fff_8000_0000_0000_0000n, 0x0001_0000_0001n, 0x0001_0000_8000_0000n],
  [
    "sabal v0.2d, v1.2s, v2.2s", 0x0ea2_5020,
    0xffffffffffffffff_0000000000000001n, 0x800000007fffffffn, 0x7fffffff80000000n, 0x00000000fffffffe_0000000100000000n,
  ],
  [
    "uabdl v0.8h, v1.8b, v2.8b", 0x2e22_7020,
    0n, 0xff00_8001_0000_0000n, 0x00ff_7f02_0000_0000n, 0x00ff_00ff_0001_0001_0000_0000_0000_0000n,
  ],
  [
    "smlal v0.2d, v1.2s, v2.2s", 0x0ea2_8020,
    0x0000000000000001_0000000000000001n, 0x80000000ffffffffn, 0x800000007fffffffn, 0x4000000000000001_ffffffff80000002n,
  ],
  [
    "umlsl2 v0.4s, v1.8h, v2.8h", 0x6e62_a020,
    0n, 0xffff0001_80000000_00000000_00000000n, 0xffff0002_80000000_00000000_00000000n, 0x0001ffff_fffffffe_c0000000_00000000n,
  ],
  ["sqdmull v0.4s, v1.4h, v2.4h", 0x0e62_d020, 0n, 0x80008000_7fff0001n, 0x80007fff_7fffffffn, 0x7fffffff_80010000_7ffe0002_fffffffen, QC],
  [ // a saturated product, a saturated sum
    "sqdmlal v0.2d, v1.2s, v2.2s", 0x0ea2_9020,
    0xffffffffffffffff_7fffffffffffffffn, 0x8000000000000001n, 0x8000000000000001n, 0x7ffffffffffffffe_7fffffffffffffffn, QC,
  ],
  ["sqdmlsl s0, h1, h2", 0x5e62_b020, 0x80000000n, 0x00007fffn, 0x00007fffn, 0x80000000n, QC],
  ["sqdmull d0, s1, s2", 0x5ea2_d020, 0n, 0x0000000080000000n, 0x0000000080000000n, 0x7fffffffffffffffn, QC],
  [
    "pmull v0.8h, v1.8b, v2.8b", 0x0e22_e020,
    0n, 0xff80_0301_0000_0000n, 0xffff_03a5_0000_0000n, 0x5555_7f80_0005_00a5_0000_0000_0000_0000n,
  ],
];

describe("Advanced SIMD three different", () => {
  for (const [text, word, v0, v1, v2, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1, v2])).toEqual(after(result, fpsr)));
  }
});
