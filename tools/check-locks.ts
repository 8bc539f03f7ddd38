// Locks: what `npm start` and `npm test` install must install on Linux, macOS and Windows, from whatever registry the user has.
//
// The workspace's lock must list a build of every native package for every promised system. The lock of tools/gates may not: which
// systems can run the gates is reported, not judged (docs/adr/0021-bootstrap.md). No lock may name a host.
import { readFileSync } from "node:fs";
import path from "node:path";
import { readJson, report, root, trackedFiles } from "./gate.ts";
import { SYSTEMS, nativePackages } from "./native-builds.ts";

const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

/** Keys by which a lock, or an .npmrc, pins a host: everyone else's registry would be bypassed. */
const PINS_A_HOST = /^\s*("resolved":|tarball:|registry\s*=|@[^:\s]+:registry\s*=)|[{\s]tarball: /;

function hostPins(): string[] {
  return trackedFiles("*pnpm-lock.yaml", "*package-lock.json", "*.npmrc", "*pnpm-workspace.yaml").flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line, index) => (PINS_A_HOST.test(line) ? [`${file}:${index + 1} names where to download from: ${line.trim()}`] : [])),
  );
}

/** A user's own `npm install` in the root must work: npm knows neither protocol, and obeys no other package manager's pin. */
function rootManifestProblems(): string[] {
  const manifest = readJson(path.join(root, "package.json")) as Record<string, unknown>;
  const unwanted = ["packageManager", "devEngines", "workspaces"].filter((key) => key in manifest);
  const problems = unwanted.map((key) => `package.json: leave out "${key}"`);
  const dependencies = { ...(manifest["dependencies"] as object), ...(manifest["devDependencies"] as object) } as Record<string, string>;
  for (const [name, range] of Object.entries(dependencies))
    if (/^(workspace|catalog):/.test(range)) problems.push(`package.json: ${name} is "${range}", which npm cannot read: give a version`);
  return problems;
}

const needed = nativePackages(read("pnpm-lock.yaml"));
const missing = needed.flatMap((native) => native.missing.map((system) => `pnpm-lock.yaml: no build of ${native.name} for ${system}`));
if (needed.length === 0) missing.push("pnpm-lock.yaml: no native package found, though esbuild is one: has the format changed?");

const gates = nativePackages(read("tools/gates/pnpm-lock.yaml"));
const gateSystems = SYSTEMS.filter((system) => gates.every((gate) => !gate.missing.includes(system)));
const summary = `clean; ${needed.map(({ name }) => name).join(", ")} for ${SYSTEMS.length} systems; gates run on ${gateSystems.join(", ")}`;
report("locks", [...missing, ...hostPins(), ...rootManifestProblems()], summary);
