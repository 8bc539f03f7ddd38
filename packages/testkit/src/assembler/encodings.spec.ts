/** Every line of encodings.txt, and the program of programs.s, make what GNU as made of them (oracle/record.ts). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assemble } from "./assemble.ts";

const recorded = (file: string): string => readFileSync(new URL(`../../oracle/${file}`, import.meta.url), "utf8");
/** Where record.ts had them linked. */
const base = 0x4008_0000;
const shown = (word: number): string => word.toString(16).padStart(8, "0");

describe("the assembler agrees with GNU as", () => {
  const rows = recorded("encodings.txt")
    .trimEnd()
    .split("\n")
    .map((row) => [row.slice(0, 8), row.slice(9)] as const);
  const { words } = assemble(rows.map(([, line]) => line).join("\n"), { base, file: "encodings.txt" });
  const mnemonics = new Map<string, (readonly [word: string, line: string, index: number])[]>();
  for (const [index, [word, line]] of rows.entries()) {
    const mnemonic = line.split(" ")[0]!;
    mnemonics.set(mnemonic, [...(mnemonics.get(mnemonic) ?? []), [word, line, index]]);
  }

  it.each([...mnemonics])("on %s", (_mnemonic, lines) => {
    const found = lines.map(([, line, index]) => `${shown(words[index]!)} ${line}`);
    expect(found).toEqual(lines.map(([word, line]) => `${word} ${line}`));
  });

  it("on a program with labels, data, alignment, literals and expressions", () => {
    const program = assemble(recorded("programs.s"), { base, file: "programs.s" });
    expect(program.words.map(shown)).toEqual(recorded("programs.txt").trimEnd().split("\n"));
  });
});
