import { describe, expect, it } from "vitest";
import { plainScalar } from "./scalar.ts";

describe("an unquoted word", () => {
  it.each<[string, unknown]>([
    // YAML 1.2.2 §10.3.2, core schema
    ...([
      ["", null],
      ["~", null],
      ["null", null],
      ["Null", null],
      ["true", true],
      ["TRUE", true],
      ["False", false],
    ] as [string, unknown][]),
    ...([
      ["0", 0],
      ["-0", 0],
      ["+7", 7],
      ["010", 10],
      ["0o17", 15],
      ["0xfF", 255],
      ["-12", -12],
    ] as [string, unknown][]),
    ...([
      ["1.5", 1.5],
      [".5", 0.5],
      ["1.", 1],
      ["1e3", 1000],
      ["-2.5E-1", -0.25],
    ] as [string, unknown][]),
    // ours
    ...([
      ["0x0900_0000", 0x0900_0000],
      ["50_000", 50_000],
      ["0b1_01", 5],
      ["0x1f_ffff_ffff_ffff", Number.MAX_SAFE_INTEGER],
    ] as [string, unknown][]),
    ...([
      ["64K", 65_536],
      ["128M", 134_217_728],
      ["1G", 1_073_741_824],
      ["64KiB", 65_536],
      ["1_0M", 10_485_760],
      ["0K", 0],
    ] as [string, unknown][]),
    // text
    ...[
      "yes",
      "NULL_",
      "_1",
      "1_",
      "1__0",
      "0x",
      "0x_1",
      "0XF",
      "128k",
      "128MB",
      "1.5G",
      "-1K",
      "0b2",
      "0o8",
      "1e",
      "12:30",
      "2026-01-01",
      "a b",
      "1 2",
    ].map((text): [string, unknown] => [text, text]),
  ])("%j means %j", (text, value) => {
    expect(plainScalar(text)).toEqual({ value });
  });

  it.each([
    "0x20_0000_0000_0000",
    "9007199254740992",
    "-9007199254740992",
    "9999999G",
    "1e400",
    "9".repeat(100_000),
    ".inf",
    "-.INF",
    ".NaN",
  ])("%s is refused, not rounded", (text) => {
    expect(plainScalar(text)).toMatchObject({ problem: expect.stringMatching(/held exactly|must be finite/) as unknown });
  });
});
