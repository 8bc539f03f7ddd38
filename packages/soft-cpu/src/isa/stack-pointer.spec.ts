/**
 * Which instructions tell that they leave SP misaligned (Arm ARM DDI 0487, D1.8.2): those that may, and no others; none is forgotten. Words
 * from the GNU assembler.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { Builder } from "../ir/builder.ts";
import { CompiledTarget } from "../jit/compiled-target.ts";
import { REGISTERS, SLOT_SP, SP_CHECKED, VECTORS } from "../state/layout.ts";
import { BareCpu, RAM_BASE } from "../testing/bare-cpu.fixture.ts";
import { Prng } from "../testing/prng.fixture.ts";
import { CodeWriter } from "../wasm/code-writer.ts";
import { decode, findForm } from "./decoder.ts";
import type { Form } from "./form.ts";
import { HOST_SP_MISALIGNED } from "./host-functions.ts";
import { instructionForms } from "./index.ts";

const asks = (word: number): boolean => decode(word, 0).variant.form === findForm(word).form.stack?.form;

describe("SP may be misaligned by", () => {
  it.each([
    ["mov sp, x1", 0x9100_003f],
    ["add sp, x1, #0x10", 0x9100_403f],
    ["add wsp, w1, #0x1", 0x1100_043f],
    ["add sp, sp, #0x8", 0x9100_23ff],
    ["sub wsp, wsp, #0x4", 0x5100_13ff],
    ["and sp, x1, #0xfffffffffffffff8", 0x927d_f03f],
    ["orr sp, x1, #0x10", 0xb27c_003f],
    ["eor wsp, w1, #0x1", 0x5200_003f],
    ["add sp, sp, x0", 0x8b20_63ff],
    ["sub sp, x1, x2, lsl #4", 0xcb22_703f],
    ["add wsp, wsp, w3, uxtb #1", 0x0b23_07ff],
    ["ldr x1, [sp], #8", 0xf840_87e1],
    ["str x1, [sp, #-8]!", 0xf81f_8fe1],
    ["ldrb w1, [sp], #-1", 0x385f_f7e1],
    ["ldr q1, [sp, #-1]!", 0x3cdf_ffe1],
    ["ldp x1, x2, [sp], #24", 0xa8c1_8be1],
    ["stp w1, w2, [sp, #-8]!", 0x29bf_0be1],
    ["ldpsw x1, x2, [sp], #4", 0x68c0_8be1],
    ["ld1 {v0.8b}, [sp], #8", 0x0cdf_73e0],
    ["ld3 {v0.8b-v2.8b}, [sp], #24", 0x0cdf_43e0],
    ["ld1 {v0.16b}, [sp], x1", 0x4cc1_73e0],
    ["st1 {v0.b}[1], [sp], #1", 0x0d9f_07e0],
    ["ld2r {v0.4s, v1.4s}, [sp], #8", 0x4dff_cbe0],
  ])("%s", (_, word) => {
    expect(asks(word)).toBe(true);
  });
});

describe("SP stays as aligned as it was with", () => {
  it.each([
    ["add sp, sp, #0x10", 0x9100_43ff],
    ["sub sp, sp, #0x10, lsl #12", 0xd140_43ff],
    ["and sp, x1, #0xfffffffffffffff0", 0x927c_ec3f],
    ["ldr x1, [sp], #16", 0xf841_07e1],
    ["str x1, [sp, #-16]!", 0xf81f_0fe1],
    ["ldp x1, x2, [sp], #16", 0xa8c1_0be1],
    ["stp q1, q2, [sp, #-32]!", 0xadbf_0be1],
    ["ld1 {v0.16b}, [sp], #16", 0x4cdf_73e0],
    ["st3 {v0.16b-v2.16b}, [sp], #48", 0x4c9f_43e0],
    ["ld4r {v0.4s-v3.4s}, [sp], #16", 0x4dff_ebe0],
    ["ld1 {v0.16b}, [sp]", 0x4c40_73e0],
    ["ldr x1, [sp, #8]", 0xf940_07e1],
    ["mov x1, sp", 0x9100_03e1],
    ["cmp sp, #8", 0xf100_23ff],
  ])("%s", (_, word) => {
    expect(asks(word)).toBe(false);
  });
});

// ---------------------------------------------------------------------------------------------------------- none is forgotten

/** Words of a row, register 31 in half of the places where it may be. */
function wordsOf(form: Form, prng: Prng, count: number): number[] {
  const words: number[] = [];
  for (let attempt = 0; words.length < count && attempt < 8 * count; attempt++) {
    let word = prng.word();
    for (const low of [0, 5]) if (prng.oneIn(2)) word |= 31 << low;
    word = ((word & ~form.bits.mask) | form.bits.value) >>> 0;
    if (findForm(word).form === form) words.push(word);
  }
  return words;
}

/** Has this word a statement that writes SP? */
function writesSp(word: number): boolean {
  const { form, fields } = findForm(word);
  const target = new CompiledTarget(new CodeWriter(0));
  const { variant } = decode(word, 0);
  target.begin(form.operands(fields), 0);
  form.emit(new Builder(target), variant.split);
  return (target.writes & (1 << SLOT_SP)) !== 0;
}

class AskedCpu extends BareCpu {
  told = false;

  protected override host(fn: number): number {
    if (fn !== HOST_SP_MISALIGNED) return super.host(fn);
    this.told = true;
    return 0;
  }
}

const CODE = RAM_BASE;
const STACK = BigInt(RAM_BASE + 0x8000);
/** Offsets in RAM of all that is accessed there. */
const [DATA, DATA_END] = [0x7000, 0xa000];

describe("of all words that write SP", () => {
  const prng = new Prng("stack pointer");
  const words: number[] = [];
  beforeAll(() => {
    const rows = instructionForms.filter(({ flow }) => flow === undefined);
    for (const row of rows) words.push(...wordsOf(row, prng, row.stack === undefined ? 8 : 32).filter(writesSp));
  });

  it("rows say of which they may be", () => {
    expect(words.length).toBeGreaterThan(1000);
    const unsaid = words.filter((word) => findForm(word).form.stack === undefined);
    expect(unsaid.map((word) => `${findForm(word).form.name}: ${word.toString(16)}`)).toEqual([]);
  });

  /** Runs the first word, from a state that `seed` decides; undefined when it aborts. */
  function execute(cpu: AskedCpu, code: readonly number[], seed: string, isCompiled: boolean): string | undefined {
    const { state } = cpu;
    const { compiler, pages } = cpu.engine;
    const random = new Prng(seed);
    cpu.ram.fill(0, DATA, DATA_END);
    cpu.loadWords(CODE, code);
    // Anything, but where memory is accessed that is RAM.
    for (let n = 0; n < 31; n++) state.setX(n, STACK + BigInt(random.below(512)));
    for (let n = 0; n < 64; n++) state.setV(n >> 1, n & 1, random.doubleword());
    state.sp = STACK;
    state.i32[SP_CHECKED >> 2] = random.oneIn(4) ? 0 : 15;
    cpu.told = false;
    if (isCompiled) compiler.compile(pages.recordsFor(CODE / 4096), 0);
    const end = cpu.run(BigInt(CODE), 1);
    if (end.why === "abort") return undefined;
    expect(end).toEqual({ why: "budget" });
    const registers = state.u64.slice(REGISTERS >> 3, (REGISTERS + VECTORS + 512) >> 3).join();
    return `${registers} ${Buffer.from(cpu.ram.subarray(DATA, DATA_END)).toString("latin1")}`;
  }

  const low = ({ state }: BareCpu): number => state.i32[(REGISTERS >> 2) + 2 * SLOT_SP]!;

  it.each([
    ["interpreted", false, 8],
    ["compiled", true, 40],
  ])("those tell that do misalign it, and do nothing else that is new, %s", (_, isCompiled, stride) => {
    const cpu = new AskedCpu();
    let told = 0;
    for (const word of words.filter((__, index) => index % stride === 0)) {
      const seed = `${word}`;
      const outcome = execute(cpu, [word, 0], seed, isCompiled);
      if (outcome === undefined) continue;
      expect([word.toString(16), cpu.told]).toEqual([word.toString(16), (low(cpu) & cpu.state.i32[SP_CHECKED >> 2]!) !== 0]);
      if (cpu.told) told++;
      // Followed by MOV SP, X1, SP only passes through what the first leaves in it.
      const isSame = execute(cpu, [word, 0x9100_003f], seed, isCompiled) === outcome;
      expect([word.toString(16), isSame, cpu.told]).toEqual([word.toString(16), true, false]);
    }
    expect(told).toBeGreaterThan(10);
  });
});

// ------------------------------------------------------------------------------------------------------- only passing through

describe("SP only passes through a value", () => {
  /** Does the first word tell? */
  const tells = (code: readonly number[], at = 0): boolean => {
    const { form } = findForm(code[0]!);
    const { variant } = decode(code[0]!, at, (offset) => code[(offset - at) / 4] ?? 0);
    expect([form, form.stack!.form]).toContain(variant.form);
    return variant.form !== form;
  };
  const MOV_SP = 0x9100_003f;
  const SUB_SP = 0xd100_23bf; // sub sp, x29, #8

  // How Linux finds out whether its stack has overflowed (arch/arm64/kernel/entry.S, kernel_ventry).
  const LINUX = [
    0x8b20_63ff, //    add sp, sp, x0
    0xcb20_63e0, //    sub x0, sp, x0
    0x3770_0080, //    tbnz w0, #14, 0f
    0xcb20_63e0, //    sub x0, sp, x0
    0xcb20_63ff, //    sub sp, sp, x0
    0x1400_0000, //    b .
    0xd51b_d040, // 0: msr tpidr_el0, x0
    0xcb20_63e0, //    sub x0, sp, x0
    0xd51b_d060, //    msr tpidrro_el0, x0
    0x9000_0000, //    adrp x0, .
    0x9104_801f, //    add sp, x0, #0x120
  ];

  it("when it is given another before memory is accessed, on all ways", () => {
    expect(tells(LINUX)).toBe(false);
    expect(tells(LINUX, 4096 - 4 * LINUX.length)).toBe(false);
    expect(tells([SUB_SP, 0xd100_43ff /* sub sp, sp, #16 */, MOV_SP])).toBe(false);
    // b 1f; str x0, [sp]; 1: add x1, x1, #1
    expect(tells([SUB_SP, 0x1400_0002, 0xf900_03e0, 0x9100_0421, MOV_SP])).toBe(false);
  });

  it.each([
    ["nothing is known of what follows", [SUB_SP]],
    ["memory is accessed: another stretch of the page may be code by then", [SUB_SP, 0xf900_0020, MOV_SP]], // str x0, [x1]
    ["the access gives it another", [SUB_SP, 0xf840_87e0, MOV_SP]], //           ldr x0, [sp], #8
    ["one of two ways accesses memory", [...LINUX.slice(0, 6), 0xf900_03e0]], // str x0, [sp]
    ["it goes elsewhere", [SUB_SP, 0x97ff_ffff, MOV_SP]], //                     bl
    ["it takes an exception", [SUB_SP, 0xd400_0001, MOV_SP]], //                 svc #0
    ["it goes round and round", [SUB_SP, 0xb400_0000, 0x54ff_ffe0, MOV_SP]], //  1: cbz x0, 1b; b.eq 1b
    ["it never ends", [SUB_SP, 0x1400_0000]], //                                 b .
    ["it takes long", [SUB_SP, ...new Array<number>(16).fill(0x9100_0421), MOV_SP]],
  ])("but not when %s", (_, code) => {
    expect(tells(code)).toBe(true);
  });

  it("but not when the page ends", () => {
    expect(tells(LINUX, 4096 - 12)).toBe(true);
  });
});
