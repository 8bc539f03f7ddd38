// Random instruction streams: data processing, loads, stores, FP and SIMD mixed, forward branches, a loop around it all. A stream is made
// of units, one to four words that stay together, so that it can be laid out again without some of them when a failure is shrunk.
//
// Every access stays in the window: base registers point to its middle, only writeback moves them, and both the moves of all rounds and
// the offsets are bounded. Exclusives stand beside each other, because what clears a monitor in between is the implementation's choice.
import { backgroundState } from "../src/testing/background.fixture.ts";
import { type CpuState, DATA_BASE, MAX_WORDS } from "../src/testing/cpu-under-test.fixture.ts";
import type { Prng } from "../src/testing/prng.fixture.ts";
import { type A64Form, type A64Group, a64Forms, a64Groups, fieldsOfForm, isUnpredictable } from "./forms/a64-forms.ts";
import { drawFloat, drawInteger, drawVector } from "./operands.ts";
import { drawWord } from "./words.ts";

/** Words that stay together. The last may be a branch to the start of another unit. */
export interface Unit {
  readonly words: readonly number[];
  /** Which word of the unit branches, how its displacement is written, and over how many units it leads; 0: to its own start. */
  readonly branch?: { readonly word: number; readonly lsb: number; readonly width: number; readonly over: number };
  /** A branch to the first unit that stays in the loop (see {@link layOut}). */
  readonly back?: { readonly word: number };
}

export interface Stream {
  readonly units: readonly Unit[];
  readonly pre: CpuState;
}

// Registers with a role. All others are free for anything.
const COUNTER = 23; // rounds left of the loop
const SCRATCH = 24; // addresses and immediates inside a unit
const INDEX = 25; // a small index, never written
const BASES = [26, 27, 28] as const; // into the window; the last stays aligned and is never moved
const ALIGNED_BASE = 28;
export const RESERVED: readonly number[] = [COUNTER, SCRATCH, INDEX, ...BASES];

const MIDDLE = DATA_BASE + 2048n;
/** Limits that keep every access in the window: start within 32 of the middle, 1000 for all moves, 1000 for an offset with its bytes. */
const MOST_MOVED = 1000;
const FURTHEST = 1000;
const INDEX_VALUE = 40;
const ATTEMPTS = 200;

const WEIGHTS: Readonly<Record<string, number>> = {
  "load-store-register": 3,
  "load-store-pair": 2,
  "integer-register": 3,
  "integer-immediate": 3,
};
const GROUPS = a64Groups
  .filter(({ file }) => file !== "branches-and-system" && file !== "load-store-exclusive") // they are drawn as units of their own
  .flatMap((group) => Array.from({ length: WEIGHTS[group.file] ?? 1 }, () => group));

/**
 * Draws a stream of `length` units, fewer where they do not fit into a case.
 * @param files groups of forms to draw from, beside branches, exclusives and system instructions
 */
export function drawStream(prng: Prng, length: number, files: RegExp = /(?:)/): Stream {
  const rounds = prng.oneIn(2) ? 1 : 2 + prng.below(4);
  const spIsBase = prng.oneIn(2);
  const groups = GROUPS.filter(({ file }) => files.test(file));
  const state = new StreamState(prng, groups, rounds, spIsBase);
  const units: Unit[] = [];
  let words = rounds > 1 ? 3 : 0;
  while (units.length < length) {
    const unit = state.drawUnit();
    if (words + unit.words.length > MAX_WORDS) break;
    words += unit.words.length;
    units.push(unit);
  }
  return { units: rounds > 1 ? inLoop(units, rounds) : units, pre: drawState(prng, spIsBase) };
}

/** The words: branches get the distance to the unit they lead to, or to the end when that is not there any more. */
export function layOut({ units }: Stream): number[] {
  const starts: number[] = [];
  let length = 0;
  for (const { words } of units) {
    starts.push(length);
    length += words.length;
  }
  const loopStart = units.findIndex(isLoopHead) + 1;
  return units.flatMap(({ words, branch, back }, i) => {
    const laidOut = [...words];
    if (branch !== undefined) {
      const target = starts[i + 1 + branch.over] ?? length;
      laidOut[branch.word] = withDisplacement(words[branch.word]!, branch.lsb, branch.width, target - starts[i]! - branch.word);
    }
    if (back !== undefined) {
      if (loopStart === 0) return words.map(() => NOP); // nothing set the counter
      laidOut[back.word] = withDisplacement(words[back.word]!, 5, 19, starts[loopStart]! - starts[i]! - back.word);
    }
    return laidOut;
  });
}

const withDisplacement = (word: number, lsb: number, width: number, words: number): number => {
  const mask = 2 ** width - 1;
  return ((word & ~(mask << lsb)) | ((words & mask) << lsb)) >>> 0;
};

// -------------------------------------------------------------------------------------------------------------------------- loops

const MOVZ_COUNTER = 0xd280_0000 | COUNTER;
const isLoopHead = ({ words }: Unit): boolean => words.length === 1 && (words[0]! & ~(0xffff << 5)) >>> 0 === MOVZ_COUNTER >>> 0;

function inLoop(units: readonly Unit[], rounds: number): Unit[] {
  const head = { words: [(MOVZ_COUNTER | (rounds << 5)) >>> 0] };
  const subtract = (0xd100_0400 | (COUNTER << 5) | COUNTER) >>> 0; // SUB Xcounter, Xcounter, #1
  const again = (0xb500_0000 | COUNTER) >>> 0; // CBNZ Xcounter
  return [head, ...units, { words: [subtract, again], back: { word: 1 } }];
}

// -------------------------------------------------------------------------------------------------------------------------- units

class StreamState {
  readonly #prng: Prng;
  readonly #groups: readonly A64Group[];
  readonly #rounds: number;
  readonly #bases: readonly number[];
  readonly #spIsBase: boolean;
  /** How far all rounds together may have moved each base. */
  readonly #moved = new Map<number, number>();

  constructor(prng: Prng, groups: readonly A64Group[], rounds: number, spIsBase: boolean) {
    this.#prng = prng;
    this.#groups = groups;
    this.#rounds = rounds;
    this.#spIsBase = spIsBase;
    this.#bases = spIsBase ? [...BASES, 31] : BASES;
  }

  drawUnit(): Unit {
    const prng = this.#prng;
    switch (prng.below(12)) {
      case 0:
        return this.#drawBranch();
      case 1:
        return this.#drawSpecial();
      default:
        break;
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const form = prng.pick(prng.pick(this.#groups).forms);
      const word = form.memory === undefined ? this.#drawComputation(form) : this.#drawAccess(form);
      if (word !== undefined) return { words: [word] };
    }
    throw new Error("no word of any form fits into the stream; mend the limits in stream.ts");
  }

  /** Undefined when the word would write a register with a role. */
  #drawComputation(form: A64Form): number | undefined {
    const word = drawWord(form, this.#prng);
    const f = fieldsOfForm(form, word);
    if (!form.bits.fields.some(({ name }) => name === "Rd")) return word;
    if (RESERVED.includes(f("Rd"))) return undefined;
    return this.#spIsBase && f("Rd") === 31 && WRITES_SP.test(form.name) ? undefined : word;
  }

  /** Undefined when the access might leave the window, or loads a register with a role. */
  #drawAccess(form: A64Form): number | undefined {
    const { memory } = form;
    if (memory === undefined) return undefined;
    let word = drawWord(form, this.#prng);
    if (memory.literal === true) return loadsReserved(form, word) ? undefined : this.#placeLiteral(form, word);
    word = this.#withField(form, word, "Rn", this.#prng.pick(this.#bases));
    if (form.bits.fields.some(({ name }) => name === "imm12")) {
      const unit = memory.bytes(fieldsOfForm(form, word));
      word = this.#withField(form, word, "imm12", this.#prng.below(Math.floor(FURTHEST / unit) - 1));
    }
    const isIndexed = form.bits.fields.some(({ name }) => name === "Rm");
    if (isIndexed) word = this.#withField(form, word, "Rm", memory.index === true || this.#prng.oneIn(2) ? INDEX : 31);
    if (loadsReserved(form, word) || isUnpredictable(form, word)) return undefined;

    const f = fieldsOfForm(form, word);
    const bytes = memory.bytes(f);
    const offset = memory.index === true ? INDEX_VALUE << (f("S") === 1 ? Math.log2(bytes) : 0) : (memory.offset?.(f) ?? 0);
    const moves = movesBase(form, word, bytes);
    if (Math.abs(offset) + bytes > FURTHEST) return undefined;
    if (moves !== 0 && !this.#move(f("Rn"), moves)) return undefined;
    return word;
  }

  #move(base: number, by: number): boolean {
    if (base === ALIGNED_BASE || (base === 31 && by % 16 !== 0)) return false;
    const total = (this.#moved.get(base) ?? 0) + Math.abs(by) * this.#rounds;
    if (total > MOST_MOVED) return false;
    this.#moved.set(base, total);
    return true;
  }

  /** Literals come from the window: the code page would differ between layouts of a shrunk stream. */
  #placeLiteral(form: A64Form, word: number): number {
    const distance = -16896 + 4 * this.#prng.below(100); // words from anywhere in the code back into the window
    return this.#withField(form, word, "imm19", distance & 0x7ffff);
  }

  #withField(form: A64Form, word: number, name: string, value: number): number {
    const field = form.bits.fields.find((each) => each.name === name);
    if (field === undefined) throw new Error(`${form.name} has no field ${name}`);
    return withDisplacement(word, field.low, field.width, value);
  }

  /** Forward, over a few units; direct, conditional or through a register. */
  #drawBranch(): Unit {
    const prng = this.#prng;
    const over = prng.below(5);
    if (prng.oneIn(5)) {
      const indirect = formNamed(prng.pick(["BR", "BLR", "RET"])).bits.value | (SCRATCH << 5);
      const adr = 0x1000_0000 | SCRATCH; // ADR Xscratch, target: the displacement's low bits, immlo, stay 0
      return { words: [adr >>> 0, indirect >>> 0], branch: { word: 0, lsb: 5, width: 19, over } };
    }
    const form = formNamed(prng.pick(["B", "BL", "CBZ", "CBNZ", "TBZ", "TBNZ", "B.cond"]));
    const field = form.bits.fields.find(({ name }) => name.startsWith("imm"))!;
    return { words: [drawWord(form, prng)], branch: { word: 0, lsb: field.low, width: field.width, over } };
  }

  /** Exclusives, ordered accesses, DC ZVA, system registers, hints. */
  #drawSpecial(): Unit {
    const prng = this.#prng;
    switch (prng.below(6)) {
      case 0:
        return { words: this.#drawExclusives() };
      case 1: {
        const word = this.#withField(formNamed("LDAR"), drawWord(formNamed(prng.pick(["LDAR", "STLR"])), prng), "Rn", ALIGNED_BASE);
        return { words: RESERVED.includes(word & 31) ? [NOP] : [word] };
      }
      case 2:
        return { words: [(formNamed("DC (ZVA)").bits.value | prng.pick(BASES)) >>> 0] };
      case 3: {
        // MOVZ Xscratch, #bits, LSL #16 or 0; MSR
        const [name, movz] = prng.pick([
          ["MSR (FPCR)", 0xd2a0_0000 | ((prng.word() & 0x07c0) << 5)],
          ["MSR (FPSR)", 0xd280_0000 | ((prng.word() & 0x009f) << 5)],
          ["MSR (NZCV)", 0xd2a0_0000 | ((prng.word() & 0xf000) << 5)],
        ] as const);
        return { words: [(movz | SCRATCH) >>> 0, (formNamed(name).bits.value | SCRATCH) >>> 0] };
      }
      case 4: {
        const word = drawWord(formNamed(prng.pick(["MRS (NZCV)", "MRS (FPCR)", "MRS (FPSR)", "MRS (TPIDR_EL0)"])), prng);
        return { words: RESERVED.includes(word & 31) ? [NOP] : [word] };
      }
      default:
        return { words: [drawWord(formNamed(prng.pick(["HINT", "DMB", "DSB", "ISB", "CLREX", "MSR (TPIDR_EL0)"])), prng)] };
    }
  }

  /** Load-exclusive and store-exclusive of one size, now and then with CLREX between them or without the load. */
  #drawExclusives(): number[] {
    const prng = this.#prng;
    const pair = prng.oneIn(2);
    const free = (): number => prng.below(COUNTER);
    const [t, t2] = [free(), free()];
    if (t === t2) return [NOP];
    const [s, u, u2] = [free(), free(), free()];
    if (s === u || s === u2) return [NOP];
    const size = pair ? 2 | prng.below(2) : prng.below(4);
    const common = (size << 30) | (ALIGNED_BASE << 5) | (Number(prng.oneIn(2)) << 15) | 0x0800_0000;
    const load = common | (pair ? 0x0020_0000 | (t2 << 10) : 31 << 10) | 0x0040_0000 | (31 << 16) | t;
    const store = common | (pair ? 0x0020_0000 | (u2 << 10) : 31 << 10) | (s << 16) | u;
    const clrex = 0xd503_3f5f;
    const words = prng.pick([[load, store], [load, store], [load, clrex, store], [clrex, store], [load, store, store]]);
    return words.map((word) => word >>> 0);
  }
}

const NOP = 0xd503_201f;
/** Forms where register 31 is SP as a destination. */
const WRITES_SP = /^(ADD|SUB) \((immediate|extended)|^(AND|ORR|EOR) \(immediate/;

function loadsReserved(form: A64Form, word: number): boolean {
  const f = fieldsOfForm(form, word);
  return form.bits.fields.some(({ name }) => /^R(t|t2|s)$/.test(name) && RESERVED.includes(f(name)));
}

/** Bytes by which the access moves its base: by its immediate, or by what it transferred, or by the index register. */
function movesBase(form: A64Form, word: number, bytes: number): number {
  const f = fieldsOfForm(form, word);
  const has = (name: string): boolean => form.bits.fields.some((field) => field.name === name);
  if (!/\((post|pre)-index\)/.test(form.name)) return 0;
  if (has("imm9")) return (f("imm9") << 23) >> 23;
  if (has("imm7")) return ((f("imm7") << 25) >> 25) * (bytes / 2);
  return f("Rm") === 31 ? bytes : INDEX_VALUE;
}

function formNamed(name: string): A64Form {
  const form = a64Forms.find((each) => each.name === name);
  if (form === undefined) throw new Error(`there is no form ${name}`);
  return form;
}

// ------------------------------------------------------------------------------------------------------------------------- states

function drawState(prng: Prng, spIsBase: boolean): CpuState {
  const pre = backgroundState();
  for (let i = 0; i < 31; i++) pre.x[i] = drawInteger(prng, 64);
  for (let i = 0; i < 32; i++) {
    const format = prng.pick([32, 64] as const);
    const value = prng.oneIn(3)
      ? drawVector(prng.pick([8, 16, 32, 64]), () => prng.doubleword() & 0xffn)
      : drawVector(format, () => drawFloat(prng, format));
    pre.v[2 * i] = BigInt.asUintN(64, value);
    pre.v[2 * i + 1] = value >> 64n;
  }
  for (const base of BASES) pre.x[base] = MIDDLE + BigInt(base === ALIGNED_BASE ? 0 : prng.below(64) - 32);
  pre.x[INDEX] = BigInt(INDEX_VALUE);
  pre.x[COUNTER] = 0n;
  pre.sp = spIsBase ? MIDDLE - 16n : drawInteger(prng, 64);
  pre.nzcv = prng.below(16);
  pre.fpcr = prng.oneIn(2) ? 0 : prng.word() & 0x07c0_0000;
  pre.tpidr = prng.doubleword();
  return pre;
}
