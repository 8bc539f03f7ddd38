/** Pairwise instructions: neighbours, and which operand makes which half. */
import { describe, expect, it } from "vitest";
import { simdPairwise, simdScalarPairwise } from "./simd-pairwise.ts";
import { after, execute, type TwoOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdPairwise, ...simdScalarPairwise];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V2, V0 after, FPSR where it is not 0.
const rows: readonly TwoOperandRow[] = [
  [ // the first operand makes the lower half
    "addp v0.8b, v1.8b, v2.8b", 0x0e22_bc20,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x08_07_06_05_04_03_02_01n, 0x80_80_ff_01_10_20_30_40n, 0x30_70_0f_0b_07_03n,
  ],
  ["addp v0.2d, v1.2d, v2.2d", 0x4ee2_bc20, 0n, 0x0000000000000001_0000000000000002n, 0xffffffffffffffff_0000000000000001n, 3n],
  [ // what strlen() asks
    "umaxp v0.16b, v1.16b, v2.16b", 0x6e22_a420,
    0n,
    0xff_00_00_00_00_00_00_00_00_00_00_00_01_02n,
    0x80_00_00_00_00_00_00_00_00_00_00_00_00_00_7fn,
    0x80_00_00_00_00_00_00_7f_00_ff_00_00_00_00_00_02n,
  ],
  ["sminp v0.4h, v1.4h, v2.4h", 0x0e62_ac20, 0n, 0x7fff_8000_0001_ffffn, 0x0001_0005_0004n, 0x0004_8000_ffffn],
  ["umaxp v0.2s, v1.2s, v2.2s", 0x2ea2_a420, 0n, 0x80000000_7fffffffn, 0x00000001_00000000n, 0x00000001_80000000n],
  ["addp d0, v1.2d", 0x5ef1_b820, 0n, 0xffffffffffffffff_0000000000000003n, 0n, 2n],
];

describe("pairwise instructions on integers", () => {
  for (const [text, word, v0, v1, v2, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1, v2])).toEqual(after(result, fpsr)));
  }
});
