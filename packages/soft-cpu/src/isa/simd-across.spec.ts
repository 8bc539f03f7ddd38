/** Across lanes: which lanes count, and how wide the result is. */
import { describe, expect, it } from "vitest";
import { simdAcross } from "./simd-across.ts";
import { after, execute, type OneOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdAcross];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V0 after, FPSR where it is not 0.
const rows: readonly OneOperandRow[] = [
  ["addv b0, v1.8b", 0x0e31_b820, 0n, 0xff_ff_ff_ff_ff_80_7f_01_02_03_04_05_06_07_08_09n, 0x2cn], // the upper half does not count
  ["addv b0, v1.16b", 0x4e31_b820, 0n, 0xff_ff_ff_ff_ff_80_7f_01_02_03_04_05_06_07_08_09n, 0x27n],
  ["addv s0, v1.4s", 0x4eb1_b820, 0n, 0x80000000_80000000_00000001_00000002n, 3n],
  ["saddlv h0, v1.16b", 0x4e30_3820, 0n, 0x8080_8080_8080_8080_8080_8080_8080_8080n, 0xf800n],
  ["uaddlv h0, v1.8b", 0x2e30_3820, 0n, 0xffff_ffff_ffff_ffffn, 0x07f8n],
  ["saddlv s0, v1.4h", 0x0e70_3820, 0n, 0x80008000_8000ffffn, 0xfffe7fffn],
  ["uaddlv d0, v1.4s", 0x6eb0_3820, 0n, 0xffffffffffffffff_ffffffffffffffffn, 0x00000003fffffffcn],
  ["smaxv b0, v1.8b", 0x0e30_a820, 0n, 0x7f_00_00_00_00_00_00_00_80_81_ff_fe_80_80_80_80n, 0xffn],
  ["umaxv b0, v1.16b", 0x6e30_a820, 0n, 0x7f_00_00_00_00_00_00_00_80_81_ff_fe_80_80_80_80n, 0xffn],
  ["sminv h0, v1.8h", 0x4e71_a820, 0n, 0x7fff_0000_8001_0001_0000_0000_ffff_0001n, 0x8001n],
  ["uminv h0, v1.4h", 0x2e71_a820, 0xffff_ffff_ffff_ffff_ffffn, 0x8000_7fff_ffff_0005n, 5n],
  ["uminv s0, v1.4s", 0x6eb1_a820, 0n, 0x00000003_80000000_00000004_00000005n, 3n],
];

describe("Advanced SIMD across lanes", () => {
  for (const [text, word, v0, v1, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1])).toEqual(after(result, fpsr)));
  }
});
