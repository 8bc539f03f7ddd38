// The tree itself: what no compiler sees. Machine paths and registry hosts, huge files, focused or skipped tests, unfinished wording.
// (.ci/run also compares what git calls untracked before and after it.)
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { report, root, trackedFiles } from "./gate.ts";
import { type Finding, findInText } from "./tree-rules.ts";

const MAX_BYTES = 1024 * 1024;

const files = trackedFiles().filter((file) => statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile());
const tooLarge = files
  .map((file) => ({ file, bytes: statSync(path.join(root, file)).size }))
  .filter(({ bytes }) => bytes > MAX_BYTES)
  .map(({ file, bytes }) => `${file} has ${bytes} bytes; more than 1 MiB does not belong into the repository`);

const say = ({ file, line, rule, text }: Finding): string => `${file}:${line}: ${rule}: ${text}`;
const wording = files.flatMap((file) => {
  const bytes = readFileSync(path.join(root, file));
  return bytes.includes(0) ? [] : findInText(file, bytes.toString("utf8")).map(say); // a zero byte: not a text
});

report("tree", [...tooLarge, ...wording], `clean; ${files.length} files`);
