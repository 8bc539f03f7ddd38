/** Permutations and table lookups. Lane i holds i + 1, so that every lane tells where it came from. */
import { describe, expect, it } from "vitest";
import { simdPermute } from "./simd-permute.ts";
import { after, execute, type TwoOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdPermute];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V2, V0 after, FPSR where it is not 0.
const rows: readonly TwoOperandRow[] = [
  [
    "zip1 v0.8b, v1.8b, v2.8b", 0x0e02_3820,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x08_07_06_05_04_03_02_01n, 0x18_17_16_15_14_13_12_11n, 0x14_04_13_03_12_02_11_01n,
  ],
  [
    "zip2 v0.4s, v1.4s, v2.4s", 0x4e82_7820,
    0n, 0x00000004_00000003_00000002_00000001n, 0x00000014_00000013_00000012_00000011n, 0x00000014_00000004_00000013_00000003n,
  ],
  ["uzp1 v0.4h, v1.4h, v2.4h", 0x0e42_1820, 0n, 0x0004_0003_0002_0001n, 0x0014_0013_0012_0011n, 0x0013_0011_0003_0001n],
  [
    "uzp2 v0.16b, v1.16b, v2.16b", 0x4e02_5820,
    0n,
    0x10_0f_0e_0d_0c_0b_0a_09_08_07_06_05_04_03_02_01n,
    0x20_1f_1e_1d_1c_1b_1a_19_18_17_16_15_14_13_12_11n,
    0x20_1e_1c_1a_18_16_14_12_10_0e_0c_0a_08_06_04_02n,
  ],
  [
    "trn1 v0.8h, v1.8h, v2.8h", 0x4e42_2820,
    0n, 0x0008_0007_0006_0005_0004_0003_0002_0001n, 0x0018_0017_0016_0015_0014_0013_0012_0011n, 0x0017_0007_0015_0005_0013_0003_0011_0001n,
  ],
  [
    "trn2 v0.2d, v1.2d, v2.2d", 0x4ec2_6820,
    0n, 0x0000000000000002_0000000000000001n, 0x0000000000000012_0000000000000011n, 0x0000000000000012_0000000000000002n,
  ],
  [
    "ext v0.8b, v1.8b, v2.8b, #3", 0x2e02_1820,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x08_07_06_05_04_03_02_01n, 0x18_17_16_15_14_13_12_11n, 0x13_12_11_08_07_06_05_04n,
  ],
  [
    "ext v0.16b, v1.16b, v2.16b, #15", 0x6e02_7820,
    0n,
    0x10_0f_0e_0d_0c_0b_0a_09_08_07_06_05_04_03_02_01n,
    0x20_1f_1e_1d_1c_1b_1a_19_18_17_16_15_14_13_12_11n,
    0x1f_1e_1d_1c_1b_1a_19_18_17_16_15_14_13_12_11_10n,
  ],
  // the table is V1 and, with two registers, V2; an index past it gives 0, or leaves the destination
  [
    "tbl v0.8b, {v1.16b}, v2.8b", 0x0e02_0020,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn,
    0x10_0f_0e_0d_0c_0b_0a_09_08_07_06_05_04_03_02_01n,
    0x0f_10_11_ff_80_05_07n,
    0x01_10_00_00_00_00_06_08n,
  ],
  [
    "tbx v0.8b, {v1.16b}, v2.8b", 0x0e02_1020,
    0xff_ff_aa_aa_aa_aa_aa_aa_aa_aan,
    0x10_0f_0e_0d_0c_0b_0a_09_08_07_06_05_04_03_02_01n,
    0x0f_10_11_ff_80_05_07n,
    0x01_10_aa_aa_aa_aa_06_08n,
  ],
  [
    "tbl v0.8b, {v1.16b, v2.16b}, v2.8b", 0x0e02_2020,
    0n, 0x10_0f_0e_0d_0c_0b_0a_09_08_07_06_05_04_03_02_01n, 0x0f_10_11_ff_1f_05_20n, 0x01_10_20_05_00_00_06_00n,
  ],
  [
    "tbx v0.8b, {v0.16b, v1.16b, v2.16b}, v2.8b", 0x0e02_5000,
    0xaa_bb_cc_dd_ee_f0_f1_f2n, 0x10_0f_0e_0d_0c_0b_0a_09_08_07_06_05_04_03_02_01n, 0x0f_10_11_ff_2f_20_30n, 0xf2_00_01_02_ee_00_30_f2n,
  ],
  [ // V0 follows V31
    "tbl v0.16b, {v31.16b, v0.16b, v1.16b, v2.16b}, v2.16b", 0x4e02_63e0,
    0xaa_bb_cc_dd_ee_f0_f1_f2n,
    0x10_0f_0e_0d_0c_0b_0a_09_08_07_06_05_04_03_02_01n,
    0x0f_10_11_ff_3f_20_30_40_38_2f_1fn,
    0xf2_f1_00_00_01_1f_00_11_10_00n,
  ],
];

describe("Advanced SIMD permutations", () => {
  for (const [text, word, v0, v1, v2, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1, v2])).toEqual(after(result, fpsr)));
  }
});
