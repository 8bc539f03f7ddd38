// Writes docs/reference: register maps from rows, options from schemas, the command line from its parser, exports from the compiler.
// `--check` writes nothing and fails where a page is not what it would write. docs/adr/0043-generated-reference.md.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { report, root } from "./gate.ts";
import { REFERENCE } from "./reference/markdown.ts";
import { allPages } from "./reference/pages.ts";

const folder = path.join(root, REFERENCE);

/** What stands there now, by name. */
function present(): Map<string, string> {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".md")) : [];
  return new Map(names.map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));
}

const args = process.argv.slice(2);
const strange = args.find((arg) => arg !== "--check");
if (strange !== undefined) {
  console.error(`reference: there is no option ${strange}; it takes --check or nothing`);
  process.exit(2);
}

const { pages, problems } = await allPages();
const before = present();
const stale = [...pages].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
const orphans = [...before.keys()].filter((name) => !pages.has(name));

if (args.includes("--check")) {
  const remedy = "run `node tools/run.mjs reference` and commit what it writes";
  const drift = [...stale.map((name) => `${name} is not what it is made from`), ...orphans.map((name) => `${name} is made from nothing`)];
  report("reference", [...problems, ...drift.map((what) => `${REFERENCE}/${what}: ${remedy}`)], `up to date; ${pages.size} pages`);
} else {
  mkdirSync(folder, { recursive: true });
  for (const name of stale) writeFileSync(path.join(folder, name), pages.get(name)!);
  for (const name of orphans) rmSync(path.join(folder, name));
  report("reference", problems, `${pages.size} pages, ${stale.length} written, ${orphans.length} removed`);
}
