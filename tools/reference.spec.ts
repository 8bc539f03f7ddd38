import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { entriesOf } from "./reference/api-pages.ts";
import { sections } from "./reference/command-page.ts";
import { cell, firstSentence, hexadecimal, page, table } from "./reference/markdown.ts";
import { optionLines, valueOf } from "./reference/option-page.ts";
import { headerOf, isMainExport, readExports } from "./reference/read-exports.ts";
import { declaredReset, registerTable } from "./reference/register-pages.ts";
import { generic } from "./reference/sysreg-page.ts";

describe("the first sentence", () => {
  it.each([
    ["One sentence.", "One sentence"],
    ["One. Two.", "One"],
    ["No full stop", "No full stop"],
    ["As in virtio 1.2, and more. Rest.", "As in virtio 1.2, and more"],
    ["Ends before a number. 4 is next.", "Ends before a number"],
    ["It goes on, e.g. here, and ends.", "It goes on, e.g. here, and ends"],
    ["Over\nseveral\nlines. Rest.", "Over several lines"],
    ["First paragraph without a stop\n\nSecond.", "First paragraph without a stop"],
    ["What it is:\n- a list", "What it is"],
    ["Made with {@link definePlugin}. Rest.", "Made with `definePlugin`"],
    ["", ""],
  ])("of %j is %j", (comment, sentence) => expect(firstSentence(comment)).toBe(sentence));
});

describe("a table", () => {
  it("leaves out columns that are empty in every line", () => {
    expect(table(["a", "b", "c"], [["1", "", "3"], ["4", "", ""]])).toBe("| a | c |\n| --- | --- |\n| 1 | 3 |\n| 4 |  |");
  });

  it.each([
    ["a|b", "a\\|b"],
    ["Map<K>", "Map&lt;K>"],
    ["`Map<K>` of <x>", "`Map<K>` of &lt;x>"],
    ["an open ` and <x>", "an open ` and &lt;x>"],
    ["two\n  lines", "two lines"],
  ])("holds %j as %j", (text, escaped) => expect(cell(text)).toBe(escaped));

  it.each([
    [0, 1, "0x0"],
    [0x14, 3, "0x014"],
    [0x900_0000, 1, "0x900_0000"],
    [0xffff_ffff_ffffn, 1, "0xffff_ffff_ffff"],
  ])("writes %d with %d digits as %s", (value, digits, text) => expect(hexadecimal(value, digits)).toBe(text));

  it("stands on a page with one H1 and a word about who wrote it", () => {
    const notice: unknown = expect.stringContaining("node tools/run.mjs reference");
    expect(page("Title", "Text.").split("\n")).toEqual(["# Title", "", notice, "", "Text.", ""]);
  });
});

describe("a register map", () => {
  it("has a line for each row, with the defaults that compileRegisters fills in", () => {
    const rows = [
      { name: "CTLR", offset: 0, access: "RW", reset: 0x50, fields: { DS: 6, Group: [1, 0] }, note: "one state" },
      { name: "ROUTER", offset: 0x6100, access: "RW", size: 8, count: 988, read: () => 0 },
      { name: "ENTRY", offset: 0x8, access: "RO", count: 2, stride: 16, widths: [4, 8] },
      { name: "EOIR", offset: 0x10, access: "WO" },
    ] as const;
    expect(registerTable(rows, declaredReset).split("\n")).toEqual([
      "| offset | name | count | access | size | widths | reset | fields |  |",
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
      "| `0x0000` | `CTLR` |  | RW | 4 |  | `0x50` | DS [6], Group [1:0] | one state |",
      "| `0x6100` | `ROUTER<n>` | 988 | RW | 8 | 4, 8 |  |  |  |",
      "| `0x0008` + 0x10·n | `ENTRY<n>` | 2 | RO | 4 | 4, 8 | `0x0` |  |  |",
      "| `0x0010` | `EOIR` |  | WO | 4 |  |  |  |  |",
    ]);
  });

  it("writes encodings as the assembler does", () => expect(generic(0xc660)).toBe("S3_0_C12_C12_0"));
});

describe("an option", () => {
  it.each([
    [{ type: "integer", minimum: 0, multipleOf: 0x1_0000 }, "whole number, 0 and up, multiple of 0x1_0000"],
    [{ type: "integer", minimum: 1, maximum: 1_000_000_000 }, "whole number, 1 … 1_000_000_000"],
    [{ type: "integer", minimum: 0, maximum: 0xffff_ffff }, "whole number, 0 … 0xffff_ffff"],
    [{ type: "number" }, "number"],
    [{ type: "boolean" }, "true, false"],
    [{ type: "string", maxLength: 20 }, "text, at most 20 characters"],
    [{ type: ["string", "null"] }, "text or null"],
    [{ enum: ["hvc", 0, null] }, "`hvc`, `0`, `null`"],
    [{ anyOf: [{ type: "integer", minimum: 0, maximum: 960 }, { enum: [988] }] }, "whole number, 0 … 960; or `988`"],
    [{ type: "array", items: { type: "integer" }, minItems: 4, maxItems: 4 }, "list of whole numbers; exactly 4 of them"],
    [{ type: "object", properties: {} }, "mapping"],
  ])("%j takes %s", (schema, words) => expect(valueOf(schema)).toBe(words));

  it("of a mapping, a list or a choice has the options inside behind it", () => {
    const start = { type: "object", properties: { pc: { type: "integer" } }, required: ["pc"], description: "where it begins" };
    const ports = { type: "array", items: { type: "object", properties: { name: { type: "string" } } } };
    const schema = { properties: { start: { anyOf: [start, { type: "null" }] }, ports } };
    expect(optionLines(schema).map(([name]) => name)).toEqual(["`start`", "**`start.pc`**", "`ports`", "`ports[].name`"]);
  });

  it("with a keyword that nobody taught the page is refused by name", () => {
    expect(() => valueOf({ not: {} } as never)).toThrow(/keyword not;/);
  });
});

describe("a command", () => {
  const nothing = { commands: [], registeredArguments: [], options: [] };
  const leaf = (name: string, more: object = {}) => ({ name: () => name, description: () => `does ${name}`, ...nothing, ...more });

  it("has a section with its usage, arguments and options", () => {
    const given = { name: () => "machine", description: "a file", required: true };
    const options = [{ flags: "--its <on|off>", description: "an ITS" }];
    const command = leaf("run", { registeredArguments: [given], options });
    expect(sections(command, "trapline")).toEqual([
      "## trapline run",
      "`trapline run <machine> [options]`",
      "does run",
      "|  | what it is |\n| --- | --- |\n| `<machine>` | a file |\n| `--its <on\\|off>` | an ITS |",
    ]);
  });

  it("with subcommands has one for each of those", () => {
    const images = leaf("images", { commands: [leaf("fetch"), leaf("list")] });
    const headings = sections(images, "trapline").filter((part) => part.startsWith("#"));
    expect(headings).toEqual(["## trapline images fetch", "## trapline images list"]);
  });
});

describe("exports", () => {
  const FILES = {
    "tsconfig.json": `{
      "compilerOptions": { "module": "NodeNext", "lib": ["ES2022"], "types": [], "noEmit": true },
      "files": ["index.ts"]
    }`,
    "package.json": '{ "type": "module" }',
    "index.ts": 'export * from "./shapes.js";\nexport { build, type Options as GivenOptions } from "./make.js";\nexport * as all from "./make.js";\n',
    "shapes.ts": [
      "/** Shapes of things. Cold. */\n",
      "export class Shapes {}",
      "/** A side of one. */\nexport type Side = 1 | 2;",
      "class Hidden {}\nexport const hidden = new Hidden();\n",
    ].join("\n"),
    "make.ts": [
      "// Makes things.",
      "/** What to make. More. */\nexport interface Options { readonly side: number }",
      "/** @throws Error for a side of 0. */\nexport function build(options: Options): number { return options.side; }\n",
    ].join("\n"),
  };

  it("are found through re-exports, with their own comments, else their file's or what they throw", () => {
    const root = realpathSync(mkdtempSync(path.join(tmpdir(), "trapline-exports-")));
    try {
      mkdirSync(path.join(root, "one"));
      for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(root, "one", name), text);
      const entry = { subpath: ".", file: "one/index.ts" };
      expect(readExports(root, new Map([["one", [entry]]])).get(entry)).toEqual([
        { name: "GivenOptions", kind: "interface", sentence: "What to make", file: "one/make.ts" },
        { name: "Shapes", kind: "class", sentence: "Shapes of things", file: "one/shapes.ts" },
        { name: "Side", kind: "type", sentence: "A side of one", file: "one/shapes.ts" },
        { name: "all", kind: "namespace", sentence: "Makes things", file: "one/make.ts" },
        { name: "build", kind: "function", sentence: "throws Error for a side of 0", file: "one/make.ts" },
        { name: "hidden", kind: "const", sentence: "", file: "one/shapes.ts" },
      ]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it.each([
    ["Pl011", "devices/src/pl011/pl011.ts", true],
    ["VgicV3", "vgic-plugin/src/vgic-v3.ts", true],
    ["pl011Registers", "devices/src/pl011/pl011.registers.ts", true],
    ["Pl011Options", "devices/src/pl011/pl011.plugin.ts", false],
  ])("%s is the main one of %s: %s", (name, file, main) => expect(isMainExport(name, file)).toBe(main));

  it.each([
    ["/** One. Two. */\nimport x;", "One. Two."],
    ["/**\n * One.\n *\n * Two.\n */", "One.\n\nTwo."],
    ["// One.\n// Two.\nconst a = 1;", "One.\nTwo."],
    ["const a = 1;\n// no header", ""],
  ])("read the header of %j as %j", (text, header) => expect(headerOf(text)).toBe(header));

  it("come from entries that are TypeScript", () => {
    const index = { "@trapline/source": "./src/index.ts", default: "./dist/index.js" };
    const manifest = { name: "x", exports: { ".": index, "./schema.json": "./schema.json" } };
    expect(entriesOf({ folder: "packages/x", manifest })).toEqual([{ subpath: ".", file: "packages/x/src/index.ts" }]);
  });
});
