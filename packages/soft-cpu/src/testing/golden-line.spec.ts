// The golden vectors as text: what is written is read back, what is broken is refused, and the comparison sees every part of a state.
import { describe, expect, it } from "vitest";
import { backgroundData, backgroundState } from "./background.fixture.ts";
import { CODE_BASE, type Outcome, copyState } from "./cpu-under-test.fixture.ts";
import { readGoldenFiles } from "./golden-files.fixture.ts";
import { formatGolden, parseGolden } from "./golden-line.fixture.ts";
import { outcomeDifferences } from "./outcome-differences.fixture.ts";

const background = backgroundState();
const data = backgroundData();

const LINES = [
  "91000c20 x1=ffffffffffffffff -> x0=2",
  "00000000 -> undefined",
  "f9400020 x1=10000ff9 -> data-abort@10001000",
  "c85f7c20 x1=10000003 -> alignment@10000003",
  "14000010 -> pc=10010840",
  "d503201f,00000000 -> undefined pc=10010804",
  "4c9f7000 sp=10000000 nzcv=f fpcr=3000000 fpsr=80 tpidr=5 -> v31=10000000000000002 m0=00ff mfff=1a",
] as const;

describe("a golden vector as a line", () => {
  it.each(LINES)("is written as it was read: %s", (line) => {
    expect(formatGolden(parseGolden(line, background, data), background, data)).toBe(line);
  });

  const BROKEN = ["", "91000c20 x1=5 x0=2", "9100 -> x0=2", "91000c20 -> y0=2", "91000c20 -> x0=", "91000c20 -> aborted"];

  it.each(BROKEN)("is refused: %j", (line) => {
    expect(() => parseGolden(line, background, data)).toThrow(/golden vector/);
  });

  it("ends behind its last word unless it says otherwise", () => {
    expect(parseGolden("d503201f,d503201f -> x0=1", background, data).expected.pc).toBe(CODE_BASE + 8n);
  });
});

describe("the committed vectors", () => {
  const files = readGoldenFiles();

  it.each(files)("are in the one form that the recorder writes: $file", ({ sections }) => {
    const lines = sections.flatMap((section) => section.lines);
    const rewritten = lines.map((line) => formatGolden(parseGolden(line, background, data), background, data));
    expect(rewritten.filter((line, i) => line !== lines[i])).toEqual([]);
  });

  it("leave no form without a vector that executes", () => {
    const sections = files.flatMap((file) => file.sections);
    const silent = sections.filter(({ lines }) => lines.every((line) => line.endsWith("-> undefined")));
    expect(silent.map(({ name }) => name)).toEqual([]);
    expect(sections.length).toBeGreaterThan(800);
  });
});

describe("the comparison of outcomes", () => {
  const outcome: Outcome = { stop: "data-abort", pc: CODE_BASE, address: 8n, state: background, data };
  const withState = (change: (state: ReturnType<typeof backgroundState>) => void): Outcome => {
    const state = copyState(background);
    change(state);
    return { ...outcome, state };
  };
  const otherData = data.slice();
  otherData[4095]! ^= 1;

  const CHANGES: readonly (readonly [string, Outcome])[] = [
    ["stop", { ...outcome, stop: "undefined" }],
    ["pc", { ...outcome, pc: CODE_BASE + 4n }],
    ["address", { ...outcome, address: 9n }],
    ["x30", withState((state) => (state.x[30] = 0n))],
    ["sp", withState((state) => (state.sp = 0n))],
    ["nzcv", withState((state) => (state.nzcv = 1))],
    ["v31.d[1]", withState((state) => (state.v[63] = 0n))],
    ["fpcr", withState((state) => (state.fpcr = 1 << 24))],
    ["fpsr", withState((state) => (state.fpsr = 1))],
    ["tpidr", withState((state) => (state.tpidr = 1n))],
    ["window byte 0xfff", { ...outcome, data: otherData }],
  ];

  it("finds nothing between equals", () => expect(outcomeDifferences({ ...outcome, state: copyState(background) }, outcome)).toEqual([]));

  it.each(CHANGES)("names %s, and nothing else", (name, changed) => {
    expect(outcomeDifferences(changed, outcome)).toEqual([expect.stringContaining(`${name} is `)]);
  });
});
