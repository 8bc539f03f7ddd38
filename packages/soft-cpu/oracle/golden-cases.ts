// The cases of the golden vectors: for every form the corners of its fields and operands, two words that it leaves unallocated, and short
// sequences whose instructions only mean something together. Each form draws from a seed of its own, so that one more form, or one more
// case of a form, leaves the other lines as they were.
import { backgroundState } from "../src/testing/background.fixture.ts";
import { DATA_BASE } from "../src/testing/cpu-under-test.fixture.ts";
import { Prng } from "../src/testing/prng.fixture.ts";
import { makeCase } from "./cases.ts";
import { type A64Form, a64Forms, a64Groups } from "./forms/a64-forms.ts";
import type { OracleCase } from "./oracle-process.ts";
import { drawUnallocatedWord, drawWord, smallCombinations } from "./words.ts";

/** Cases that belong together: those of a form, or of a sequence. */
export interface GoldenSection {
  readonly name: string;
  readonly cases: readonly OracleCase[];
}

/** One file of golden vectors. */
export interface GoldenFile {
  readonly file: string;
  readonly sections: readonly GoldenSection[];
}

/** Cases for a form of a file: fewer where there are many forms of a kind, more where operands have more corners. */
const CASES: Readonly<Record<string, number>> = {
  "integer-immediate": 40,
  "integer-register": 48,
  "branches-and-system": 28,
  "load-store-exclusive": 48,
  "load-store-pair": 20,
  "load-store-register": 16,
  "load-store-structure": 18,
  "fp-conversion": 72,
  "fp-scalar": 72,
  "simd-three-same": 40,
  "simd-fp-three-same": 64,
  "simd-fp-two-register": 48,
};
const CASES_ELSEWHERE = 32;
/** A form with more combinations of its small fields than cases gets as many cases as combinations, up to this. */
const MOST_COMBINATIONS = 64;
const UNALLOCATED = 2;

export function goldenFiles(): GoldenFile[] {
  const files = a64Groups.map(({ file, forms }) => ({
    file,
    sections: forms.map((form) => ({ name: form.name, cases: casesOfForm(form, CASES[file] ?? CASES_ELSEWHERE) })),
  }));
  return [...files, { file: "sequences", sections: [...exclusiveSequences(), ...conditionSequences()] }];
}

function casesOfForm(form: A64Form, usual: number): OracleCase[] {
  const prng = new Prng(`golden ${form.name}`);
  const count = Math.max(usual, Math.min(smallCombinations(form), MOST_COMBINATIONS));
  const cases = Array.from({ length: count }, (_, i) => {
    const word = drawWord(form, prng, i);
    return makeCase(form, word, prng, i % 4 === 3 ? undefined : i - Math.floor(i / 4)); // pairs of corners, every fourth anything
  });
  const unallocated = Array.from({ length: UNALLOCATED }, () => drawUnallocatedWord(form, prng));
  return [...cases, ...unallocated.flatMap((word) => (word === undefined ? [] : [{ words: [word], pre: backgroundState() }]))];
}

// --------------------------------------------------------------------------------------------------------------------- sequences

const CLREX = 0xd503_3f5f;

/**
 * The local monitor, from open (DDI 0487 B2.9): a store-exclusive after a load-exclusive of the same address and size stores, a second
 * one does not, nor one after CLREX.
 */
function exclusiveSequences(): GoldenSection[] {
  const prng = new Prng("golden exclusive sequences");
  const section = (name: string, words: (load: number, store: number) => number[], load: string, store: string): GoldenSection => ({
    name,
    cases: Array.from({ length: 16 }, () => {
      const pair = load.endsWith("P");
      const size = pair ? prng.below(2) : prng.below(4);
      const bytes = pair ? 8 << size : 1 << size;
      const [t, t2, n, s, u, u2] = distinctRegisters(prng, 6) as [number, number, number, number, number, number];
      const bits = pair ? (2 | size) << 30 : size << 30;
      const loadWord = ((exclusiveWord(load) | bits | (pair ? t2 << 10 : 31 << 10) | (n << 5) | t) | (31 << 16)) >>> 0;
      const storeWord = (exclusiveWord(store) | bits | (s << 16) | (pair ? u2 << 10 : 31 << 10) | (n << 5) | u) >>> 0;
      const pre = backgroundState();
      pre.x[n] = DATA_BASE + BigInt(prng.below(4096 / bytes) * bytes);
      return { words: words(loadWord, storeWord), pre };
    }),
  });
  return [
    ["LDXR", "STXR"],
    ["LDAXR", "STLXR"],
    ["LDXP", "STXP"],
    ["LDAXP", "STLXP"],
  ].flatMap(([load, store]) => [
    section(`${load}, ${store}`, (l, s) => [l, s], load!, store!),
    section(`${load}, CLREX, ${store}`, (l, s) => [l, CLREX, s], load!, store!),
    section(`${load}, ${store}, ${store}`, (l, s) => [l, s, s], load!, store!),
  ]);
}

function distinctRegisters(prng: Prng, count: number): number[] {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(prng.below(31));
  return [...chosen];
}

const exclusiveWord = (name: string): number => {
  const form = formNamed(name);
  return (form.bits.value & ~(3 << 30)) >>> 0;
};

/** Each instruction that sets flags before each that reads them: what a JIT may want to fuse. */
function conditionSequences(): GoldenSection[] {
  const setters = [
    "ADDS (immediate)",
    "SUBS (immediate)",
    "ANDS (immediate)",
    "ADDS (shifted register)",
    "SUBS (shifted register)",
    "ANDS (shifted register)",
    "BICS (shifted register)",
    "ADDS (extended register)",
    "SUBS (extended register)",
    "ADCS",
    "SBCS",
    "CCMN (register)",
    "CCMP (immediate)",
    "FCMP",
    "FCCMPE",
  ];
  const readers = ["B.cond", "CSEL", "CSINC", "CCMP (register)", "SBCS", "FCSEL", "MRS (NZCV)"];
  return setters.flatMap((setter) =>
    readers.map((reader) => {
      const prng = new Prng(`golden ${setter}, ${reader}`);
      return {
        name: `${setter}, ${reader}`,
        cases: Array.from({ length: 8 }, (_, i) => {
          const { words, pre } = makeCase(formNamed(setter), drawWord(formNamed(setter), prng), prng, prng.oneIn(2) ? i : undefined);
          let second = drawWord(formNamed(reader), prng);
          while (reader === "B.cond" && isBackToFirst(second)) second = drawWord(formNamed(reader), prng);
          return { words: [...words, second], pre };
        }),
      };
    }),
  );
}

/** A B.cond from the second word to the first: a loop that may never end. */
const isBackToFirst = (word: number): boolean => (word >>> 5) % 2 ** 19 === 2 ** 19 - 1;

function formNamed(name: string): A64Form {
  const form = a64Forms.find((each) => each.name === name);
  if (form === undefined) throw new Error(`there is no form ${name}`);
  return form;
}
