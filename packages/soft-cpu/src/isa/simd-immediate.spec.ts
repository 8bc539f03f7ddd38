/** Modified immediates: every cmode, moved and combined. */
import { describe, expect, it } from "vitest";
import { simdImmediate } from "./simd-immediate.ts";
import { after, execute, type ImmediateRow } from "./simd-row.fixture.ts";

const forms = [...simdImmediate];

// DDI 0487 C7.2. The columns: instruction, V0 before, V0 after, FPSR where it is not 0.
const rows: readonly ImmediateRow[] = [
  ["movi v0.2s, #0xa5", 0x0f05_04a0, 0x0000ffff_ffffffff_ffffffffn, 0x000000a5_000000a5n], // cmode 000x
  ["movi v0.4s, #0xa5, lsl #24", 0x4f05_64a0, 0n, 0xa5000000_a5000000_a5000000_a5000000n], // cmode 011x
  ["mvni v0.2s, #0xa5, lsl #8", 0x2f05_24a0, 0n, 0xffff5aff_ffff5affn],
  ["movi v0.4h, #0xa5, lsl #8", 0x0f05_a4a0, 0n, 0xa500_a500_a500_a500n], // cmode 101x
  ["mvni v0.8h, #0xa5", 0x6f05_84a0, 0n, 0xff5a_ff5a_ff5a_ff5a_ff5a_ff5a_ff5a_ff5an],
  ["movi v0.2s, #0xa5, msl #8", 0x0f05_c4a0, 0n, 0x0000a5ff_0000a5ffn], // ones are shifted in
  ["mvni v0.4s, #0xa5, msl #16", 0x6f05_d4a0, 0n, 0xff5a0000_ff5a0000_ff5a0000_ff5a0000n],
  ["movi v0.8b, #0xa5", 0x0f05_e4a0, 0n, 0xa5_a5_a5_a5_a5_a5_a5_a5n],
  ["movi d0, #0xff0000ff00ff00ff", 0x2f04_e6a0, 0x000000000000ffff_ffffffffffffffffn, 0xff0000ff00ff00ffn], // a byte for each bit
  ["movi v0.2d, #0xff0000ff00ff00ff", 0x6f04_e6a0, 0n, 0xff0000ff00ff00ff_ff0000ff00ff00ffn],
  ["fmov v0.2s, #1.0", 0x0f03_f600, 0n, 0x3f800000_3f800000n],
  ["fmov v0.4s, #-31.0", 0x4f05_f7e0, 0n, 0xc1f80000_c1f80000_c1f80000_c1f80000n],
  ["fmov v0.2d, #0.125", 0x6f02_f400, 0n, 0x3fc0000000000000_3fc0000000000000n],
  ["fmov v0.2d, #-1.9375", 0x6f07_f7e0, 0n, 0xbfff000000000000_bfff000000000000n],
  ["orr v0.4h, #0xa5, lsl #8", 0x0f05_b4a0, 0x1111_2222_3333_4444_5555n, 0xa722_b733_e544_f555n],
  ["orr v0.4s, #0xa5, lsl #16", 0x4f05_54a0, 0xffffffff_00010000_12345678n, 0x00a50000_ffffffff_00a50000_12b55678n],
  ["bic v0.2s, #0xa5, lsl #24", 0x2f05_74a0, 0x0000ffff_ffffffff_12345678n, 0x5affffff_12345678n],
  ["bic v0.8h, #0xff", 0x6f07_97e0, 0xffff_0000_1234_5678_9abc_def0_0001_8000n, 0xff00_0000_1200_5600_9a00_de00_0000_8000n],
];

describe("Advanced SIMD modified immediate", () => {
  for (const [text, word, v0, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0])).toEqual(after(result, fpsr)));
  }
});
