/** Words as text, in the spelling of assemblers. Hostile words too: a guest chooses them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { disassemble, loadDisassembler } from "./disassembler.ts";

const PC = 0x4008_0010;

//  word         pc                      text                             what it shows
const WORDS = [
  [0xb940_0420, PC, "ldr w0, [x1, #4]"], //                               a load, its immediate scaled
  [0xd53b_e040, PC, "mrs x0, cntvct_el0"], //                             a system register by name
  [0xd538_cc00, PC, "mrs x0, icc_iar1_el1"], //                           of the GIC's CPU interface
  [0xd538_cc20, PC, "mrs x0, s3_0_c12_c12_1"], //                         one that has no name
  [0xd503_42df, PC, "msr daifset, #2"], //                                MSR (immediate)
  [0xd503_207f, PC, "wfi"], //                                            no operands, no space behind it
  [0xd400_0002, PC, "hvc #0"],
  [0xd69f_03e0, PC, "eret"],
  [0x54ff_ffe0, PC, "b.eq #0x4008000c"], //                               a target is an address
  [0x54ff_ffe0, 0xffff_8000_8008_0010n, "b.eq #0xffff80008008000c"], //   of 64 bits
  [0x5800_0041, PC, "ldr x1, #0x40080018"], //                            so is a literal's
  [0x4e24_1c00, PC, "and v0.16b, v0.16b, v4.16b"],
  [0x0000_0000, PC, "udf #0"], //                                         zeroed memory
  [0xffff_ffff, PC, ".inst 0xffff_ffff"], //                              no instruction
  [0x0420_0000, PC, "add z0.b, z0.b, z0.b"], //                           one that this CPU does not have
] as const;

describe("disassemble", () => {
  it.each(WORDS)("%i at %s is `%s`", async (word, pc, text) => {
    expect(await disassemble(word, pc)).toBe(text);
  });

  it("takes a word as it comes, signed or not, and reads it at address 0 by default", async () => {
    expect(await disassemble(0xd69f_03e0 | 0)).toBe("eret");
    expect(await disassemble(0x1400_0001)).toBe("b #4");
  });

  it("gives some text for any word anywhere, the same each time, however many there are", async () => {
    const disassembler = await loadDisassembler();
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    const pc = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => (n < 2n ** 53n ? Number(n) : n));
    fc.assert(
      fc.property(word, pc, (w, at) => {
        const text = disassembler.disassemble(w, at);
        expect(text).toMatch(/^[a-z.].*\S$/);
        expect(disassembler.disassemble(w, at)).toBe(text);
      }),
      { numRuns: 1500, seed: 0x5eed }, // more than are kept
    );
  });

  it("is loaded once for all who ask", () => {
    expect(loadDisassembler()).toBe(loadDisassembler());
  });
});
