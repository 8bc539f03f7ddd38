/** Which row an encoding of a load or store belongs to, and with which operands: texts and words from the GNU assembler for Armv8-A. */
import { describe, expect, it } from "vitest";
import { type Form, vr, xr, xsp, xw } from "./form.ts";
import { loadsExclusive } from "./loads-exclusive.ts";
import { loadsImmediate } from "./loads-immediate.ts";
import { loadsLiteral } from "./loads-literal.ts";
import { loadsPair } from "./loads-pair.ts";
import { loadsRegister } from "./loads-register.ts";
import { loadsVectorMultiple } from "./loads-vector-multiple.ts";
import { loadsVectorSingle } from "./loads-vector-single.ts";

const loads: readonly Form[] = [
  ...loadsImmediate, ...loadsRegister, ...loadsLiteral, ...loadsPair, ...loadsExclusive, ...loadsVectorMultiple, ...loadsVectorSingle,
];

/** All rows that claim `word`. */
const rowsOf = (word: number): readonly Form[] =>
  loads.filter(({ bits, when, fieldsOf }) => (word & bits.mask) >>> 0 === bits.value && (when === undefined || when(fieldsOf(word))));

const names = new Map<number, string>([[xr(31), "zero"], [xw(31), "sink"], [xsp(31), "sp"]]);
for (let n = 0; n < 31; n++) names.set(xr(n), `x${n}`);
for (let n = 0; n < 32; n++) names.set(vr(n), `v${n}`);

/** Operands as text, registers by name: "d=x1 n=sp imm=8". */
function operandsOf(form: Form, word: number): string {
  const shown = Object.entries(form.operands(form.fieldsOf(word)));
  return shown.map(([field, value]) => `${field}=${field.length === 1 ? names.get(value) : value}`).join(" ");
}

// Text, word, row, operands. Field d is Rt, except of store-exclusives, where it is Rs.
const allocated: readonly (readonly [text: string, word: number, row: string, operands: string])[] = [
  ["strb w1, [x2]", 0x3900_0041, "STRB (immediate, unsigned offset)", "d=x1 n=x2 imm=0"],
  ["ldrb w1, [x2, #4095]", 0x397f_fc41, "LDRB (immediate, unsigned offset)", "d=x1 n=x2 imm=4095"],
  ["ldrsb x3, [sp, #1]", 0x3980_07e3, "LDRSB X (immediate, unsigned offset)", "d=x3 n=sp imm=1"],
  ["ldrsb wzr, [x4]", 0x39c0_009f, "LDRSB W (immediate, unsigned offset)", "d=sink n=x4 imm=0"],
  ["strh w5, [x6, #8190]", 0x793f_fcc5, "STRH (immediate, unsigned offset)", "d=x5 n=x6 imm=8190"],
  ["ldrh w7, [x8, #2]", 0x7940_0507, "LDRH (immediate, unsigned offset)", "d=x7 n=x8 imm=2"],
  ["ldrsh x9, [x10, #4]", 0x7980_0949, "LDRSH X (immediate, unsigned offset)", "d=x9 n=x10 imm=4"],
  ["ldrsh w11, [x12, #6]", 0x79c0_0d8b, "LDRSH W (immediate, unsigned offset)", "d=x11 n=x12 imm=6"],
  ["str wzr, [sp, #16380]", 0xb93f_ffff, "STR W (immediate, unsigned offset)", "d=zero n=sp imm=16380"],
  ["ldr w13, [x14, #4]", 0xb940_05cd, "LDR W (immediate, unsigned offset)", "d=x13 n=x14 imm=4"],
  ["ldrsw x15, [x16, #8]", 0xb980_0a0f, "LDRSW (immediate, unsigned offset)", "d=x15 n=x16 imm=8"],
  ["str x17, [x18, #32760]", 0xf93f_fe51, "STR X (immediate, unsigned offset)", "d=x17 n=x18 imm=32760"],
  ["ldr x19, [x20, #8]", 0xf940_0693, "LDR X (immediate, unsigned offset)", "d=x19 n=x20 imm=8"],
  ["str b1, [x2, #1]", 0x3d00_0441, "STR B (immediate, unsigned offset)", "d=v1 n=x2 imm=1"],
  ["ldr b3, [x4, #2]", 0x3d40_0883, "LDR B (immediate, unsigned offset)", "d=v3 n=x4 imm=2"],
  ["str h5, [x6, #2]", 0x7d00_04c5, "STR H (immediate, unsigned offset)", "d=v5 n=x6 imm=2"],
  ["ldr h7, [x8, #4]", 0x7d40_0907, "LDR H (immediate, unsigned offset)", "d=v7 n=x8 imm=4"],
  ["str s9, [x10, #4]", 0xbd00_0549, "STR S (immediate, unsigned offset)", "d=v9 n=x10 imm=4"],
  ["ldr s11, [x12, #8]", 0xbd40_098b, "LDR S (immediate, unsigned offset)", "d=v11 n=x12 imm=8"],
  ["str d13, [x14, #8]", 0xfd00_05cd, "STR D (immediate, unsigned offset)", "d=v13 n=x14 imm=8"],
  ["ldr d15, [sp, #16]", 0xfd40_0bef, "LDR D (immediate, unsigned offset)", "d=v15 n=sp imm=16"],
  ["str q31, [x16, #65520]", 0x3dbf_fe1f, "STR Q (immediate, unsigned offset)", "d=v31 n=x16 imm=65520"],
  ["ldr q0, [x17, #16]", 0x3dc0_0620, "LDR Q (immediate, unsigned offset)", "d=v0 n=x17 imm=16"],
  ["strb w1, [x2], #1", 0x3800_1441, "STRB (immediate, post-indexed)", "d=x1 n=x2 imm=1"],
  ["ldrb w1, [x2], #-1", 0x385f_f441, "LDRB (immediate, post-indexed)", "d=x1 n=x2 imm=-1"],
  ["ldrsw x3, [sp], #-256", 0xb890_07e3, "LDRSW (immediate, post-indexed)", "d=x3 n=sp imm=-256"],
  ["str x30, [sp, #-16]!", 0xf81f_0ffe, "STR X (immediate, pre-indexed)", "d=x30 n=sp imm=-16"],
  ["ldr xzr, [x5, #255]!", 0xf84f_fcbf, "LDR X (immediate, pre-indexed)", "d=sink n=x5 imm=255"],
  ["ldr q1, [x2], #16", 0x3cc1_0441, "LDR Q (immediate, post-indexed)", "d=v1 n=x2 imm=16"],
  ["str q1, [x2, #-16]!", 0x3c9f_0c41, "STR Q (immediate, pre-indexed)", "d=v1 n=x2 imm=-16"],
  ["sturb w1, [x2, #-1]", 0x381f_f041, "STURB", "d=x1 n=x2 imm=-1"],
  ["ldurh w1, [x2, #-2]", 0x785f_e041, "LDURH", "d=x1 n=x2 imm=-2"],
  ["ldursb w3, [x4, #5]", 0x38c0_5083, "LDURSB W", "d=x3 n=x4 imm=5"],
  ["ldursh x3, [x4, #7]", 0x7880_7083, "LDURSH X", "d=x3 n=x4 imm=7"],
  ["ldursw x5, [x6, #-255]", 0xb890_10c5, "LDURSW", "d=x5 n=x6 imm=-255"],
  ["stur x7, [x8, #1]", 0xf800_1107, "STUR X", "d=x7 n=x8 imm=1"],
  ["ldur q9, [x10, #-1]", 0x3cdf_f149, "LDUR Q", "d=v9 n=x10 imm=-1"],
  ["stur b9, [x10, #-256]", 0x3c10_0149, "STUR B", "d=v9 n=x10 imm=-256"],
  ["sttrb w1, [x2, #1]", 0x3800_1841, "STTRB", "d=x1 n=x2 imm=1"],
  ["ldtrh w3, [x4, #-2]", 0x785f_e883, "LDTRH", "d=x3 n=x4 imm=-2"],
  ["ldtrsb x5, [x6]", 0x3880_08c5, "LDTRSB X", "d=x5 n=x6 imm=0"],
  ["ldtrsh w7, [x8]", 0x78c0_0907, "LDTRSH W", "d=x7 n=x8 imm=0"],
  ["ldtrsw x9, [x10, #4]", 0xb880_4949, "LDTRSW", "d=x9 n=x10 imm=4"],
  ["sttr x11, [sp, #8]", 0xf800_8beb, "STTR X", "d=x11 n=sp imm=8"],
  ["ldtr w13, [x14, #255]", 0xb84f_f9cd, "LDTR W", "d=x13 n=x14 imm=255"],
  ["prfm pldl1keep, [x1, #8]", 0xf980_0420, "PRFM (immediate)", ""],
  ["prfum pstl2strm, [x1, #-1]", 0xf89f_f033, "PRFUM", ""],
  ["prfm pldl3keep, [x1, x2, lsl #3]", 0xf8a2_7824, "PRFM (register)", ""],
  ["prfm pldl1keep, .+8", 0xd800_0040, "PRFM (literal)", ""],
  ["ldr x1, [x2, x3]", 0xf863_6841, "LDR X (register, LSL/SXTX)", "d=x1 n=x2 m=x3 shift=0"],
  ["ldr x1, [x2, x3, lsl #3]", 0xf863_7841, "LDR X (register, LSL/SXTX)", "d=x1 n=x2 m=x3 shift=3"],
  ["str x1, [sp, xzr, sxtx #3]", 0xf83f_fbe1, "STR X (register, LSL/SXTX)", "d=x1 n=sp m=zero shift=3"],
  ["ldrb w1, [x2, w3, uxtw]", 0x3863_4841, "LDRB (register, UXTW/SXTW)", "d=x1 n=x2 m=x3 shift=0 imm=0"],
  ["ldrsh w1, [x2, w3, sxtw #1]", 0x78e3_d841, "LDRSH W (register, UXTW/SXTW)", "d=x1 n=x2 m=x3 shift=1 imm=1"],
  ["str w1, [x2, wzr, uxtw #2]", 0xb83f_5841, "STR W (register, UXTW/SXTW)", "d=x1 n=x2 m=zero shift=2 imm=0"],
  ["ldrsw x4, [x5, x6, lsl #2]", 0xb8a6_78a4, "LDRSW (register, LSL/SXTX)", "d=x4 n=x5 m=x6 shift=2"],
  ["str q1, [x2, x3, lsl #4]", 0x3ca3_7841, "STR Q (register, LSL/SXTX)", "d=v1 n=x2 m=x3 shift=4"],
  ["ldr h1, [x2, w3, sxtw #1]", 0x7c63_d841, "LDR H (register, UXTW/SXTW)", "d=v1 n=x2 m=x3 shift=1 imm=1"],
  ["ldr b1, [x2, w3, sxtw #0]", 0x3c63_d841, "LDR B (register, UXTW/SXTW)", "d=v1 n=x2 m=x3 shift=0 imm=1"],
  ["ldr w1, .-4", 0x18ff_ffe1, "LDR W (literal)", "d=x1 imm=-4"],
  ["ldr x2, .+1048572", 0x587f_ffe2, "LDR X (literal)", "d=x2 imm=1048572"],
  ["ldrsw x3, .-1048576", 0x9880_0003, "LDRSW (literal)", "d=x3 imm=-1048576"],
  ["ldr s4, .+4", 0x1c00_0024, "LDR S (literal)", "d=v4 imm=4"],
  ["ldr d5, .+8", 0x5c00_0045, "LDR D (literal)", "d=v5 imm=8"],
  ["ldr q6, .+16", 0x9c00_0086, "LDR Q (literal)", "d=v6 imm=16"],
  ["stp w1, w2, [x3, #-256]", 0x2920_0861, "STP W (signed offset), STNP W", "d=x1 a=x2 n=x3 imm=-256"],
  ["ldp w1, wzr, [sp, #252]", 0x295f_ffe1, "LDP W (signed offset), LDNP W", "d=x1 a=sink n=sp imm=252"],
  ["ldpsw x1, x2, [x3, #4]", 0x6940_8861, "LDPSW (signed offset)", "d=x1 a=x2 n=x3 imm=4"],
  ["ldpsw x1, x2, [x3], #4", 0x68c0_8861, "LDPSW (post-indexed)", "d=x1 a=x2 n=x3 imm=4"],
  ["stp x29, x30, [sp, #-16]!", 0xa9bf_7bfd, "STP X (pre-indexed)", "d=x29 a=x30 n=sp imm=-16"],
  ["ldp x29, x30, [sp], #504", 0xa8df_fbfd, "LDP X (post-indexed)", "d=x29 a=x30 n=sp imm=504"],
  ["ldnp x1, x2, [x3, #-512]", 0xa860_0861, "LDP X (signed offset), LDNP X", "d=x1 a=x2 n=x3 imm=-512"],
  ["stnp w4, w5, [x6]", 0x2800_14c4, "STP W (signed offset), STNP W", "d=x4 a=x5 n=x6 imm=0"],
  ["ldnp q1, q2, [x3, #1008]", 0xac5f_8861, "LDP Q (signed offset), LDNP Q", "d=v1 a=v2 n=x3 imm=1008"],
  ["stp s1, s2, [x3], #4", 0x2c80_8861, "STP S (post-indexed)", "d=v1 a=v2 n=x3 imm=4"],
  ["ldp d1, d2, [x3, #-8]!", 0x6dff_8861, "LDP D (pre-indexed)", "d=v1 a=v2 n=x3 imm=-8"],
  ["stp q30, q31, [x3, #-1024]", 0xad20_7c7e, "STP Q (signed offset), STNP Q", "d=v30 a=v31 n=x3 imm=-1024"],
  ["stxrb w1, w2, [x3]", 0x0801_7c62, "STXRB, STLXRB", "d=x1 a=x2 n=x3"],
  ["ldxrh w4, [x5]", 0x485f_7ca4, "LDXRH, LDAXRH", "d=x4 n=x5"],
  ["stlxr w6, wzr, [sp]", 0x8806_ffff, "STXR W, STLXR W", "d=x6 a=zero n=sp"],
  ["ldaxr x7, [x8]", 0xc85f_fd07, "LDXR X, LDAXR X", "d=x7 n=x8"],
  ["stxr wzr, x9, [x10]", 0xc81f_7d49, "STXR X, STLXR X", "d=sink a=x9 n=x10"],
  ["stlrb w11, [x12]", 0x089f_fd8b, "STLRB", "d=x11 n=x12"],
  ["ldarh w13, [x14]", 0x48df_fdcd, "LDARH", "d=x13 n=x14"],
  ["stlr xzr, [sp]", 0xc89f_ffff, "STLR X", "d=zero n=sp"],
  ["ldar x15, [x16]", 0xc8df_fe0f, "LDAR X", "d=x15 n=x16"],
  ["stxp w1, w2, w3, [x4]", 0x8821_0c82, "STXP W, STLXP W", "d=x1 a=x2 m=x3 n=x4"],
  ["ldaxp w5, w6, [x7]", 0x887f_98e5, "LDXP W, LDAXP W", "d=x5 a=x6 n=x7"],
  ["stlxp w1, x2, x3, [sp]", 0xc821_8fe2, "STXP X, STLXP X", "d=x1 a=x2 m=x3 n=sp"],
  ["ldxp x5, xzr, [x7]", 0xc87f_7ce5, "LDXP X, LDAXP X", "d=x5 a=sink n=x7"],
  ["ld1 {v1.8b}, [x2]", 0x0c40_7041, "LD1 (multiple structures, one register), 8B", "d=v1 n=x2 m=zero imm=0"],
  ["ld1 {v31.16b, v0.16b}, [sp], #32", 0x4cdf_a3ff, "LD1 (multiple structures, two registers), 16B", "d=v31 n=sp m=zero imm=32"],
  ["ld1 {v1.1d, v2.1d, v3.1d}, [x4], x5", 0x0cc5_6c81, "LD1 (multiple structures, three registers), 1D", "d=v1 n=x4 m=x5 imm=0"],
  ["st1 {v1.4h, v2.4h, v3.4h, v4.4h}, [x5], #32", 0x0c9f_24a1, "ST1 (multiple structures, four registers), 4H", "d=v1 n=x5 m=zero imm=32"],
  ["ld2 {v1.2s, v2.2s}, [x3], #16", 0x0cdf_8861, "LD2 (multiple structures), 2S", "d=v1 n=x3 m=zero imm=16"],
  ["st2 {v1.2d, v2.2d}, [x3], x4", 0x4c84_8c61, "ST2 (multiple structures), 2D", "d=v1 n=x3 m=x4 imm=0"],
  ["ld3 {v1.8h, v2.8h, v3.8h}, [x3], #48", 0x4cdf_4461, "LD3 (multiple structures), 8H", "d=v1 n=x3 m=zero imm=48"],
  ["st3 {v30.8b, v31.8b, v0.8b}, [x3], x30", 0x0c9e_407e, "ST3 (multiple structures), 8B", "d=v30 n=x3 m=x30 imm=0"],
  ["ld4 {v1.4s, v2.4s, v3.4s, v4.4s}, [x3]", 0x4c40_0861, "LD4 (multiple structures), 4S", "d=v1 n=x3 m=zero imm=0"],
  ["st4 {v1.16b, v2.16b, v3.16b, v4.16b}, [x3], #64", 0x4c9f_0061, "ST4 (multiple structures), 16B", "d=v1 n=x3 m=zero imm=64"],
  ["ld1 {v1.b}[15], [x2]", 0x4d40_1c41, "LD1 (single structure), B", "d=v1 n=x2 m=zero imm=0 shift=15"],
  ["st1 {v1.b}[6], [x2], #1", 0x0d9f_1841, "ST1 (single structure), B", "d=v1 n=x2 m=zero imm=1 shift=6"],
  ["ld2 {v3.h, v4.h}[7], [x2], x5", 0x4de5_5843, "LD2 (single structure), H", "d=v3 n=x2 m=x5 imm=0 shift=14"],
  ["st3 {v3.s, v4.s, v5.s}[2], [x2], #12", 0x4d9f_a043, "ST3 (single structure), S", "d=v3 n=x2 m=zero imm=12 shift=8"],
  ["ld4 {v3.d, v4.d, v5.d, v6.d}[1], [sp], #32", 0x4dff_a7e3, "LD4 (single structure), D", "d=v3 n=sp m=zero imm=32 shift=8"],
  ["st1 {v7.d}[0], [x2], #8", 0x0d9f_8447, "ST1 (single structure), D", "d=v7 n=x2 m=zero imm=8 shift=0"],
  ["ld1r {v1.16b}, [x2]", 0x4d40_c041, "LD1R, 16B", "d=v1 n=x2 m=zero imm=0"],
  ["ld2r {v1.4h, v2.4h}, [x2], #4", 0x0dff_c441, "LD2R, 4H", "d=v1 n=x2 m=zero imm=4"],
  ["ld3r {v1.1d, v2.1d, v3.1d}, [x2], x3", 0x0dc3_ec41, "LD3R, 1D", "d=v1 n=x2 m=x3 imm=0"],
  ["ld4r {v31.4s, v0.4s, v1.4s, v2.4s}, [sp], #16", 0x4dff_ebff, "LD4R, 4S", "d=v31 n=sp m=zero imm=16"],
];

/** Words that are no instruction of Armv8.0. */
const unallocated: readonly (readonly [why: string, word: number])[] = [
  ["LDLAR (v8.1)", 0xc8df_7c41],
  ["STLLRB (v8.1)", 0x089f_7c41],
  ["CAS (v8.1)", 0xc8a1_7c62],
  ["CASP (v8.1)", 0x4820_7c82],
  ["LDADD (v8.1)", 0xf821_0062],
  ["SWP (v8.1)", 0xb821_8062],
  ["LDAPR (v8.3)", 0xf8bf_c041],
  ["LDAPUR (v8.4)", 0xd940_8041],
  ["LDRAA (v8.3)", 0xf820_0441],
  ["STGP (v8.5)", 0x6900_0440],
  ["size 11, opc 11", 0xf9c0_0041],
  ["a sign-extension of words to words", 0xb9c0_0041],
  ["a post-indexed prefetch", 0xf880_0441],
  ["an unprivileged prefetch", 0xf880_0841],
  ["an unprivileged load of a vector", 0x3c40_0841],
  ["a vector of 256 bits", 0x7dc0_0041],
  ["a register offset with UXTB", 0xf863_0841],
  ["a register offset with SXTH", 0xf863_a841],
  ["a prefetch with UXTB", 0xf8a2_0824],
  ["a vector literal with opc 11", 0xdc00_0000],
  ["a pair with opc 11", 0xe940_0841],
  ["a vector pair with opc 11", 0xed40_0841],
  ["LDNPSW", 0x6840_0861],
  ["STPSW, post-indexed", 0x6880_0861],
  ["LD2 of 1D", 0x0cdf_8c61],
  ["LD1 of opcode 0001", 0x0c40_1041],
  ["LD1 of opcode 1100", 0x0c40_c041],
  ["LD1 without post-index, but Rm", 0x0c41_7041],
  ["LD1 (multiple structures) with bit 21", 0x0c60_7041],
  ["a lane of halfwords with size 01", 0x0d40_4441],
  ["a lane of words with size 10", 0x0d40_8841],
  ["a lane of doublewords with S", 0x0d40_9441],
  ["LD1R with S", 0x0d40_d041],
  ["ST1R", 0x0d00_c041],
  ["a lane without post-index, but Rm", 0x0d41_0041],
];

describe("loads and stores", () => {
  it.each(allocated)("reads %s", (_, word, row, operands) => {
    const [form, ...others] = rowsOf(word);
    expect([form!.name, operandsOf(form!, word)]).toEqual([row, operands]);
    expect(others).toEqual([]);
  });

  it.each(unallocated)("has no row for %s", (_, word) => {
    expect(rowsOf(word).map(({ name }) => name)).toEqual([]);
  });

  it("traps exactly the rows that use vector registers", () => {
    const used = (form: Form): boolean => names.get(form.operands(form.fieldsOf(form.bits.value)).d ?? 0)!.startsWith("v");
    expect(loads.filter((form) => form.fp !== used(form)).map(({ name }) => name)).toEqual([]);
  });

  it("names every row once", () => {
    expect(new Set(loads.map(({ name }) => name)).size).toBe(loads.length);
  });
});
