// Fresh random operands for every form: the live oracle against every CPU under test. What it finds, the golden vectors lack: add a corner
// to operands.ts or words.ts, so that it is recorded.
import { backgroundData, backgroundState } from "../src/testing/background.fixture.ts";
import { cpusUnderTest } from "../src/testing/cpus.fixture.ts";
import { formatGolden } from "../src/testing/golden-line.fixture.ts";
import { outcomeDifferences } from "../src/testing/outcome-differences.fixture.ts";
import { Prng } from "../src/testing/prng.fixture.ts";
import { makeCase } from "./cases.ts";
import { disassemble } from "./disassemble.ts";
import { a64Forms } from "./forms/a64-forms.ts";
import { isDefined, oracleVersion, runOracle } from "./oracle-process.ts";
import { drawWord } from "./words.ts";

/** Mismatches that are shown in full, of each CPU. */
const SHOWN = 10;
/** Cases in memory at a time: each has a state and a window before and after. */
const CHUNK = 2000;
/** The oracle is several times as fast where a word comes again. */
const CASES_OF_A_WORD = 4;

/**
 * Tries `count` cases of every form whose name contains `only`, and prints what was tried and what went wrong.
 * @param cpuName of the only CPU to try; empty for all
 * @returns the exit status: 0 when all agree
 */
export function tryFreshCases(seed: string, count: number, only: string, cpuName = ""): number {
  const forms = a64Forms.filter(({ name }) => name.includes(only));
  const cpus = cpusUnderTest.filter(({ name }) => cpuName === "" || name === cpuName).map((row) => ({ name: row.name, cpu: row.create(), wrongForms: new Map<string, number>() }));
  process.stdout.write(`seed ${seed}: ${count} cases for each of ${forms.length} forms, ${oracleVersion()} against ${cpus.length} CPUs\n`);
  if (cpus.length === 0 || forms.length === 0) {
    process.stdout.write("nothing to compare: src/testing/cpus.fixture.ts has no row, or no form has such a name\n");
    return 2;
  }
  const began = Date.now();
  let tried = 0;
  const perChunk = Math.max(1, Math.floor(CHUNK / count));
  for (let start = 0; start < forms.length; start += perChunk) {
    const data = backgroundData(`${seed} ${start}`);
    const cases = forms.slice(start, start + perChunk).flatMap((form) => {
      const prng = new Prng(`fresh ${seed} ${form.name}`);
      let word = 0;
      return Array.from({ length: count }, (_, i) => {
        if (i % CASES_OF_A_WORD === 0) word = drawWord(form, prng);
        return { form, ...makeCase(form, word, prng) };
      });
    });
    const outcomes = runOracle(cases, data);
    cases.forEach(({ form, words, pre }, i) => {
      const expected = outcomes[i]!;
      if (!isDefined(pre, expected, data)) return;
      tried++;
      for (const { name, cpu, wrongForms } of cpus) {
        const differences = outcomeDifferences(cpu.run(words, pre, data), expected);
        if (differences.length === 0) continue;
        if (wrongForms.size < SHOWN && !wrongForms.has(form.name)) {
          const text = disassemble(words)?.join("; ") ?? "";
          const line = formatGolden({ words, pre, expected }, backgroundState(), data);
          process.stdout.write(`${name}: ${form.name}: ${text}\n  ${line}\n  ${differences.slice(0, 6).join("\n  ")}\n`);
        }
        wrongForms.set(form.name, (wrongForms.get(form.name) ?? 0) + 1);
      }
    });
  }
  const seconds = (Date.now() - began) / 1000;
  process.stdout.write(`${tried} cases in ${seconds.toFixed(1)} s, ${Math.round(tried / seconds)} a second\n`);
  for (const { name, wrongForms } of cpus) {
    const list = [...wrongForms].map(([form, wrong]) => `${form} (${wrong})`).join(", ");
    process.stdout.write(`${name}: ${list === "" ? "agrees" : `WRONG in ${wrongForms.size} forms: ${list}`}\n`);
  }
  return cpus.every(({ wrongForms }) => wrongForms.size === 0) ? 0 : 1;
}
