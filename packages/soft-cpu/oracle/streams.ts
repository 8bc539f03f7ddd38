// Random instruction streams on the live oracle and on every CPU under test (so the interpreter meets the JIT, too): the final states must
// be equal. A failing stream is shrunk: units are left out, registers of the first state set back, as long as it still fails.
//   streams.ts --seed N --count M [--first I] [--files PATTERN]
// Streams I to I + M - 1 of the seed; each has a seed of its own. PATTERN chooses groups of forms, as in "integer|load-store".
import { parseArgs } from "node:util";
import { backgroundData, backgroundState } from "../src/testing/background.fixture.ts";
import type { CpuUnderTest, Outcome } from "../src/testing/cpu-under-test.fixture.ts";
import { cpusUnderTest } from "../src/testing/cpus.fixture.ts";
import { outcomeDifferences } from "../src/testing/outcome-differences.fixture.ts";
import { Prng } from "../src/testing/prng.fixture.ts";
import { disassemble } from "./disassemble.ts";
import { oracleVersion, runOracle } from "./oracle-process.ts";
import { shrinkStream } from "./shrink-stream.ts";
import { type Stream, drawStream, layOut } from "./stream.ts";

/** Streams in memory at a time. */
const CHUNK = 1000;
/** Failures of one CPU that are shrunk and shown. */
const SHOWN = 3;

function tryStreams(seed: string, first: number, count: number, files: string): number {
  process.stdout.write(`seed ${seed}: streams ${first} to ${first + count - 1}, ${oracleVersion()} against ${cpusUnderTest.length} CPUs\n`);
  if (cpusUnderTest.length === 0) {
    process.stdout.write("nothing to compare: src/testing/cpus.fixture.ts has no row\n");
    return 2;
  }
  const data = backgroundData(seed);
  const cpus = cpusUnderTest.map(({ name, create }) => ({ name, cpu: create(), failures: 0 }));
  const began = Date.now();
  let words = 0;
  for (let start = first; start < first + count; start += CHUNK) {
    const streams = Array.from({ length: Math.min(CHUNK, first + count - start) }, (_, i) => streamOf(seed, start + i, files));
    const outcomes = runOracle(streams.map(caseOf), data);
    streams.forEach((stream, i) => {
      words += caseOf(stream).words.length;
      for (const each of cpus) {
        if (agrees(each.cpu, stream, outcomes[i]!, data)) continue;
        each.failures++;
        const again = `--seed ${seed} --first ${start + i} --count 1 --files "${files}"`;
        if (each.failures <= SHOWN) showFailure(each.name, each.cpu, stream, again, data);
      }
    });
  }
  const seconds = (Date.now() - began) / 1000;
  process.stdout.write(`${words} instructions in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} streams a second\n`);
  for (const { name, failures } of cpus) process.stdout.write(`${name}: ${failures === 0 ? "agrees" : `WRONG in ${failures} streams`}\n`);
  return cpus.every(({ failures }) => failures === 0) ? 0 : 1;
}

function streamOf(seed: string, index: number, files: string): Stream {
  const prng = new Prng(`stream ${seed} ${index}`);
  return drawStream(prng, 20 + prng.below(41), new RegExp(files));
}

const caseOf = (stream: Stream) => ({ words: layOut(stream), pre: stream.pre });

const agrees = (cpu: CpuUnderTest, stream: Stream, expected: Outcome, data: Uint8Array): boolean =>
  outcomeDifferences(cpu.run(layOut(stream), stream.pre, data), expected).length === 0;

function showFailure(name: string, cpu: CpuUnderTest, stream: Stream, again: string, data: Uint8Array): void {
  const smallest = shrinkStream(stream, (candidates) => {
    const outcomes = runOracle(candidates.map(caseOf), data);
    return candidates.findIndex((candidate, i) => !agrees(cpu, candidate, outcomes[i]!, data));
  });
  const { words, pre } = caseOf(smallest);
  const expected = runOracle([{ words, pre }], data)[0]!;
  const texts = disassemble(words) ?? [];
  const background = backgroundState();
  const used = [...pre.x].flatMap((value, i) => (value === background.x[i] ? [] : [`x${i}=${value.toString(16)}`]));
  process.stdout.write(`${name} fails: streams.ts ${again}\n  shrunk, with ${used.join(" ")}:\n`);
  words.forEach((word, i) => process.stdout.write(`    ${(word >>> 0).toString(16).padStart(8, "0")}  ${texts[i] ?? ""}\n`));
  for (const difference of outcomeDifferences(cpu.run(words, pre, data), expected).slice(0, 6)) process.stdout.write(`  ${difference}\n`);
}

const { values } = parseArgs({
  options: { seed: { type: "string" }, count: { type: "string" }, first: { type: "string" }, files: { type: "string" } },
});
const { seed = String(Date.now()), first = "0", count = "1000", files = "" } = values;
process.exitCode = tryStreams(seed, Number(first), Number(count), files);
