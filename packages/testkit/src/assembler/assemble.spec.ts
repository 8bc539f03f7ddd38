/** What `assemble` gives besides words, and what it says to whom: every message has a line, a column and a remedy. */
import { createMachine, isTraplineError } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assemble } from "./assemble.ts";
import { AssemblyError } from "./assembly-error.ts";
import { INSTRUCTIONS } from "./instructions/index.ts";

describe("an assembled program", () => {
  const program = assemble(
    `
        .equ  SIZE, 4 * COUNT
start:  mov   x0, #SIZE
        ldr   x1, =0x0900000000
1:      b     1b
text:   .asciz "hi"
`,
    { base: 0x4008_0000, symbols: { COUNT: 3 } },
  );

  it("has bytes, words, and the addresses of its labels", () => {
    expect(program.bytes).toHaveLength(24);
    expect(program.words.map((word) => word.toString(16))).toEqual(["d2800180", "58000061", "14000000", "6968", "0", "9"]);
    expect([program.address("start"), program.address("text"), program.symbols.get("SIZE"), program.symbols.get("COUNT")]).toEqual([
      0x4008_0000,
      0x4008_000c,
      12n,
      3n,
    ]);
  });

  it("lists which statement made which bytes, literals too", () => {
    expect(program.listing().split("\n")).toEqual([
      "0x4008_0000: d2800180            start:  mov   x0, #SIZE",
      "0x4008_0004: 58000061            ldr   x1, =0x0900000000",
      "0x4008_0008: 14000000            1:      b     1b",
      '0x4008_000c: 006968              text:   .asciz "hi"',
      "0x4008_000f: 00000000 00000900…  =0x0900000000",
    ]);
  });

  it("says what it has when it is asked for what it has not", () => {
    expect(() => program.address("strat")).toThrow("the program has no symbol strat; did you mean start?");
  });

  it("goes into a machine's memory, to where it belongs", async () => {
    const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x10_0000 }], plugins: [] });
    program.loadInto(machine.memory);
    expect(machine.memory.read(0x4008_0000, 4)).toBe(0xd280_0180);
    await machine.close();
  });
});

/** What is wrong with a text: "line:column text". */
function problemsOf(source: string): readonly string[] {
  try {
    assemble(source);
  } catch (error) {
    if (error instanceof AssemblyError)
      return error.problems.map(({ line, column, length, text }) => `${line}:${column}+${length} ${text}`);
    throw error;
  }
  return [];
}

describe("a program that is wrong", () => {
  it.each([
    // the place       what is said there
    ["ad x0, x1, x2", "1:1+2 there is no instruction ad"],
    ["fadd d0, d1, d2", "1:1+4 there is no instruction fadd"],
    ["add x0, x1", "1:1+3 add wants more operands"],
    ["add x0, x1, x2, x3", "1:17+2 x3 is not what add takes as its operand 4"],
    ["add x0, w1, x2", "1:9+2 w1 is not what add takes as its operand 2"],
    ["add x0, x1, #4097", "1:14+4 immediate 4097 of add is out of range"],
    ["add x0, x1, x2, ror #3", "1:17+6 ror #3 is no extension"],
    ["add w0, w1, w2, lsl #32", "1:22+2 the shift 32 of add is out of range"],
    ["mov x0, #0x12345", "1:9+8 no single instruction moves #0x12345"],
    ["mov xzr, #0xff00ff00ff00ff00", "1:10+19 no single instruction moves #0xff00ff00ff00ff00"],
    ["and x0, x1, #5", "1:13+2 #5 is no bitmask: a run of ones, rotated and repeated"],
    ["and w0, w1, #0x100000000", "1:13+12 immediate 4294967296 does not fit 32 bits"],
    ["ubfx x0, x1, #60, #5", "1:20+1 the width 5 of ubfx is out of range"],
    ["cset x0, al", "1:1+4 cset with a condition that is always true"],
    ["ldr x0, [x1, #32768]", "1:14+6 the offset 32768 of ldr is out of range"],
    ["ldr x0, [w1]", "1:10+2 w1 is no base register"],
    ["ldr x0, [xzr]", "1:10+3 xzr is no base register"],
    ["ldr x0, [x1, x2, lsl #2]", "1:9+16 an index shifted by 2"],
    ["ldr x0, [x1, w2, lsl #3]", "1:14+2 w2 is of the wrong size for this extension"],
    ["ldr x0, [x0], #8", "1:1+3 ldr with the same register for what is transferred and the base that is written back is unpredictable"],
    ["ldp x0, x0, [x1]", "1:1+3 ldp with the same register for both halves is unpredictable"],
    ["stxr w0, x1, [x0]", "1:1+4 stxr with the same register for the status and the base is unpredictable"],
    ["ldr x0, [x1", "1:12+1 the statement ends where a ] belongs"],
    ["mrs x0, vbra_el1", "1:9+8 there is no system register vbra_el1"],
    ["mrs x0, s3_0_c16_c0_0", "1:9+13 there is no system register s3_0_c16_c0_0"],
    ["tlbi vae1", "1:1+4 this operation of tlbi takes an X register"],
    ["tlbi vmalle1, x0", "1:1+4 this operation of tlbi takes no register"],
    ["dc civa, x0", "1:4+4 there is no operation civa"],
    ["b nowhere", "1:3+7 there is no symbol nowhere"],
    ["b .+2", "1:3+3 .+2 is 2 bytes away, not a multiple of 4"],
    ["tbz x0, #1, .+0x8000", "1:13+8 .+0x8000 is 32768 bytes away, out of reach of tbz"],
    ["a: nop\na: nop", "2:1+1 a is defined a second time"],
    [".equ a, a + 1", "1:9+5 a is defined by itself"],
    [".byte 256", "1:7+3 value 256 of .byte does not fit 8 bits"],
    [".byte 1\nnop", "2:1+3 nop stands at an address that is no multiple of 4"],
    [".org 8\n.org 4", "2:6+1 .org goes back by 4 bytes"],
    [".space 1 << 40", "1:8+7 size 1099511627776 is out of range"],
    [".balign 3", "1:9+1 alignment 3 is no power of two"],
    [".word 1 / 0", "1:11+1 a division by zero"],
    [".quad 1 << 64", "1:12+2 a shift by 64"],
    [".quad 0x10000000000000000", "1:7+19 0x10000000000000000 has more than 64 bits"],
    [".ascii hello", '1:8+1 there is "hello" where a string belongs'],
    [".macro m", "1:1+6 .macro is not part of this assembler"],
    [".wrod 1", "1:1+5 there is no directive .wrod"],
    ["nop nop", "1:5+3 nop takes no operand nop there"],
    ["/* open", "1:1+2 a comment that does not end"],
    ["x0: mov x0, #:abs_g0:1", "1:13+9 relocation :abs_g0:"],
  ])("%j", (source, problem) => {
    expect(problemsOf(source)).toEqual([problem]);
  });

  it("is told whole, in the order of the source, with the line, the place and what to do", () => {
    let message = "";
    try {
      assemble("\tldr\tx0, [x1, #33000]\n\n  mrs x1, icc_iar1_el2", { file: "guest.s" });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split("\n")).toEqual([
      "guest.s:1:15: the offset 33000 of ldr is out of range",
      "  1 | \tldr\tx0, [x1, #33000]",
      "    | \t   \t         ^~~~~~",
      "  hint: use a multiple of 8 from 0 to 32760, or -256 to 255",
      "guest.s:3:11: there is no system register icc_iar1_el2",
      "  3 |   mrs x1, icc_iar1_el2",
      "    |           ^~~~~~~~~~~~",
      "  hint: did you mean icc_iar1_el1? Otherwise write it as S<op0>_<op1>_C<n>_C<m>_<op2>",
    ]);
  });

  it("names the ways to write an instruction when it is written in none of them", () => {
    expect(() => assemble("cbz #1, .")).toThrow("hint: write cbz Rt, label");
    expect(() => assemble("mov x0, [x1]")).toThrow("hint: write mov Rd, Rm or mov Rd|sp, Rn|sp or mov Rd, #imm");
  });

  it("is a ConfigError, and stops at fifty problems", () => {
    const source = "bad\n".repeat(1000);
    expect(problemsOf(source)).toHaveLength(50);
    expect(() => assemble(source)).toThrow(expect.toSatisfy((error) => isTraplineError(error, "config")));
    expect(() => assemble("nop", { base: 2 })).toThrow("a program cannot begin at 2");
  });

  it("is refused in this way and no other, whatever the text", () => {
    const word = fc.oneof(
      fc.constantFrom(
        ...INSTRUCTIONS.keys(),
        ".word",
        ".align",
        ".org",
        ".space",
        ".equ",
        ".ascii",
        "a:",
        "1:",
        "1b",
        "a",
        "x0",
        "w3",
        "sp",
        "xzr",
        "lsl",
        "sxtw",
      ),
      fc.constantFrom(
        "#",
        ",",
        "[",
        "]",
        "!",
        "=",
        "(",
        ")",
        "+",
        "-",
        "<<",
        '"',
        "'",
        ";",
        "\n",
        "//",
        "/*",
        "*/",
        ":lo12:",
        ".",
        "~",
        "%",
        "/",
      ),
      fc.integer({ min: -70_000, max: 70_000 }).map(String),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        problemsOf(words.join(" ")); // anything but an AssemblyError comes out of it
      }),
      { numRuns: 500 },
    );
  });
});

describe("GNU as's ways", () => {
  it.each([
    ["1 + 2 << 3", 17n, "shifts bind tighter than additions"],
    ["1 | 2 + 4", 7n, "and so do bits"],
    ["6 & 3 | 8", 10n, ""],
    ["-7 % 4", -3n, "the remainder has the sign of the dividend"],
    ["~0 ^ 0xf", -16n, ""],
    ["'\\n' + 'a'", 107n, "characters"],
    ["0b1_0000 + 0x1_0", 32n, "digits may be grouped, which GNU as does not do"],
    ["((((2))))", 2n, ""],
  ])("%s is %d %s", (expression, value) => {
    expect(assemble(`.equ X, ${expression}`).symbols.get("X")).toBe(value);
  });

  it("statements end at ; and labels of digits repeat", () => {
    expect(assemble("1: nop; 1: b 1b; b 1f; 1: ret").words.map((word) => word.toString(16))).toEqual([
      "d503201f",
      "14000000",
      "14000001",
      "d65f03c0",
    ]);
  });

  it("what an .equ says anew counts from there on, and a name may be used before it is defined", () => {
    expect(assemble(".word a, b\n.equ a, 1\n.equ a, 2\n.word a\n.equ b, c\nc = 5").words).toEqual([2, 5, 2]);
  });
});
