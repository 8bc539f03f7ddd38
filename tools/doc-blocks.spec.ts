import { describe, expect, it } from "vitest";
import { checkDocuments, compileBlocks, extractBlocks } from "./doc-blocks.ts";

const fenced = (...lines: string[]): string => lines.join("\n").replaceAll("'''", "```");

describe("extractBlocks", () => {
  it("keeps each line at its number in the document", () => {
    const { blocks } = extractBlocks("a.md", fenced("# Title", "", "'''ts", "const one = 1;", "'''"));
    expect(blocks).toEqual([{ document: "a.md", line: 3, text: "\n\n\nconst one = 1;" }]);
  });

  it("takes the indentation of a fence in a list off its lines", () => {
    expect(extractBlocks("a.md", fenced("- item", "  '''ts", "  if (x)", "    y();", "  '''")).blocks[0]?.text).toBe("\n\nif (x)\n  y();");
  });

  it("joins a continued block to the one before it, both at their lines", () => {
    const { blocks } = extractBlocks("a.md", fenced("'''ts", "const one = 1;", "'''", "text", "'''ts continued", "one;", "'''"));
    expect(blocks).toEqual([{ document: "a.md", line: 1, text: "\nconst one = 1;\n\n\n\none;" }]);
  });

  it.each([
    ["another language", fenced("'''sh", "npm start", "'''")],
    ["a TypeScript fence shown inside a longer one", fenced("''''md", "'''ts", "not code", "'''", "''''")],
    ["tsx, which is another language", fenced("'''tsx", "<a/>", "'''")],
    ["an ignored block with a reason", fenced("'''ts ignore shows a mistake", "const", "'''")],
  ])("leaves out %s", (_, markdown) => {
    expect(extractBlocks("a.md", markdown)).toEqual({ blocks: [], problems: [] });
  });

  it.each([
    ["ignores without a reason", fenced("'''ts ignore", "const", "'''"), /without a reason/],
    ["continues nothing", fenced("'''ts continued", "one;", "'''"), /continues nothing/],
    ["says a word that is not known", fenced("'''ts nocheck", "one;", "'''"), /not `ts`, `ts continued`/],
  ])("reports a block that %s", (_, markdown, message) => {
    const { blocks, problems } = extractBlocks("a.md", markdown);
    expect(blocks).toEqual([]);
    expect(problems).toEqual([{ document: "a.md", line: 1, message: expect.stringMatching(message) as string }]);
  });
});

describe("compileBlocks", () => {
  it("gives an error the place it has in the document", () => {
    const code = ['import { Subject } from "rxjs";', 'const one: Subject<number> = "text";'];
    const [first, ...others] = compileBlocks(extractBlocks("docs/a.md", fenced("text", "'''ts", ...code, "'''")).blocks);
    expect(first).toMatch(/^docs\/a\.md:4:7: error TS2322: Type 'string' is not assignable to type 'Subject<number>'/);
    expect(others).toEqual([]);
  });

  it("sees what a package exports, and nothing else of it", () => {
    const code = ['import * as core from "@trapline/core";', 'import "@trapline/core/src/index.ts";', "core satisfies object;"];
    const refused = compileBlocks(extractBlocks("a.md", fenced("'''ts", ...code, "'''")).blocks);
    expect(refused).toEqual([expect.stringMatching(/^a\.md:3:8: error TS\d+: Cannot find module/)]);
  });
});

describe("the Markdown of this repository", () => {
  it("compiles", () => {
    expect(checkDocuments().problems).toEqual([]);
  });
});
