// Every golden vector (oracle/vectors) on every CPU of cpus.fixture.ts, and every row of the decode table in some vector. The vectors were
// recorded from an independent implementation; what a line does not name must not have changed.
import { beforeAll, describe, expect, it } from "vitest";
import { findForm } from "./isa/decoder.ts";
import { instructionForms } from "./isa/index.ts";
import { undefinedInstruction } from "./isa/system.ts";
import { backgroundData, backgroundState } from "./testing/background.fixture.ts";
import type { CpuUnderTest } from "./testing/cpu-under-test.fixture.ts";
import { cpusUnderTest } from "./testing/cpus.fixture.ts";
import { readGoldenFiles } from "./testing/golden-files.fixture.ts";
import { type GoldenVector, parseGolden } from "./testing/golden-line.fixture.ts";
import { outcomeDifferences } from "./testing/outcome-differences.fixture.ts";

/** Failing vectors that a message shows. */
const SHOWN = 8;

const background = backgroundState();
const data = backgroundData();
const files = readGoldenFiles();
const parsed = new Map<string, GoldenVector>();

/** Read once for all CPUs. */
function vectorOf(line: string): GoldenVector {
  let vector = parsed.get(line);
  if (vector === undefined) parsed.set(line, (vector = parseGolden(line, background, data)));
  return vector;
}

/** Continuous integration tries them all. */
const ALL = process.env["ALL_VECTORS"] === "1";

describe.each(cpusUnderTest)("$name", ({ create, stride }) => {
  let cpu: CpuUnderTest;
  beforeAll(() => {
    cpu = create();
  });

  it.each(files)("does what was recorded: $file", ({ sections }) => {
    // Sections differ in what they begin with, so a stride meets every kind of operand somewhere.
    let count = 0;
    const failures = sections.flatMap(({ name, lines }) =>
      lines.flatMap((line) => {
        if (!ALL && count++ % stride !== 0) return [];
        const { words, pre, expected } = vectorOf(line);
        const differences = outcomeDifferences(cpu.run(words, pre, data), expected);
        return differences.length === 0 ? [] : [`${name}: ${line}: ${differences.slice(0, 4).join(", ")}`];
      }),
    );
    expect({ count: failures.length, first: failures.slice(0, SHOWN) }).toEqual({ count: 0, first: [] });
  });
});

describe("the vectors", () => {
  const defined = files.flatMap(({ sections }) => sections.flatMap(({ lines }) => lines.filter((line) => !line.includes("-> undefined"))));
  const rows = new Set(defined.flatMap((line) => vectorOf(line).words.map((word) => findForm(word).form)));

  it("execute no word that the decode table lacks", () => {
    const lacking = defined.filter((line) => vectorOf(line).words.some((word) => findForm(word).form === undefinedInstruction));
    expect({ count: lacking.length, first: lacking.slice(0, SHOWN) }).toEqual({ count: 0, first: [] });
  });

  it("try every row of the decode table that EL0 may execute by itself", () => {
    const untried = instructionForms.filter((form) => !rows.has(form)).map(({ name }) => name);
    expect(untried.filter((name) => !LEAVES_EL0.test(name))).toEqual([]);
  });
});

/** Calls, waits, hints to the scheduler, privileged state, and registers whose value belongs to the implementation. */
const LEAVES_EL0 = /^(SVC|HVC|SMC|ERET|DRPS|DCPS|YIELD|WF[EI]|SEVL?|UNDEFINED)|^(MRS|MSR|SYSL?|DC|IC|TLBI|AT)\b/;
