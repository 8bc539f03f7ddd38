// Assembles the guests of the whole-machine tests: each NAME.s here becomes NAME.guest.fixture.ts, its words and labels.
//
//   node packages/soft-cpu/src/guests/build.mjs            assembles all of them
//   node packages/soft-cpu/src/guests/build.mjs --check    compares with what is committed; changes nothing
//
// Needs binutils-aarch64-linux-gnu (Debian's name); without it --check is skipped: status 77, the reason on the last line. Running the
// tests needs none of this.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const SKIPPED = 77;
const [AS, LD, OBJCOPY, NM] = ["as", "ld", "objcopy", "nm"].map((tool) => `aarch64-linux-gnu-${tool}`);

/** Where soft-cpu starts unless told otherwise: 512 KiB into RAM. */
const BASE = 0x4008_0000;
/** So many zero words and more are left out: memory is zero already. */
const GAP = 8;
const WORDS_A_LINE = 10;

const say = (line) => void process.stdout.write(`${line}\n`);
const hex = (value, digits) => `0x${value.toString(16).padStart(digits, "0")}`;

function assemble(source, scratch) {
  const [object, elf, binary] = ["guest.o", "guest.elf", "guest.bin"].map((file) => path.join(scratch, file));
  const tool = (program, args) => execFileSync(program, args, { cwd: here, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  tool(AS, ["-march=armv8-a+crc", "--fatal-warnings", "-o", object, source]);
  tool(LD, ["-Ttext", hex(BASE, 8), "-e", "0", "-o", elf, object]);
  tool(OBJCOPY, ["-O", "binary", "-j", ".text", elf, binary]);
  const bytes = readFileSync(binary);
  const words = Array.from({ length: Math.ceil(bytes.length / 4) }, (_, n) => bytes.readUInt32LE(4 * n));
  const labels = tool(NM, ["-n", elf])
    .split("\n")
    .map((line) => /^([0-9a-f]+) [Tt] ([a-z]\w*)$/.exec(line))
    .filter((found) => found !== null)
    .map(([, address, name]) => [name, parseInt(address, 16) - BASE]);
  return { words, labels };
}

/** Runs of words with their offsets, without long runs of zeros. */
function partsOf(words) {
  const parts = [];
  let zeros = Infinity;
  for (const [index, word] of words.entries()) {
    if (word === 0) {
      zeros++;
      continue;
    }
    if (zeros >= GAP) parts.push({ offset: 4 * index, words: [] });
    else for (; zeros > 0; zeros--) parts.at(-1).words.push(0);
    parts.at(-1).words.push(word);
    zeros = 0;
  }
  return parts;
}

function generate(name, { words, labels }) {
  const lines = [
    `// Generated from ${name}.s by build.mjs; do not edit.`,
    'import type { GuestImage } from "./guest-image.fixture.ts";',
    "",
    `export const ${name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase())}Guest: GuestImage = {`,
    `  base: 0x${BASE.toString(16).replace(/(?=.{4}$)/, "_")},`,
    "  labels: {",
    ...labels.map(([label, offset]) => `    ${label}: ${hex(offset, 1)},`),
    "  },",
    "  parts: [",
  ];
  for (const part of partsOf(words)) {
    lines.push(`    [${hex(part.offset, 1)}, [`);
    for (let at = 0; at < part.words.length; at += WORDS_A_LINE) {
      lines.push(`      ${part.words.slice(at, at + WORDS_A_LINE).map((word) => hex(word, 8)).join(", ")},`);
    }
    lines.push("    ]],");
  }
  return `${[...lines, "  ],", "};"].join("\n")}\n`;
}

function main(args) {
  const isCheck = args.length === 1 && args[0] === "--check";
  if (args.length > 0 && !isCheck) throw new Error(`node packages/soft-cpu/src/guests/build.mjs [--check], not ${args.join(" ")}`);
  if (spawnSync(AS, ["--version"]).error !== undefined) {
    say(`there is no ${AS} here (Debian: binutils-aarch64-linux-gnu)`);
    return isCheck ? SKIPPED : 1;
  }
  const sources = readdirSync(here).filter((file) => file.endsWith(".s"));
  const scratch = mkdtempSync(path.join(tmpdir(), "trapline-guests-"));
  try {
    const stale = [];
    for (const source of sources) {
      const name = path.basename(source, ".s");
      const target = path.join(here, `${name}.guest.fixture.ts`);
      const text = generate(name, assemble(source, scratch));
      if (!isCheck) writeFileSync(target, text);
      else if (readdirSync(here).includes(path.basename(target)) === false || readFileSync(target, "utf8") !== text) stale.push(source);
    }
    for (const source of stale) process.stderr.write(`${source} gives something else than is committed\n`);
    if (isCheck && stale.length === 0) say(`${sources.length} guests are what their sources give`);
    if (stale.length > 0) say("run node packages/soft-cpu/src/guests/build.mjs");
    return stale.length === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
