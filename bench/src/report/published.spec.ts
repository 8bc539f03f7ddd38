/** Measured rows as a kept file, and the page that is made from the one in docs/data. */
import { readFileSync } from "node:fs";
import { isTraplineError } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { loadGroups } from "../harness/groups.ts";
import { tableOf } from "./cells.ts";
import { markdownTable, replaceTable } from "./markdown.ts";
import { formatPublished, parsePublished } from "./published.ts";

const MEASURED = { date: new Date("2026-02-03"), node: "20.19.0", platform: "linux x64", cpus: 2 };
const ROW = { name: "g/a", value: 10, unit: "ns", spread: [9, 11] } as const;

describe("a file of measured rows", () => {
  it("is read as it was written", () => {
    const published = { measured: MEASURED, rows: [ROW] };
    expect(parsePublished(formatPublished({ ...published, measured: { ...MEASURED, node: "v20.19.0" } }), "a.json")).toEqual(published);
  });

  const file = (measured: object, rows: unknown): string => JSON.stringify({ measured: { ...MEASURED, ...measured }, rows });

  it.each([
    ["no JSON", "{", /a\.json holds no measured rows: /],
    ["the bare list that --json writes", JSON.stringify([ROW]), /measured\.date is no date/],
    ["no day", file({ date: "yesterday" }, [ROW]), /measured\.date is no date: write 2026-02-03/],
    ["no number of CPUs", file({ cpus: "two" }, [ROW]), /measured\.cpus is no number/],
    ["no rows", file({}, {}), /rows is no list/],
    ["a row of another shape", file({}, [{ ...ROW, speed: 1 }]), /g\/a: speed is 1/],
  ])("is refused with %s", (_, text, message) => {
    expect(() => parsePublished(text, "a.json")).toThrow(message);
    try {
      parsePublished(text, "a.json");
    } catch (error) {
      expect(isTraplineError(error, "config")).toBe(true);
    }
  });
});

describe("docs/benchmarks.md", () => {
  const read = (file: string): string => readFileSync(new URL(`../../../docs/${file}`, import.meta.url), "utf8");

  // If it has not: npm run -s bench -- --from docs/data/benchmarks.json --markdown docs/benchmarks.md
  it("has the table that is made from docs/data/benchmarks.json", async () => {
    const { measured, rows } = parsePublished(read("data/benchmarks.json"), "docs/data/benchmarks.json");
    const all = (await loadGroups()).flatMap((group) => group.rows);
    const page = read("benchmarks.md");
    expect(page).toBe(replaceTable(page, markdownTable(tableOf(rows, all, measured.node), measured), "docs/benchmarks.md"));
  });
});
