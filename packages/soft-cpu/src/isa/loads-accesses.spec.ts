/**
 * How loads and stores access memory: once, with which elements and rights, and not at all when that aborts (Arm ARM DDI 0487,
 * chapter D1, "Definition of a precise exception": we leave alone even the registers that may become UNKNOWN). Values are the golden
 * vectors' matter.
 */
import { describe, expect, it } from "vitest";
import { ACCESS_ALIGNED, ACCESS_ELEMENT_SHIFT, ACCESS_UNPRIVILEGED, ACCESS_WRITE } from "../ir/stmt.ts";
import { ACCESS_VA, FLAG_N_ADDRESS, REGISTERS } from "../state/layout.ts";
import { BareCpu, RAM_BASE } from "../testing/bare-cpu.fixture.ts";

const CODE = RAM_BASE;
const DATA = BigInt(RAM_BASE + 0x8000);
/** No memory. */
const NOWHERE = 0x10_0000n;

/** Says how each access was asked for: "write 16/8 aligned" is two elements of 8 bytes. */
class RecordedCpu extends BareCpu {
  readonly accesses: string[] = [];
  readonly addresses: bigint[] = [];

  override access(access = 0): number {
    const element = 1 << ((access >> ACCESS_ELEMENT_SHIFT) & 7);
    const bits = [[ACCESS_ALIGNED, " aligned"], [ACCESS_UNPRIVILEGED, " unprivileged"]] as const;
    const rights = bits.filter(([bit]) => (access & bit) !== 0).map(([, text]) => text);
    this.accesses.push(`${(access & ACCESS_WRITE) === 0 ? "read" : "write"} ${access & 0xff}/${element}${rights.join("")}`);
    this.addresses.push(this.state.u64[ACCESS_VA >> 3]!);
    return super.access(access);
  }

  /** X0 to X30, SP, V0 to V31. */
  get registers(): string {
    const { bytes } = this.state;
    return Buffer.from(bytes.subarray(REGISTERS, FLAG_N_ADDRESS)).toString("hex");
  }
}

// The base is X1, the index X2 is 1; what moves is in X3, X4, V3 to V6.
const rows: readonly (readonly [text: string, word: number, offset: number, access: string, writeback: number])[] = [
  ["ldrb w3, [x1, #5]", 0x3940_1423, 5, "read 1/1", 0],
  ["ldrsh w3, [x1, #6]", 0x79c0_0c23, 6, "read 2/2", 0],
  ["ldrsw x3, [x1, #8]", 0xb980_0823, 8, "read 4/4", 0],
  ["ldr x3, [x1]", 0xf940_0023, 0, "read 8/8", 0],
  ["ldr s3, [x1, #4]", 0xbd40_0423, 4, "read 4/4", 0],
  ["ldr q3, [x1, #16]", 0x3dc0_0423, 16, "read 16/16", 0],
  ["str w3, [x1, #4]", 0xb900_0423, 4, "write 4/4", 0],
  ["str q3, [x1]", 0x3d80_0023, 0, "write 16/16", 0],
  ["ldur x3, [x1, #-1]", 0xf85f_f023, -1, "read 8/8", 0],
  ["ldrb w3, [x1], #1", 0x3840_1423, 0, "read 1/1", 1],
  ["str x3, [x1], #-8", 0xf81f_8423, 0, "write 8/8", -8],
  ["ldr x3, [x1, #-16]!", 0xf85f_0c23, -16, "read 8/8", -16],
  ["str d3, [x1, #24]!", 0xfc01_8c23, 24, "write 8/8", 24],
  ["ldr x3, [x1, x2, lsl #3]", 0xf862_7823, 8, "read 8/8", 0],
  ["strh w3, [x1, w2, sxtw]", 0x7822_c823, 1, "write 2/2", 0],
  ["ldtr w3, [x1, #4]", 0xb840_4823, 4, "read 4/4 unprivileged", 0],
  ["ldtrsb x3, [x1]", 0x3880_0823, 0, "read 1/1 unprivileged", 0],
  ["sttr x3, [x1, #8]", 0xf800_8823, 8, "write 8/8 unprivileged", 0],
  ["ldp w3, w4, [x1, #4]", 0x2940_9023, 4, "read 8/4", 0],
  ["ldpsw x3, x4, [x1]", 0x6940_1023, 0, "read 8/4", 0],
  ["stp x3, x4, [x1, #-16]!", 0xa9bf_1023, -16, "write 16/8", -16],
  ["ldp x3, x4, [x1], #16", 0xa8c1_1023, 0, "read 16/8", 16],
  ["ldnp x3, x4, [x1, #8]", 0xa840_9023, 8, "read 16/8", 0],
  ["stp s3, s4, [x1]", 0x2d00_1023, 0, "write 8/4", 0],
  ["ldp d3, d4, [x1]", 0x6d40_1023, 0, "read 16/8", 0],
  ["stnp q3, q4, [x1, #32]", 0xac01_1023, 32, "write 32/16", 0],
  ["ldp q3, q4, [x1], #32", 0xacc1_1023, 0, "read 32/16", 32],
  ["ldxrb w3, [x1]", 0x085f_7c23, 0, "read 1/1 aligned", 0],
  ["ldaxr x3, [x1]", 0xc85f_fc23, 0, "read 8/8 aligned", 0],
  ["ldxp w3, w4, [x1]", 0x887f_1023, 0, "read 8/8 aligned", 0],
  ["ldxp x3, x4, [x1]", 0xc87f_1023, 0, "read 16/16 aligned", 0],
  ["ldarh w3, [x1]", 0x48df_fc23, 0, "read 2/2 aligned", 0],
  ["stlr x3, [x1]", 0xc89f_fc23, 0, "write 8/8 aligned", 0],
  ["ld1 {v3.16b}, [x1], #16", 0x4cdf_7023, 0, "read 16/1", 16],
  ["ld1 {v3.2d-v6.2d}, [x1]", 0x4c40_2c23, 0, "read 64/8", 0],
  ["ld2 {v3.8b, v4.8b}, [x1], x2", 0x0cc2_8023, 0, "read 16/1", 1],
  ["st3 {v3.4h-v5.4h}, [x1], #24", 0x0c9f_4423, 0, "write 24/2", 24],
  ["ld3 {v3.4s-v5.4s}, [x1]", 0x4c40_4823, 0, "read 48/4", 0],
  ["st4 {v3.16b-v6.16b}, [x1], #64", 0x4c9f_0023, 0, "write 64/1", 64],
  ["st1 {v3.1d, v4.1d}, [x1]", 0x0c00_ac23, 0, "write 16/8", 0],
  ["ld1 {v3.b}[9], [x1]", 0x4d40_0423, 0, "read 1/1", 0],
  ["ld3 {v3.h, v4.h, v5.h}[2], [x1], #6", 0x0ddf_7023, 0, "read 6/2", 6],
  ["st4 {v3.s-v6.s}[1], [x1]", 0x0d20_b023, 0, "write 16/4", 0],
  ["st2 {v3.d, v4.d}[1], [x1], #16", 0x4dbf_8423, 0, "write 16/8", 16],
  ["ld4r {v3.8h-v6.8h}, [x1], #8", 0x4dff_e423, 0, "read 8/2", 8],
  ["ld1r {v3.2d}, [x1]", 0x4d40_cc23, 0, "read 8/8", 0],
];

describe("loads and stores", () => {
  const cpu = new RecordedCpu();

  /** Puts `word` in place; nothing is translated yet. */
  function prepare(word: number, base: bigint): void {
    const { state } = cpu;
    for (let n = 0; n < 32; n++) {
      state.setX(n, 0x100n * BigInt(n));
      for (const half of [0, 1]) state.setV(n, half, 0x0101_0101_0101_0101n * BigInt(2 * n + half));
    }
    state.setX(1, base);
    state.setX(2, 1n);
    cpu.loadWords(CODE, [word]);
    cpu.accesses.length = cpu.addresses.length = 0;
  }

  it.each(rows)("access memory once: %s", (_, word, offset, access, writeback) => {
    prepare(word, DATA);
    expect(cpu.run(BigInt(CODE), 1)).toEqual({ why: "budget" });
    expect(cpu.accesses).toEqual([access]);
    expect(cpu.addresses).toEqual([DATA + BigInt(offset)]);
    expect(cpu.state.x(1)).toBe(DATA + BigInt(writeback));
  });

  it.each(rows)("leave all registers alone when that aborts: %s", (_, word, offset) => {
    prepare(word, NOWHERE);
    const before = cpu.registers;
    expect(cpu.run(BigInt(CODE), 1)).toEqual({ why: "abort", va: NOWHERE + BigInt(offset) });
    expect(cpu.registers).toBe(before);
  });

  it.each([
    ["prfm pldl1keep, [x1]", 0xf980_0020],
    ["prfm pstl1strm, [x1, x2]", 0xf8a2_6831],
    ["prfum pldl2keep, [x1, #-1]", 0xf89f_f022],
    ["prfm pldl3keep, .+1048572", 0xd87f_ffe4],
  ])("do nothing when they are prefetches: %s", (_, word) => {
    prepare(word, NOWHERE);
    const before = cpu.registers;
    expect(cpu.run(BigInt(CODE), 1)).toEqual({ why: "budget" });
    expect(cpu.accesses).toEqual([]);
    expect(cpu.registers).toBe(before);
  });
});
