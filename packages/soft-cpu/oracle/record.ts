// Records the golden vectors, checks that the recorded ones still hold, or tries the CPUs with fresh random operands.
//   record.ts                                     writes oracle/vectors/*.txt
//   record.ts --check                             compares the files with what would be written; status 1 where they differ
//   record.ts --seed N --count M [--only TEXT] [--cpu NAME]
//                                                 M fresh cases for every form (whose name contains TEXT) against every CPU of
//                                                 src/testing/cpus.fixture.ts, or the one of that name; status 1, the seed and the
//                                                 first mismatches otherwise
// Needs qemu-user and binutils-aarch64-linux-gnu. Equal QEMU versions write equal bytes.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backgroundData, backgroundState } from "../src/testing/background.fixture.ts";
import { formatGolden } from "../src/testing/golden-line.fixture.ts";
import { tryFreshCases } from "./fresh-cases.ts";
import { type GoldenFile, goldenFiles } from "./golden-cases.ts";
import { isDefined, runOracle } from "./oracle-process.ts";

const VECTORS = fileURLToPath(new URL("vectors", import.meta.url));

const { values } = parseArgs({
  options: { check: { type: "boolean" }, seed: { type: "string" }, count: { type: "string" }, only: { type: "string" }, cpu: { type: "string" } },
});
if (values.seed !== undefined || values.count !== undefined) {
  const { seed = String(Date.now()), count = "100", only = "", cpu = "" } = values;
  process.exitCode = await tryFreshCases({ seed, count: Number(count), only, cpu });
} else {
  const stale = goldenFiles().filter((file) => !recordFile(file, values.check === true));
  if (stale.length > 0) process.exitCode = 1;
}

/** Writes the file, or compares it; false when it was to be compared and differs. */
function recordFile(golden: GoldenFile, onlyCheck: boolean): boolean {
  const target = path.join(VECTORS, `${golden.file}.txt`);
  const text = textOf(golden);
  if (onlyCheck) {
    const isSame = readFileSync(target, "utf8") === text;
    process.stdout.write(`${golden.file}: ${isSame ? "as recorded" : "differs from what the oracle does now"}\n`);
    return isSame;
  }
  mkdirSync(VECTORS, { recursive: true });
  writeFileSync(target, text);
  process.stdout.write(`${golden.file}: ${text.split("\n").length - 1} lines, ${text.length} bytes\n`);
  return true;
}

function textOf({ file, sections }: GoldenFile): string {
  const data = backgroundData();
  const background = backgroundState();
  const outcomes = runOracle(
    sections.flatMap(({ cases }) => cases),
    data,
  );
  let next = 0;
  const lines = sections.flatMap(({ name, cases }) => {
    const vectors = cases.map((each) => ({ ...each, expected: outcomes[next++]! }));
    const telling = vectors.filter(({ pre, expected }) => isDefined(pre, expected, data));
    return [`= ${name}`, ...new Set(telling.map((vector) => formatGolden(vector, background, data)))];
  });
  const head = `# Golden vectors "${file}", recorded by oracle/record.ts; src/testing/golden-line.fixture.ts has the grammar.`;
  return [head, ...lines, ""].join("\n");
}
