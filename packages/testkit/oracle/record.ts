/**
 * Asks GNU as (binutils-aarch64-linux-gnu) what our assembler should make of its lines and writes it down: encodings.txt, programs.txt.
 * With --check it only tells whether the files say so; with --fresh N it holds N random lines against it, writing nothing. Ends with
 * status 77 where there is no GNU as. `node --import tsx --conditions=@trapline/source packages/testkit/oracle/record.ts`
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { assemble } from "../src/assembler/index.ts";
import { SYSTEM_REGISTERS } from "../src/assembler/system-registers.ts";
import { randomLine, type RegisterLists, systematicLines } from "./templates.ts";

const BASE = 0x4008_0000;
const BINUTILS = "aarch64-linux-gnu-";
const here = (file: string): URL => new URL(file, import.meta.url);

/** The bytes of a program, linked at BASE. @throws Error with what GNU as says */
function gnu(source: string): Uint8Array {
  const folder = mkdtempSync(path.join(tmpdir(), "trapline-assembler-"));
  const [object, elf, binary] = ["a.o", "a.elf", "a.bin"].map((file) => path.join(folder, file)) as [string, string, string];
  const run = (tool: string, args: readonly string[], input?: string): void =>
    void execFileSync(`${BINUTILS}${tool}`, args, { input, stdio: ["pipe", "pipe", "pipe"] });
  try {
    run("as", ["-march=armv8-a+crc", "-o", object, "-"], source);
    run("ld", [`-Ttext=0x${BASE.toString(16)}`, "-e", "0", "--no-warn-rwx-segments", "-o", elf, object]);
    run("objcopy", ["-O", "binary", "-j", ".text", elf, binary]);
    return readFileSync(binary);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Those of the lines that GNU as takes without a word. */
function accepted(lines: readonly string[]): readonly boolean[] {
  const { stderr } = spawnSync(`${BINUTILS}as`, ["-march=armv8-a+crc", "-o", "/dev/null", "-"], {
    input: `${lines.join("\n")}\n`,
    encoding: "utf8",
  });
  const refused = new Set([...stderr.matchAll(/^\{standard input\}:(\d+): /gm)].map(([, line]) => Number(line) - 1));
  return lines.map((_, index) => !refused.has(index));
}

const wordsOf = (bytes: Uint8Array): readonly string[] =>
  [...new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))].map((word) =>
    word.toString(16).padStart(8, "0"),
  );

/** Registers that may be read, and written, in GNU as's opinion. */
function registerLists(): RegisterLists {
  const names = [...SYSTEM_REGISTERS.keys()].filter((name) => !/^dbg[bw][cv]r([2-9]|1[0-4])_/.test(name)); // of the numbered ones the edges
  const [readable, writable] = [(name: string) => `mrs x0, ${name}`, (name: string) => `msr ${name}, x0`].map((line) => {
    const answers = accepted(names.map(line));
    return names.filter((_, index) => answers[index]);
  }) as [string[], string[]];
  return { readable: [...readable, "s3_0_c15_c0_0", "S3_7_C11_C15_7", "s2_1_c0_c3_4"], writable: [...writable, "s3_3_c15_c2_1"] };
}

function encodings(): string {
  const all = [...new Set(systematicLines(registerLists()))];
  const answers = accepted(all); // combinations that are unpredictable are refused
  const lines = all.filter((_, index) => answers[index]);
  const words = wordsOf(gnu(`${lines.join("\n")}\n`));
  if (words.length !== lines.length) throw new Error(`${lines.length} lines made ${words.length} words`);
  return `${lines.map((line, index) => `${words[index]} ${line}`).join("\n")}\n`;
}

function programs(): string {
  return `${wordsOf(gnu(readFileSync(here("programs.s"), "utf8"))).join("\n")}\n`;
}

/** Numbers from a seed: the same lines for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Lines that GNU as refuses ours has to refuse, and what both take has to be the same word. */
function fresh(count: number, seed: number): number {
  const random = generator(seed);
  const registers = registerLists();
  let wrong = 0;
  for (let done = 0; done < count; done += 500) {
    const lines = Array.from({ length: Math.min(500, count - done) }, () => randomLine(random, registers));
    const ours = lines.map((line, index) =>
      attempt(() =>
        assemble(line, { base: BASE + 4 * index })
          .words[0]!.toString(16)
          .padStart(8, "0"),
      ),
    );
    const answers = accepted(lines);
    for (const [index, line] of lines.entries()) {
      const takesWzrForSp = /^st\S+ wzr, .*\[sp\]/.test(line); // GNU as does
      if (answers[index] || ours[index] === undefined || takesWzrForSp) continue;
      process.stdout.write(`${line}: ${ours[index]}, GNU as refuses it\n`);
      wrong++;
    }
    const taken = lines.map((line, index) => (answers[index] ? line : "nop"));
    const theirs = wordsOf(gnu(`${taken.join("\n")}\n`));
    for (const [index, line] of lines.entries()) {
      if (!answers[index] || ours[index] === theirs[index]) continue;
      process.stdout.write(`${line}: ${ours[index] ?? "refused"}, GNU as: ${theirs[index]}\n`);
      wrong++;
    }
  }
  process.stdout.write(`${count} lines, seed ${seed}: ${wrong} differ\n`);
  return wrong;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

const valueOf = (option: string): number | undefined =>
  process.argv.includes(option) ? Number(process.argv[process.argv.indexOf(option) + 1]) : undefined;
const count = valueOf("--fresh");
if (spawnSync(`${BINUTILS}as`, ["--version"]).error !== undefined) {
  process.stdout.write(`there is no ${BINUTILS}as\n`);
  process.exitCode = 77;
} else if (count !== undefined) {
  process.exitCode = fresh(count, valueOf("--seed") ?? 1) === 0 ? 0 : 1;
} else {
  for (const [file, make] of [
    ["encodings.txt", encodings],
    ["programs.txt", programs],
  ] as const) {
    const text = make();
    if (!process.argv.includes("--check")) writeFileSync(here(file), text);
    else if (readFileSync(here(file), "utf8") !== text) {
      process.stdout.write(`${file} is not what GNU as says\n`);
      process.exitCode = 1;
    }
  }
}
