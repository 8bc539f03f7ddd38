/** The table: its words, its columns, and its place in a page. */
import { describe, expect, it } from "vitest";
import type { Result } from "../harness/result.ts";
import { atLeast, atLeastOfQemu, atMost, atMostBytes, atMostTimes, type Row, type Target } from "../harness/row.ts";
import { figure, tableOf } from "./cells.ts";
import { markdownTable, replaceTable } from "./markdown.ts";
import { textTable } from "./text-table.ts";

const NODE = "20.20.2";
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
    ["QEMU's speed, met", atLeastOfQemu(0.75), { unit: "MIPS", value: 800, qemu: { value: 1000, spread: [1000, 1000] } }, "≥ 0.75 × QEMU"],
    ["QEMU's speed, missed", atLeastOfQemu(1.2), { unit: "MIPS", value: 800, qemu: { value: 1000, spread: [1000, 1000] } }, "≥ 1.2 × QEMU: missed"],
    ["QEMU's speed, less being better", atLeastOfQemu(1.2), { value: 80, qemu: { value: 100, spread: [100, 100] } }, "≥ 1.2 × QEMU"],
    ["QEMU's speed, without QEMU", atLeastOfQemu(1.2), {}, "≥ 1.2 × QEMU: no QEMU here"],
  ])("say whether what was asked for is %s", (_, target, measured, words) => {
    const all = [result(measured), result({ name: "g/b", value: 6 })];
    expect(tableOf(all, [row("g/a", target), row("g/b")], NODE).lines[0]?.at(-1)).toBe(words);
  });

  it.each([
    ["20.20.2", "≥ 0.65 × QEMU"],
    ["v20.20.2", "≥ 0.65 × QEMU"],
    ["22.12.0", "≥ 0.8 × QEMU: missed"],
    ["v24.0.0", "≥ 0.8 × QEMU: missed"],
  ])("ask of QEMU's speed what fits the Node that measured, %s: %s", (node, words) => {
    const measured = result({ unit: "MIPS", value: 700, qemu: { value: 1000, spread: [1000, 1000] } });
    expect(tableOf([measured], [row("g/a", atLeastOfQemu(0.65, 0.8))], node).lines[0]?.at(-1)).toBe(words);
  });

  it("compare with the reference: how many times as fast, whichever way the unit goes", () => {
    const [lessIsBetter, moreIsBetter] = [result({ reference: { name: "g/b", value: 25 } }), result({ unit: "MIPS", value: 20, reference: { name: "g/b", value: 5 } })];
    const { lines } = tableOf([lessIsBetter, moreIsBetter], [row("g/a")], NODE);
    expect(lines.map((line) => line[4])).toEqual(["g/b 25.0 (× 2.50)", "g/b 5.00 (× 4.00)"]);
  });

  it("have columns for QEMU when a row ran there, and none otherwise", () => {
    const ran = result({ name: "cpu/a", unit: "MIPS", value: 1500, qemu: { value: 1000, spread: [990, 1010] } });
    const without = tableOf([result({})], [row("g/a")], NODE);
    const { headings, lines } = tableOf([result({}), ran], [row("g/a"), row("cpu/a")], NODE);
    expect(without.headings).toEqual(["row", "median", "p25 … p75", "bytes/op", "compared with", "asked for"]);
    expect(headings).toEqual(["row", "median", "p25 … p75", "bytes/op", "compared with", "QEMU", "its p25 … p75", "× its speed", "asked for"]);
    expect(lines).toEqual([
      ["g/a", "10.0 ns", "9.00 … 11.0", "", "", "", "", "", ""],
      ["cpu/a", "1500 MIPS", "9.00 … 11.0", "", "", "1000 MIPS", "990 … 1010", "1.50", ""],
    ]);
  });
});

describe("textTable", () => {
  it("aligns names left and figures right", () => {
    const table = tableOf([result({ bytesPerOp: 0 }), result({ name: "g/longer", value: 1234, spread: [1200, 1300] })], [row("g/a", atMost(5)), row("g/longer")], NODE);
    expect(textTable(table).split("\n")).toEqual([
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
    expect(markdownTable(tableOf([result({})], [row("g/a")], NODE), circumstances).split("\n")).toEqual([
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
