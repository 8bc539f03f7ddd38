/** Shifts by immediate: the longest and the shortest distances, rounding, saturation. */
import { describe, expect, it } from "vitest";
import { simdShiftImmediate, simdScalarShiftImmediate } from "./simd-shift-immediate.ts";
import { after, execute, QC, type OneOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdShiftImmediate, ...simdScalarShiftImmediate];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V0 after, FPSR where it is not 0.
const rows: readonly OneOperandRow[] = [
  // to the right by as much as an element
  ["sshr v0.8b, v1.8b, #8", 0x0f08_0420, 0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x80_7f_01_ff_00_00_00_00n, 0xff_00_00_ff_00_00_00_00n],
  ["ushr v0.8b, v1.8b, #8", 0x2f08_0420, 0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x80_7f_01_ff_00_00_00_00n, 0n],
  ["ushr v0.2d, v1.2d, #64", 0x6f40_0420, 0n, 0xffffffffffffffff_8000000000000000n, 0n],
  ["ushr v0.2d, v1.2d, #1", 0x6f7f_0420, 0n, 0xffffffffffffffff_8000000000000001n, 0x7fffffffffffffff_4000000000000000n],
  ["sshr d0, d1, #64", 0x5f40_0420, 0n, 0x8000000000000000n, 0xffffffffffffffffn],
  ["srshr v0.4h, v1.4h, #16", 0x0f10_2420, 0n, 0x8000_7fff_ffff_0001n, 0n],
  ["urshr v0.4h, v1.4h, #16", 0x2f10_2420, 0n, 0x8000_7fff_ffff_0001n, 0x0001_0000_0001_0000n],
  ["urshr v0.2s, v1.2s, #1", 0x2f3f_2420, 0n, 0xffffffff_00000001n, 0x80000000_00000001n], // rounding does not lose the carry
  ["ssra v0.4h, v1.4h, #15", 0x0f11_1420, 0xffff_0001_8000n, 0x8000_7fff_ffff_4000n, 0xffff_ffff_0000_8000n],
  ["ursra d0, d1, #64", 0x7f40_3420, 0xffffffffffffffffn, 0xffffffffffffffffn, 0n],
  ["sri v0.2s, v1.2s, #32", 0x2f20_4420, 0x12345678_9abcdef0n, 0xffffffff_ffffffffn, 0x12345678_9abcdef0n], // nothing is inserted
  ["sri v0.2s, v1.2s, #8", 0x2f38_4420, 0x12345678_9abcdef0n, 0xffffffff_00000000n, 0x12ffffff_9a000000n],
  // to the left
  ["shl v0.2s, v1.2s, #31", 0x0f3f_5420, 0n, 0x00000003_ffffffffn, 0x80000000_80000000n],
  ["sli v0.8b, v1.8b, #4", 0x2f0c_5420, 0x12_34_56_78_00_00_00_ffn, 0xff_0f_f0_00_00_00_00_01n, 0xf2_f4_06_08_00_00_00_1fn],
  ["sli d0, d1, #0", 0x7f40_5420, 0xffffffffffffffffn, 0x8000000000000001n, 0x8000000000000001n],
  ["sqshl v0.4h, v1.4h, #1", 0x0f11_7420, 0n, 0x4000_c000_3fff_bfffn, 0x7fff_8000_7ffe_8000n, QC],
  ["uqshl v0.4h, v1.4h, #1", 0x2f11_7420, 0n, 0x8000_7fff_0000_0001n, 0xffff_fffe_0000_0002n, QC],
  ["sqshlu v0.4h, v1.4h, #1", 0x2f11_6420, 0n, 0x7fff_8000_ffff_0001n, 0xfffe_0000_0000_0002n, QC], // what is negative becomes 0
  ["sqshlu b0, b1, #0", 0x7f08_6420, 0n, 0x80n, 0n, QC], // even by 0
  [ // what would saturate is not part of the operand
    "sqshl v0.2s, v1.2s, #31", 0x0f3f_7420,
    0n, 0x80000000_00000000_00000000_ffffffffn, 0x80000000n,
  ],
  // to half the size
  [
    "shrn v0.8b, v1.8h, #4", 0x0f0c_8420,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x0f_f0_f0_0f_12_34_56_78_9a_bc_de_f0_00_10_ff_ffn, 0xff_00_23_67_ab_ef_01_ffn,
  ],
  [ // the lower half stays
    "shrn2 v0.4s, v1.2d, #32", 0x4f20_8420,
    0x11111111_22222222n, 0x01234567_89abcdef_fedcba98_76543210n, 0x01234567_fedcba98_11111111_22222222n,
  ],
  ["rshrn v0.8b, v1.8h, #8", 0x0f08_8c20, 0n, 0x80_00_7f_ff_80_ff_7f_ff_ff_00_00_80_00_12_80n, 0x01_00_00_ff_00_00_80_13n],
  ["sqrshrn v0.2s, v1.2d, #1", 0x0f3f_9c20, 0n, 0xffffffff_ffffffff_00000001n, 0x7fffffff_80000001n, QC], // rounded up out of range
  ["sqshrun v0.4h, v1.4s, #16", 0x2f10_8420, 0n, 0x8000_0000_7fff_ffff_ffff_ffff_0001_0000n, 0x7fff_0000_0001n, QC],
  ["uqrshrn h0, s1, #16", 0x7f10_9c20, 0n, 0xffff_ffffn, 0xffffn, QC],
  ["uqshrn b0, h1, #8", 0x7f08_9420, 0n, 0xff_ffn, 0xffn],
  // to twice the size
  ["sshll v0.8h, v1.8b, #7", 0x0f0f_a420, 0n, 0x807f_ff01_0000_0000n, 0xc000_3f80_ff80_0080_0000_0000_0000_0000n],
  ["ushll2 v0.2d, v1.4s, #31", 0x6f3f_a420, 0n, 0xffffffff80000000_0000000100000002n, 0x7fffffff80000000_4000000000000000n],
];

describe("Advanced SIMD shift by immediate", () => {
  for (const [text, word, v0, v1, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1])).toEqual(after(result, fpsr)));
  }
});
