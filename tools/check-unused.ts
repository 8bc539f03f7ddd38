// Dead code: files nobody reaches, exports nobody imports, dependencies nobody uses or nobody declared. knip, by the rules of knip.json.
//
// First a workspace in a temporary folder with one of each must be found out under our own knip.json, so that a loosened setting shows.
import { readFileSync } from "node:fs";
import path from "node:path";
import { gateProgram, report, root, runNode, withFiles, workspacePackages } from "./gate.ts";

interface Issue {
  readonly name: string;
  readonly line?: number;
}

/** One row per file; every other key is a kind of problem with a list of them. */
type Row = { readonly file: string } & Record<string, readonly Issue[] | string>;

/** `kind file: name` for all that knip finds. `files` rows carry the file's own path as their name. */
function knip(folder: string): { readonly file: string; readonly text: string }[] {
  const args = [gateProgram("knip", "knip"), "--directory", folder, "--reporter", "json", "--no-progress"];
  const { stdout, stderr } = runNode(args, folder);
  const start = stdout.indexOf('{"issues"');
  if (start < 0) throw new Error(`knip gave no JSON, but:\n${stdout}${stderr}`);
  const { issues } = JSON.parse(stdout.slice(start)) as { issues: Row[] };
  return issues.flatMap((row) => {
    const kinds = Object.entries(row).filter((entry): entry is [string, readonly Issue[]] => Array.isArray(entry[1]));
    return kinds.flatMap(([kind, found]) =>
      found.map(({ name, line }) => ({ file: row.file, text: `${kind} ${row.file}${line === undefined ? "" : `:${line}`}: ${name}` })),
    );
  });
}

function proveItFinds(): string[] {
  const exports = { ".": { "@trapline/source": "./src/index.ts" } };
  const manifest = { name: "@trapline/core", exports, dependencies: { "never-imported": "1.0.0" } };
  const files = {
    "knip.json": readFileSync(path.join(root, "knip.json"), "utf8"),
    "package.json": JSON.stringify({ name: "proof", private: true, type: "module" }),
    "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
    "packages/core/package.json": JSON.stringify(manifest),
    "packages/core/src/index.ts": 'export { used } from "./half-used.ts";\n',
    "packages/core/src/half-used.ts": 'import "not-declared";\nexport const used = 1;\nexport const unused = 2;\n',
    "packages/core/src/orphan.ts": "export const orphan = 1;\n",
  };
  const found = withFiles(files, (folder) => knip(folder).map(({ text }) => text.replace(/:\d+:/, ":")));
  const expected = [
    "dependencies packages/core/package.json: never-imported",
    "unlisted packages/core/src/half-used.ts: not-declared",
    "exports packages/core/src/half-used.ts: unused",
    "files packages/core/src/orphan.ts: packages/core/src/orphan.ts",
  ];
  const overlooked = expected.filter((line) => !found.includes(line));
  return overlooked.map((line) => `the proof was not found out: ${line} (found: ${found.join("; ")})`);
}

/** A package that exports nothing yet has its dependencies ahead of its code. The exception ends with its first export. */
const empty = workspacePackages()
  .map(({ folder }) => folder)
  .filter((folder) => readFileSync(path.join(root, folder, "src/index.ts"), "utf8").trim() === "export {};");

const problems = knip(root)
  .filter(({ file }) => !empty.some((folder) => file.startsWith(`${folder}/`)))
  .map(({ text }) => text);
report("unused", [...proveItFinds(), ...problems], `clean${empty.length > 0 ? `; still empty: ${empty.join(", ")}` : ""}`);
