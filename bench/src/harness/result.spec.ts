/** The shape of a row in the JSON file (DESIGN.md §9): what is let through, and what each refusal names. */
import { describe, expect, it } from "vitest";
import { checkResult, type Result } from "./result.ts";

const PLAIN: Result = { name: "wire/owner", value: 3.3, unit: "ns", spread: [3.2, 3.4] };

describe("checkResult", () => {
  it.each<[string, Result]>([
    ["the least", PLAIN],
    ["bytes", { ...PLAIN, bytesPerOp: 0 }],
    ["a reference", { ...PLAIN, reference: { name: "wire/rxjs-subject", value: 34 } }],
    ["QEMU beside it", { ...PLAIN, name: "guest/mmio", qemu: { value: 700, spread: [690, 720] } }],
    ["a value that shrank", { ...PLAIN, name: "machine/1000-cycles", unit: "KiB", value: -0.1, spread: [-0.2, 0] }],
  ])("takes %s, after JSON as well", (_, row) => {
    expect(checkResult(row)).toBe(row);
    expect(checkResult(JSON.parse(JSON.stringify(row)))).toEqual(row);
  });

  it.each<[string, unknown, RegExp]>([
    ["no object", "wire/owner", /a row: the row is "wire\/owner".*an object/],
    ["a name without group", { ...PLAIN, name: "owner" }, /name is "owner".*GROUP\/WHAT/],
    ["a value that is none", { ...PLAIN, value: Number.NaN }, /wire\/owner: value is null.*finite/],
    ["an unknown unit", { ...PLAIN, unit: "µs" }, /wire\/owner: unit is "µs".*ns, ms, s/],
    ["a spread the wrong way round", { ...PLAIN, spread: [4, 3] }, /wire\/owner: spread is \[4,3\].*ascending/],
    ["a spread of three", { ...PLAIN, spread: [3, 4, 5] }, /spread/],
    ["negative bytes", { ...PLAIN, bytesPerOp: -1 }, /wire\/owner: bytesPerOp is -1.*from 0/],
    ["a reference without value", { ...PLAIN, reference: { name: "x/y" } }, /wire\/owner: reference/],
    ["QEMU without spread", { ...PLAIN, qemu: { value: 1 } }, /wire\/owner: qemu/],
    ["a key of its own", { ...PLAIN, host: "mine" }, /wire\/owner: host is "mine".*one of name, value/],
  ])("refuses %s", (_, row, message) => {
    expect(() => checkResult(row)).toThrow(message);
  });
});
