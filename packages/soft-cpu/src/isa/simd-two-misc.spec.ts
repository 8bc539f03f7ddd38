/** Instructions with two registers: corners of every operation, and where what is saturated is told. */
import { describe, expect, it } from "vitest";
import { simdTwoMisc, simdScalarTwoMisc } from "./simd-two-misc.ts";
import { after, execute, QC, type OneOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdTwoMisc, ...simdScalarTwoMisc];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V0 after, FPSR where it is not 0.
const rows: readonly OneOperandRow[] = [
  [ // the upper half is cleared
    "rev64 v0.8b, v1.8b", 0x0e20_0820,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x08_07_06_05_04_03_02_01n, 0x01_02_03_04_05_06_07_08n,
  ],
  ["rev64 v0.2s, v1.2s", 0x0ea0_0820, 0n, 0x00000002_00000001n, 0x00000001_00000002n],
  ["rev32 v0.4h, v1.4h", 0x2e60_0820, 0n, 0x0004_0003_0002_0001n, 0x0003_0004_0001_0002n],
  ["rev16 v0.8b, v1.8b", 0x0e20_1820, 0n, 0x08_07_06_05_04_03_02_01n, 0x07_08_05_06_03_04_01_02n],
  ["rbit v0.8b, v1.8b", 0x2e60_5820, 0n, 0x01_80_0f_f0_a5_12_00_fen, 0x80_01_f0_0f_a5_48_00_7fn],
  ["cnt v0.8b, v1.8b", 0x0e20_5820, 0n, 0xff_00_01_80_a5_7f_fe_10n, 0x08_00_01_01_04_07_07_01n],
  ["not v0.8b, v1.8b", 0x2e20_5820, 0n, 0xff_00_01_80_a5_7f_fe_10n, 0xff_fe_7f_5a_80_01_efn],
  ["clz v0.8b, v1.8b", 0x2e20_4820, 0n, 0x01_80_7f_40_ff_02_10n, 0x08_07_00_01_01_00_06_03n],
  ["clz v0.4h, v1.4h", 0x2e60_4820, 0n, 0x0001_8000_00ffn, 0x0010_000f_0000_0008n],
  ["clz v0.4s, v1.4s", 0x6ea0_4820, 0n, 0x00000001_0000ffff_80000000n, 0x00000020_0000001f_00000010_00000000n],
  ["cls v0.8b, v1.8b", 0x0e20_4820, 0n, 0xff_01_80_7f_40_fe_c0n, 0x07_07_06_00_00_00_06_01n],
  ["cls v0.2s, v1.2s", 0x0ea0_4820, 0n, 0xfffffffe_00000001n, 0x0000001e_0000001en],
  // pairs
  ["saddlp v0.4h, v1.8b", 0x0e20_2820, 0n, 0x8080_7f7f_ff01_00ffn, 0xff00_00fe_0000_ffffn],
  ["uaddlp v0.1d, v1.2s", 0x2ea0_2820, 0n, 0xffffffffffffffffn, 0x00000001fffffffen],
  ["uadalp v0.2s, v1.4h", 0x2e60_6820, 0xffffffff_00000001n, 0xffffffff_00010002n, 0x0001fffd_00000004n],
  // saturation
  ["sqabs v0.4h, v1.4h", 0x0e60_7820, 0n, 0x8000_7fff_ffff_0001n, 0x7fff_7fff_0001_0001n, QC],
  [ // what would saturate is not part of the operand
    "sqabs v0.2s, v1.2s", 0x0ea0_7820,
    0n, 0x80000000_00000000_80000001_ffffffffn, 0x7fffffff_00000001n,
  ],
  ["sqneg d0, d1", 0x7ee0_7820, 0n, 0x8000000000000000n, 0x7fffffffffffffffn, QC],
  ["sqneg b0, b1", 0x7e20_7820, 0n, 0x80_81n, 0x7fn],
  ["abs v0.8b, v1.8b", 0x0e20_b820, 0n, 0x80_ff_01_7f_00_00_00_00n, 0x80_01_01_7f_00_00_00_00n], // without saturation the minimum stays
  ["neg d0, d1", 0x7ee0_b820, 0n, 0x8000000000000001n, 0x7fffffffffffffffn],
  [ // signed, plus unsigned
    "suqadd v0.8b, v1.8b", 0x0e20_3820,
    0x80_00_7f_80_00_ff_7f_7en, 0xff_80_01_00_7f_00_ff_01n, 0x7f_7f_7f_80_7f_ff_7f_7fn, QC,
  ],
  [ // unsigned, plus signed
    "usqadd v0.8b, v1.8b", 0x2e20_3820,
    0x7f_ff_80_81_ff_01_7fn, 0xff_80_01_7f_7f_00_ff_01n, 0xff_ff_ff_ff_00_80n, QC,
  ],
  ["suqadd d0, d1", 0x5ee0_3820, 0xffffffffffffffffn, 0x8000000000000000n, 0x7fffffffffffffffn],
  // comparisons with zero
  ["cmgt v0.4h, v1.4h, #0", 0x0e60_8820, 0n, 0x8000_0000_0001_ffffn, 0xffff_0000n],
  ["cmge v0.4h, v1.4h, #0", 0x2e60_8820, 0n, 0x8000_0000_0001_ffffn, 0xffff_ffff_0000n],
  ["cmeq v0.4h, v1.4h, #0", 0x0e60_9820, 0n, 0x8000_0000_0001_ffffn, 0xffff_0000_0000n],
  ["cmle v0.4h, v1.4h, #0", 0x2e60_9820, 0n, 0x8000_0000_0001_ffffn, 0xffff_ffff_0000_ffffn],
  ["cmlt v0.4h, v1.4h, #0", 0x0e60_a820, 0n, 0x8000_0000_0001_ffffn, 0xffff_0000_0000_ffffn],
  ["cmlt d0, d1, #0", 0x5ee0_a820, 0n, 0x0000000000000001_8000000000000000n, 0xffffffffffffffffn],
  // to half the size
  [
    "xtn v0.8b, v1.8h", 0x0e21_2820,
    0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffffn, 0x0180_7fff_8000_0001_00ff_ff00_1234_5678n, 0x80ff_0001_ff00_3478n,
  ],
  [ // the lower half stays
    "xtn2 v0.8h, v1.4s", 0x4e61_2820,
    0x1111_2222_3333_4444n, 0x0001_0002_0003_0004_0005_0006_0007_0008n, 0x0002_0004_0006_0008_1111_2222_3333_4444n,
  ],
  ["sqxtn v0.8b, v1.8h", 0x0e21_4820, 0n, 0x007f_0080_ff80_ff7f_0000_7fff_8000_ffffn, 0x7f7f_8080_007f_80ffn, QC],
  ["uqxtn v0.4h, v1.4s", 0x2e61_4820, 0n, 0xffff_0001_0000_ffff_ffff_0000_0000n, 0xffff_ffff_ffff_0000n, QC],
  ["sqxtun v0.2s, v1.2d", 0x2ea1_2820, 0n, 0xffffffff_ffffffff_00000001_00000000n, 0xffffffffn, QC],
  ["sqxtn v0.2s, v1.2d", 0x0ea1_4820, 0n, 0x7fffffff_ffffffff_80000000n, 0x7fffffff_80000000n], // just in range
  ["uqxtn h0, s1", 0x7e61_4820, 0n, 0x0001_0001_0000n, 0xffffn, QC],
  ["shll v0.8h, v1.8b, #8", 0x2e21_3820, 0n, 0xff80_7f01_0000_00a5n, 0xff00_8000_7f00_0100_0000_0000_0000_a500n],
  // estimates: below 0.5 and 0.25 there are none
  ["urecpe v0.4s, v1.4s", 0x4ea1_c820, 0n, 0x80000000_ffffffff_7fffffff_c0000000n, 0xff800000_80000000_ffffffff_aa800000n],
  ["ursqrte v0.4s, v1.4s", 0x6ea1_c820, 0n, 0x40000000_ffffffff_3fffffff_80000000n, 0xff800000_80000000_ffffffff_b4800000n],
];

describe("Advanced SIMD two-register miscellaneous", () => {
  for (const [text, word, v0, v1, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1])).toEqual(after(result, fpsr)));
  }
});
