// Which words are instructions at all: random words, and words of known forms with a few bits flipped, to the live oracle, to the oracle's
// own list of forms, to the soft CPU's decode table and to every CPU under test. All must agree on what is UNDEFINED.
//   sweep.ts --seed N --count M
// Left out: system instructions and system calls that the list does not have, and words whose result the manual leaves open.
import { parseArgs } from "node:util";
import { findForm } from "../src/isa/decoder.ts";
import { undefinedInstruction } from "../src/isa/system.ts";
import { backgroundData, backgroundState } from "../src/testing/background.fixture.ts";
import { cpusUnderTest } from "../src/testing/cpus.fixture.ts";
import { Prng } from "../src/testing/prng.fixture.ts";
import { disassemble } from "./disassemble.ts";
import { isNotAdvertised } from "./divergences.ts";
import { a64Forms, formOfWord, isUnpredictable } from "./forms/a64-forms.ts";
import { runOracle } from "./oracle-process.ts";
import { drawUnallocatedWord, drawWord } from "./words.ts";

/** Says whether each word is an instruction. */
interface Judge {
  readonly name: string;
  readonly judge: (words: readonly number[]) => boolean[];
}

const CHUNK = 4096;
/** Groups of disagreements that are printed. */
const SHOWN = 30;

const pre = backgroundState();
const data = backgroundData();

const reference: Judge = {
  name: "the oracle",
  judge: (words) =>
    runOracle(
      words.map((word) => ({ words: [word], pre })),
      data,
    ).map(({ stop }, i) => stop !== "undefined" && !isNotAdvertised(words[i]!)),
};

const judges: readonly Judge[] = [
  { name: "the oracle's list", judge: (words) => words.map((word) => formOfWord(word) !== undefined) },
  { name: "the decode table", judge: (words) => words.map((word) => findForm(word).form !== undefinedInstruction) },
  ...cpusUnderTest.map(({ name, create }) => {
    const cpu = create();
    return { name, judge: (words: readonly number[]) => words.map((word) => cpu.run([word], pre, data).stop !== "undefined") };
  }),
];

function sweep(seed: string, count: number): number {
  process.stdout.write(`seed ${seed}: ${count} words\n`);
  const prng = new Prng(`sweep ${seed}`);
  const wrong = new Map<string, { count: number; example: number }>();
  let executed = 0;
  for (let done = 0; done < count; done += CHUNK) {
    const words = Array.from({ length: Math.min(CHUNK, count - done) }, () => drawSweepWord(prng));
    const expected = reference.judge(words);
    executed += expected.filter(Boolean).length;
    for (const { name, judge } of judges) {
      const answers = judge(words);
      const mistaken = words.filter((_, i) => answers[i] !== expected[i]);
      const texts = mistaken.length > 0 ? disassemble(mistaken) : undefined;
      mistaken.forEach((word, i) => {
        const verb = expected[words.indexOf(word)] ? "refuses" : "executes";
        const what = `${name} ${verb} ${texts?.[i]?.split(" ")[0] ?? "words like"}`;
        wrong.set(what, { count: (wrong.get(what)?.count ?? 0) + 1, example: word });
      });
    }
  }
  const shown = [...wrong].slice(0, SHOWN);
  for (const [what, { count: times, example }] of shown) process.stdout.write(`${what} (${hex(example)}), ${times} times\n`);
  if (wrong.size > SHOWN) process.stdout.write(`and ${wrong.size - SHOWN} more such groups\n`);
  process.stdout.write(`${executed} of ${count} words are instructions, ${wrong.size === 0 ? "and all agree" : "NOT all agree"}\n`);
  return wrong.size === 0 ? 0 : 1;
}

/** Anything, a word of a form, an unallocated one, each with up to three bits flipped. */
function drawSweepWord(prng: Prng): number {
  for (;;) {
    const form = prng.pick(a64Forms);
    let word = prng.oneIn(3) ? prng.word() : drawWord(form, prng);
    if (prng.oneIn(8)) word = drawUnallocatedWord(form, prng) ?? word;
    if (!prng.oneIn(3)) for (let flips = 1 + prng.below(3); flips > 0; flips--) word = (word ^ (1 << prng.below(32))) >>> 0;
    const known = formOfWord(word);
    if (known === undefined ? !isSystemOrException(word) : !isUnpredictable(known, word)) return word;
  }
}

/** DDI 0487 C4.1.3: exception generation, hints, barriers, PSTATE, system instructions and registers. */
const isSystemOrException = (word: number): boolean => word >>> 24 === 0xd4 || word >>> 22 === 0x354;

const hex = (word: number): string => word.toString(16).padStart(8, "0");

const { values } = parseArgs({ options: { seed: { type: "string" }, count: { type: "string" } } });
process.exitCode = sweep(values.seed ?? String(Date.now()), Number(values.count ?? 100_000));
