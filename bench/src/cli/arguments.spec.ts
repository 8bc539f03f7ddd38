/** The command line: what is understood, and what is refused with a remedy. */
import { isTraplineError } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { parseArguments } from "./arguments.ts";

describe("parseArguments", () => {
  it.each<[readonly string[], ReturnType<typeof parseArguments>]>([
    [[], { list: false, help: false }],
    [["--only", "wire/owner", "--json", "out.json"], { only: "wire/owner", json: "out.json", list: false, help: false }],
    [["--only=bus/"], { only: "bus/", list: false, help: false }],
    [["--json", "a.json", "--markdown", "b.md"], { json: "a.json", markdown: "b.md", list: false, help: false }],
    [["--data", "d.json", "--markdown", "b.md"], { data: "d.json", markdown: "b.md", list: false, help: false }],
    [["--from", "d.json", "--markdown", "b.md"], { from: "d.json", markdown: "b.md", list: false, help: false }],
    [["--list"], { list: true, help: false }],
    [["-h"], { list: false, help: true }],
  ])("%j", (args, expected) => {
    expect(parseArguments(args)).toEqual(expected);
  });

  it.each<[readonly string[], RegExp]>([
    [["--onyl", "wire"], /--onyl/],
    [["wire"], /wire/],
    [["--only"], /--only/],
    [["--json="], /--json has an empty value/],
    [["--only", "wire", "--markdown", "docs.md"], /--markdown writes the table of all rows, --only measures some; leave one/],
    [["--only", "wire", "--data", "d.json"], /--data keeps all rows, --only measures some; leave one/],
    [["--from", "d.json", "--json", "a.json"], /--from measures nothing, --json is about what is measured; leave one/],
  ])("refuses %j", (args, message) => {
    expect(() => parseArguments(args)).toThrow(message);
    try {
      parseArguments(args);
    } catch (error) {
      expect(isTraplineError(error, "config")).toBe(true);
    }
  });
});
