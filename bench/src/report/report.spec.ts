/** The table: its words, its columns, and its place in a page. */
import { describe, expect, it } from "vitest";
import type { Result } from "../harness/result.ts";
import { atLeast, atMost, atMostBytes, atMostTimes, type Row, type Target } from "../harness/row.ts";
import { cells, figure } from "./cells.ts";
import { markdownTable, replaceTable } from "./markdown.ts";
import { textTable } from "./text-table.ts";

const result = (more: Partial<Result>): Result => ({ name: "g/a", value: 10, unit: "ns", spread: [9, 11], ...more });
const row = (name: string, ...targets: readonly Target[]): Row => ({ name, unit: "ns", targets, prepare: () => ({ sample: () => 0 }) });

describe("figure", () => {
  it.each([
    [0, "0"],
    [0.123, "0.12"],
    [3.29, "3.29"],
    [29.14, "29.1"],
    [918.4, "918"],
    [12_345.6, "12346"],
    [-0.124, "-0.12"],
  ])("%d is written %s", (value, text) => expect(figure(value)).toBe(text));
});

describe("cells", () => {
  it.each<[string, Target, Partial<Result>, string]>([
    ["met", atMost(10), {}, "≤ 10 ns"],
    ["missed", atMost(5), {}, "≤ 5 ns: missed"],
    ["met from below", atLeast(10), { unit: "MIPS" }, "≥ 10 MIPS"],
    ["missed from below", atLeast(100), { unit: "MIPS" }, "≥ 100 MIPS: missed"],
    ["no bytes", atMostBytes(0), { bytesPerOp: 0 }, "≤ 0 B"],
    ["bytes", atMostBytes(0), { bytesPerOp: 16 }, "≤ 0 B: missed"],
    ["bytes nobody measured", atMostBytes(0), {}, "≤ 0 B: missed"],
    ["a multiple, met", atMostTimes(2, "g/b"), {}, "≤ 2 × g/b"],
    ["a multiple, missed", atMostTimes(1.5, "g/b"), {}, "≤ 1.5 × g/b: missed"],
  ])("say whether what was asked for is %s", (_, target, measured, words) => {
    const all = [result(measured), result({ name: "g/b", value: 6 })];
    expect(cells(all, [row("g/a", target), row("g/b")])[0]?.at(-1)).toBe(words);
  });

  it("compare with the reference and with QEMU", () => {
    const both = result({ reference: { name: "g/b", value: 25 }, qemu: { value: 100, spread: [90, 110] } });
    expect(cells([both], [row("g/a")])).toEqual([["g/a", "10.0 ns", "9.00 … 11.0", "", "g/b 25.0 (× 2.50), QEMU 100 ns (× 10.0)", ""]]);
  });
});

describe("textTable", () => {
  it("aligns names left and figures right", () => {
    const lines = cells([result({ bytesPerOp: 0 }), result({ name: "g/longer", value: 1234, spread: [1200, 1300] })], [row("g/a", atMost(5)), row("g/longer")]);
    expect(textTable(lines).split("\n")).toEqual([
      "row        median    p25 … p75  bytes/op  compared with  asked for",
      "────────  ───────  ───────────  ────────  ─────────────  ──────────────",
      "g/a       10.0 ns  9.00 … 11.0         0                 ≤ 5 ns: missed",
      "g/longer  1234 ns  1200 … 1300",
    ]);
  });
});

describe("the table in a page", () => {
  const PAGE = "# Title\n\n<!-- bench: begin -->\nold\n<!-- bench: end -->\n\nThe rest.\n";
  const circumstances = { date: new Date("2026-02-03T23:59:59Z"), node: "v20.19.0", cpus: 2, platform: "linux x64" };

  it("says when and on what it was measured", () => {
    expect(markdownTable(cells([result({})], [row("g/a")]), circumstances).split("\n")).toEqual([
      "Measured on 2026-02-03, Node 20.19.0, linux x64, 2 CPUs.",
      "",
      "| row | median | p25 … p75 | bytes/op | compared with | asked for |",
      "| --- | --: | --: | --: | --- | --- |",
      "| g/a | 10.0 ns | 9.00 … 11.0 |  |  |  |",
    ]);
  });

  it("takes the place of the old one, again and again", () => {
    const once = replaceTable(PAGE, "new", "page.md");
    expect(once).toBe("# Title\n\n<!-- bench: begin -->\nnew\n<!-- bench: end -->\n\nThe rest.\n");
    expect(replaceTable(once, "new", "page.md")).toBe(once);
  });

  it.each([
    ["no place", "# Title\n"],
    ["an open place", "<!-- bench: begin -->\n"],
    ["two places", PAGE + PAGE],
    ["an end before the beginning", "<!-- bench: end -->\n<!-- bench: begin -->\n"],
  ])("is refused by a page with %s", (_, page) => {
    expect(() => replaceTable(page, "new", "page.md")).toThrow(/page\.md has no single place for the table; give it one/);
  });
});
