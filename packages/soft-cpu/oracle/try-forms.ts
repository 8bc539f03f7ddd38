// Tries fresh cases of a few forms: draws them, asks the oracle, runs the CPUs under test, compares. Seed, count and form decide what is
// drawn, not which forms are tried beside it: so that a failure comes again with --only.
import { backgroundData, backgroundState } from "../src/testing/background.fixture.ts";
import type { CpuUnderTest, Outcome } from "../src/testing/cpu-under-test.fixture.ts";
import { formatGolden } from "../src/testing/golden-line.fixture.ts";
import { outcomeDifferences } from "../src/testing/outcome-differences.fixture.ts";
import { Prng } from "../src/testing/prng.fixture.ts";
import { makeCase } from "./cases.ts";
import { disassemble } from "./disassemble.ts";
import { type A64Form, fieldsOfForm } from "./forms/a64-forms.ts";
import { isDefined, type OracleCase, runOracle } from "./oracle-process.ts";
import { drawWord, hasImmediate } from "./words.ts";

/**
 * Cases in a row that have the same word, which costs as much as several of them: the oracle translates it, and we compile it. Fewer where
 * there is more to a form than its operands.
 */
const CASES_OF_A_WORD = 25;
const CASES_OF_AN_IMMEDIATE = 12;
/** One in so many cases goes on through the pairs of corners; what the others begin with is drawn. */
const CORNERS = 4;
/** FPSR.IXC, set in half of the cases: nobody has to find out then whether a result is exact, and the CPUs take their fast way. */
const INEXACT = 1 << 4;

export interface NamedCpu {
  readonly name: string;
  readonly cpu: CpuUnderTest;
}

/** Plain data, for it comes from another process. */
export interface FormFindings {
  readonly form: string;
  readonly words: number;
  /** Cases whose outcome is defined, and how many of these had pairs of corners as operands. */
  readonly tried: number;
  readonly corners: number;
  readonly wrong: readonly WrongCpu[];
}

export interface WrongCpu {
  readonly cpu: string;
  /** How many cases it got wrong, and the first of them with all differences. */
  readonly cases: number;
  readonly first: string;
}

interface FreshCase extends OracleCase {
  readonly isCorner: boolean;
}

interface JudgedCase extends FreshCase {
  readonly expected: Outcome;
}

/** @param count cases of each form; all of them are in memory at once, 4 KiB each */
export function tryForms(forms: readonly A64Form[], seed: string, count: number, cpus: readonly NamedCpu[]): FormFindings[] {
  const data = backgroundData(seed);
  const drawn = forms.map((form) => ({ form, ...drawCases(form, seed, count) }));
  const outcomes = runOracle(drawn.flatMap(({ cases }) => cases), data);
  let next = 0;
  return drawn.map(({ form, words, cases }) => {
    const all = cases.map((each): JudgedCase => ({ ...each, expected: outcomes[next++]! }));
    const judged = all.filter(({ pre, expected }) => isDefined(pre, expected, data));
    const wrong = cpus.map(({ name, cpu }) => judge(name, cpu, judged, data)).filter((each) => each.cases > 0);
    return { form: form.name, words, tried: judged.length, corners: judged.filter(({ isCorner }) => isCorner).length, wrong };
  });
}

function drawCases(form: A64Form, seed: string, count: number): { readonly words: number; readonly cases: readonly FreshCase[] } {
  const prng = new Prng(`fresh ${seed} ${form.name}`);
  const casesOfAWord = hasImmediate(form) ? CASES_OF_AN_IMMEDIATE : CASES_OF_A_WORD;
  const pairs = new Map<number, number>();
  let [word, words] = [0, 0];
  const cases = Array.from({ length: count }, (_, i): FreshCase => {
    if (i % casesOfAWord === 0) [word, words] = [drawWord(form, prng), words + 1];
    const isCorner = i % CORNERS === 0 && form.memory === undefined;
    const { words: made, pre } = makeCase(form, word, prng, isCorner ? nextPair(form, word, pairs) : undefined);
    if (form.fp !== undefined && i % 8 < 4) pre.fpsr |= INEXACT;
    return { words: made, pre, isCorner };
  });
  return { words, cases };
}

/** @param pairs by format, how many had their turn: a form may have words of several */
function nextPair(form: A64Form, word: number, pairs: Map<number, number>): number {
  const fields = fieldsOfForm(form, word);
  const format = form.fp?.(fields) ?? form.lane?.(fields) ?? 0;
  const index = pairs.get(format) ?? 0;
  pairs.set(format, index + 1);
  return index;
}

function judge(name: string, cpu: CpuUnderTest, cases: readonly JudgedCase[], data: Uint8Array): WrongCpu {
  let [wrong, first] = [0, ""];
  for (const { words, pre, expected } of cases) {
    const differences = outcomeDifferences(cpu.run(words, pre, data), expected);
    if (differences.length === 0 || wrong++ > 0) continue;
    const line = formatGolden({ words, pre, expected }, backgroundState(), data);
    first = `${disassemble(words)?.join("; ") ?? ""}\n  ${line}\n  ${differences.slice(0, 6).join("\n  ")}`;
  }
  return { cpu: name, cases: wrong, first };
}
