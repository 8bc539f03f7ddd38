/** Copies: where elements are taken from and where they go, and what is left alone. X1 is 0x1122334455667788. */
import { describe, expect, it } from "vitest";
import { simdCopy } from "./simd-copy.ts";
import { after, execute, type OneOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdCopy];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V0 after, FPSR where it is not 0.
const rows: readonly OneOperandRow[] = [
  [
    "dup v0.8b, v1.b[15]", 0x0e1f_0420,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0xa5_00_00_00_00_00_00_00_00_00_00_00_00_00_00_00n, 0xa5_a5_a5_a5_a5_a5_a5_a5n,
  ],
  ["dup v0.2d, v1.d[1]", 0x4e18_0420, 0n, 0x0123456789abcdef_0000000000000000n, 0x0123456789abcdef_0123456789abcdefn],
  ["dup h0, v1.h[5]", 0x5e16_0420, 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffffn, 0x0001_0002_0003_0004_0005_0006_0007_0008n, 3n],
  ["dup v0.4h, w1", 0x0e02_0c20, 0n, 0n, 0x7788_7788_7788_7788n],
  ["dup v0.2d, x1", 0x4e08_0c20, 0n, 0n, 0x1122334455667788_1122334455667788n],
  [
    "mov v0.b[3], w1", 0x4e07_1c20,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ffn, 0n, 0xff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_88_ff_ff_ffn,
  ],
  ["mov v0.d[1], x1", 0x4e18_1c20, 0xffffffffffffffff_ffffffffffffffffn, 0n, 0x1122334455667788_ffffffffffffffffn],
  ["mov v0.d[0], xzr", 0x4e08_1fe0, 0xffffffffffffffff_ffffffffffffffffn, 0n, 0xffffffffffffffff_0000000000000000n],
  [
    "mov v0.h[7], v1.h[2]", 0x6e1e_2420,
    0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffffn, 0x0001_0002_0003_0004_0005_0006_0007_0008n, 0x0006_ffff_ffff_ffff_ffff_ffff_ffff_ffffn,
  ],
  [
    "mov v0.b[0], v1.b[15]", 0x6e01_7c20,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ffn,
    0xa5_00_00_00_00_00_00_00_00_00_00_00_00_00_00_00n,
    0xff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_ff_a5n,
  ],
];

describe("Advanced SIMD copy", () => {
  for (const [text, word, v0, v1, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1])).toEqual(after(result, fpsr)));
  }
});

// DDI 0487 C7.2. The columns: instruction, V1, X0 after.
const moves: readonly (readonly [text: string, word: number, v1: bigint, result: bigint])[] = [
  ["umov w0, v1.b[9]", 0x0e13_3c20, 0xff00_0000_0000_0000_0000n, 0xffn],
  ["umov w0, v1.s[3]", 0x0e1c_3c20, 0x80000001_00000000_00000000_00000000n, 0x8000_0001n],
  ["umov x0, v1.d[1]", 0x4e18_3c20, 0x8000000100000002_0000000000000000n, 0x8000_0001_0000_0002n],
  ["smov w0, v1.b[1]", 0x0e03_2c20, 0x8000n, 0xffff_ff80n], // the upper half of X0 is cleared
  ["smov x0, v1.b[1]", 0x4e03_2c20, 0x8000n, 0xffff_ffff_ffff_ff80n],
  ["smov x0, v1.h[7]", 0x4e1e_2c20, 0x8001_0000_0000_0000_0000_0000_0000_0000n, 0xffff_ffff_ffff_8001n],
  ["smov x0, v1.s[0]", 0x4e04_2c20, 0x80000001n, 0xffff_ffff_8000_0001n],
];

describe("moves to general-purpose registers", () => {
  it.each(moves)("%s", (_, word, v1, result) => {
    expect(execute(forms, word, [5n, v1])).toEqual({ v0: 5n, x0: result, fpsr: 0 });
  });

  it("writes nothing when the destination is WZR", () => {
    expect(execute(forms, 0x0e01_3c3f, [5n, 0xffn])).toEqual(after(5n)); // umov wzr, v1.b[0]
  });
});
