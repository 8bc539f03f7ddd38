/** What `--only` picks, and what a wrong file of rows is told. */
import { describe, expect, it } from "vitest";
import { checkNames, type Group, select } from "./groups.ts";
import { atMostTimes, type Row, type Target } from "./row.ts";

const row = (name: string, reference?: string, targets: readonly Target[] = []): Row => ({
  name,
  unit: "ns",
  targets,
  ...(reference === undefined ? {} : { reference }),
  prepare: () => ({ sample: () => 0 }),
});

const GROUPS: readonly Group[] = [
  { file: "wire", rows: [row("wire/owner", "wire/subject"), row("wire/tap", "wire/subject"), row("wire/subject")] },
  { file: "bus", rows: [row("bus/16"), row("bus/256", "bus/scan", [atMostTimes(2, "bus/16")]), row("bus/scan")] },
];

const names = (groups: readonly Group[]): string[] => groups.flatMap(({ rows }) => rows.map(({ name }) => name));

describe("select", () => {
  it.each<[string | undefined, readonly string[]]>([
    [undefined, ["wire/owner", "wire/tap", "wire/subject", "bus/16", "bus/256", "bus/scan"]],
    ["wire/", ["wire/owner", "wire/tap", "wire/subject"]],
    ["wire/owner", ["wire/owner", "wire/subject"]], //     with what it is compared with
    ["bus/2", ["bus/16", "bus/256", "bus/scan"]], //       and what its target names
    ["bus/16", ["bus/16"]],
    ["b", ["bus/16", "bus/256", "bus/scan"]],
  ])("--only %s measures %j", (prefix, expected) => {
    expect(names(select(GROUPS, prefix))).toEqual(expected);
  });

  it("names every row when none begins so", () => {
    expect(() => select(GROUPS, "wier")).toThrow(
      "--only wier is the beginning of no row; the rows are wire/owner, wire/tap, wire/subject, bus/16, bus/256, bus/scan",
    );
  });
});

describe("checkNames", () => {
  it("lets a good set of files through", () => expect(() => checkNames(GROUPS)).not.toThrow());

  it("refuses one name in two files, naming both", () => {
    const twice: readonly Group[] = [...GROUPS, { file: "other", rows: [row("wire/tap")] }];
    expect(() => checkNames(twice)).toThrow(/wire\/tap is in wire\.ts and in other\.ts/);
  });

  it.each<[string, Row]>([
    ["a reference", row("other/x", "wire/subject")],
    ["a target", row("other/x", undefined, [atMostTimes(2, "wire/subject")])],
    ["a row that is nowhere", row("other/x", "other/nowhere")],
  ])("refuses %s outside the file: what is compared takes turns", (_, lonely) => {
    expect(() => checkNames([...GROUPS, { file: "other", rows: [lonely] }])).toThrow(/other\/x is compared with .*not in other\.ts/);
  });
});
