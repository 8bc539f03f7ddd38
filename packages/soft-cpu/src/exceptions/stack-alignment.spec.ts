/**
 * What is looked at while SP is misaligned, and which instructions fault (DDI 0487, D1.8.2, CheckSPAlignment(); C6 and C7 for who calls
 * it). Words from the GNU assembler.
 */
import { describe, expect, it } from "vitest";
import { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, FP_TRAPPED, SP_CHECKED, SP_SELECT, STATE_END, STEP_STATE } from "../state/layout.ts";
import { ELR_EL1, ESR_EL1, FAR_EL1, SCTLR_EL1, VBAR_EL1 } from "../sysregs/slots.ts";
import { Exceptions } from "./exceptions.ts";
import { checkedBits, isStackMisaligned, StackAlignment } from "./stack-alignment.ts";

const CODE = STATE_END;
const PC = 0x4000_0f00n;
const VBAR = 0x4008_0000n;
const [SA, SA0] = [1 << 3, 1 << 4];
const IL = 1 << 20;
const NOP = 0xd503_201f;
const ADD = 0x9100_0421; // add x1, x1, #1
const LDR_SP = 0xf940_03e1; // ldr x1, [sp]

interface UnderTest {
  readonly state: CpuState;
  readonly stack: StackAlignment;
  /** Addresses whose code was looked for. */
  readonly asked: string[];
}

/** At PC in EL1, SP misaligned and checked, with this code: its page's last 256 bytes. */
function at(code: readonly number[], isMapped = true): UnderTest {
  const state = new CpuState(new ArrayBuffer(CODE + 0x1000));
  state.u32.set(code, CODE / 4);
  state.i32[CURRENT_EL >> 2] = state.i32[SP_SELECT >> 2] = 1;
  state.i32[SP_CHECKED >> 2] = 15;
  state.sp = 0x5008n;
  state.setSysreg(VBAR_EL1, VBAR);
  state.setSysreg(FAR_EL1, 7n);
  state.divertTo(PC);
  const asked: string[] = [];
  const codeAt = (vaHi: number, vaLo: number): number => {
    asked.push(`${vaHi.toString(16)} ${vaLo.toString(16)}`);
    return isMapped ? CODE : -1;
  };
  return { state, stack: new StackAlignment(state, new Exceptions(state, () => {}), codeAt), asked };
}

const FAULTS = 0;

it("the exception has class 0x26, returns to its instruction and leaves FAR_EL1 alone", () => {
  const { state, stack, asked } = at([LDR_SP]);
  expect(stack.stretch()).toBe(FAULTS);
  expect(state.sysreg(ESR_EL1)).toBe(0x9a00_0000n);
  expect([state.sysreg(ELR_EL1), state.sysreg(FAR_EL1), state.pc]).toEqual([PC, 7n, VBAR + 0x200n]);
  expect(asked).toEqual(["0 40000f00"]);
});

describe("memory is accessed by SP in", () => {
  it.each([
    ["ldr x1, [sp, #8]", 0xf940_07e1],
    ["ldr x1, [sp], #16", 0xf841_07e1],
    ["str x1, [sp, #-16]!", 0xf81f_0fe1],
    ["ldur q1, [sp, #1]", 0x3cc0_13e1],
    ["ldtr x1, [sp]", 0xf840_0be1],
    ["sttrb w1, [sp, #3]", 0x3800_3be1],
    ["ldr x1, [sp, x2]", 0xf862_6be1],
    ["ldr d1, [sp]", 0xfd40_03e1],
    ["ldp x1, x2, [sp], #16", 0xa8c1_0be1],
    ["ldnp x1, x2, [sp]", 0xa840_0be1],
    ["stp q1, q2, [sp, #-32]!", 0xadbf_0be1],
    ["ldxr x1, [sp]", 0xc85f_7fe1],
    ["stxr w0, x1, [sp]", 0xc800_7fe1],
    ["stlxp w0, x1, x2, [sp]", 0xc820_8be1],
    ["ldar x1, [sp]", 0xc8df_ffe1],
    ["stlr w1, [sp]", 0x889f_ffe1],
    ["ld1 {v0.16b}, [sp]", 0x4c40_73e0],
    ["st1 {v0.b}[1], [sp], #1", 0x0d9f_07e0],
    ["ld4r {v0.4s-v3.4s}, [sp], #16", 0x4dff_ebe0],
  ])("%s", (_, word) => {
    expect(at([word]).stack.stretch()).toBe(FAULTS);
  });
});

describe("nothing faults in", () => {
  it.each([
    ["ldr x1, [x31 as zero]: xzr is loaded", 0xf940_003f], //                 ldr xzr, [x1]
    ["a literal, whatever its low bits", 0x1800_03e1],
    ["prfm (literal)", 0xd800_03e1],
    ["prfm pldl1keep, [sp]", 0xf980_03e0],
    ["prfum pldl1keep, [sp, #1]", 0xf880_13e0],
    ["prfm pldl1keep, [sp, x1]", 0xf8a1_6be0],
    ["cas x0, x1, [sp]: UNDEFINED", 0xc8a0_7fe1],
    ["dc zva, xzr", 0xd50b_743f],
    ["br", 0xd61f_03e0],
    ["nop", NOP],
  ])("%s", (_, word) => {
    expect(at([word]).stack.stretch()).toBe(1);
  });
});

describe("the check is not reached by", () => {
  it("an instruction that cannot be fetched", () => {
    expect(at([LDR_SP], false).stack.stretch()).toBe(1);
  });

  it("a misaligned PC", () => {
    const { state, stack, asked } = at([LDR_SP]);
    state.divertTo(PC + 2n);
    expect([stack.stretch(), asked]).toEqual([1, []]);
  });

  it("PSTATE.IL", () => {
    const { state, stack } = at([LDR_SP]);
    state.i32[STEP_STATE >> 2] = IL;
    expect(stack.stretch()).toBe(1);
  });

  it("FP and SIMD instructions that are trapped, and others are not held back", () => {
    const [LDR_D, LD1] = [0xfd40_03e1, 0x4c40_73e0];
    for (const [word, expected] of [[LDR_D, 1], [LD1, 1], [LDR_SP, FAULTS]] as const) {
      const { state, stack } = at([word]);
      state.i32[FP_TRAPPED >> 2] = 1;
      expect(stack.stretch()).toBe(expected);
    }
  });
});

describe("what runs until the next look", () => {
  it.each([
    ["data processing, up to what is no such", [ADD, 0x0b02_0020, 0x4e22_1c20, LDR_SP], 3], // add x1; add w0; and v0
    ["a branch alone", [0x1400_0002, ADD, ADD], 1],
    ["another access alone: it may write code", [0xf900_0020, ADD, ADD], 1], // str x0, [x1]
    ["not more than 64", new Array<number>(70).fill(ADD), 64],
  ])("%s", (_, code, count) => {
    expect(at(code).stack.stretch()).toBe(count);
  });

  it("ends with the page", () => {
    const { state, stack } = at(new Array<number>(64).fill(ADD));
    state.divertTo(PC + 0xf8n);
    expect(stack.stretch()).toBe(2);
  });
});

describe("SCTLR_EL1", () => {
  it.each([
    [0, 0, 0], [0, 1, 0], //
    [SA, 0, 0], [SA, 1, 15],
    [SA0, 0, 15], [SA0, 1, 0],
    [SA | SA0, 0, 15], [SA | SA0, 1, 15],
  ])("%d has at EL%d these bits checked: %d", (sctlr, el, bits) => {
    const { state } = at([]);
    state.setSysreg(SCTLR_EL1, BigInt(sctlr));
    expect(checkedBits(state, el)).toBe(bits);
  });

  it.each([[0x5000n, 15, false], [0x5008n, 15, true], [0x5001n, 15, true], [0x1_0000_0000n, 15, false], [0x500fn, 0, false]])(
    "an SP of %x, of which %d is checked, is misaligned: %s",
    (sp, bits, expected) => {
      const { state } = at([]);
      state.sp = sp;
      state.i32[SP_CHECKED >> 2] = bits;
      expect(isStackMisaligned(state)).toBe(expected);
    },
  );
});
