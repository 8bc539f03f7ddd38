// Layering: who may import whom, by the rules of tools/gates/layering.mjs, on the graph that dependency-cruiser resolves.
//
// First a small workspace in a temporary folder breaks every rule once; a rule that says nothing there is a problem of this gate. Then
// the tree, and what manifests and project references say of it.
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { gateProgram, readJson, report, root, runNode, withFiles, workspacePackages } from "./gate.ts";

/** rule, importing file, what it imports. One import per file, so that each violation has one cause. */
const BITES = [
  ["no-cycle", "packages/core/src/cycle-a.ts", "./cycle-b.ts"], // a circle is reported once, from its first file
  ["no-unknown", "packages/vgic-plugin/src/deep.ts", "@trapline/core/src/secret.ts"],
  ["no-unknown", "packages/vgic-plugin/src/undeclared.ts", "left-pad"],
  ["core-stands-alone", "packages/core/src/up.ts", "@trapline/vgic-plugin"],
  ["plugin-imports-core-only", "packages/irqfd-plugin/src/sideways.ts", "@trapline/vgic-plugin"],
  ["plugin-imports-core-only", "packages/irqfd-plugin/src/sideways.spec.ts", "@trapline/vgic-plugin"],
  ["plugin-imports-core-only", "packages/irqfd-plugin/src/up.ts", "@trapline/cli"],
  ["plugin-imports-core-only", "packages/a-new-plugin/src/sideways.ts", "@trapline/vgic-plugin"],
  ["testkit-imports-core-only", "packages/testkit/src/up.ts", "@trapline/vgic-plugin"],
  ["testkit-in-specs-only", "packages/vgic-plugin/src/kit.ts", "@trapline/testkit"],
  ["testkit-in-specs-only", "packages/cli/src/kit.ts", "@trapline/testkit"],
  ["examples-are-on-top", "packages/cli/src/story.ts", "../../../examples/01-first/main.ts"],
  ["examples-are-apart", "examples/02-second/main.ts", "../01-first/main.ts"],
  ["no-relative-path-into-a-package", "packages/vgic-plugin/src/relative.ts", "../../core/src/index.ts"],
  ["no-relative-path-into-a-package", "examples/01-first/relative.ts", "../../packages/core/src/index.ts"],
  ["inversify-in-modules-only", "packages/vgic-plugin/src/vgic.ts", "inversify"],
  ["hot-files-know-no-streams", "packages/core/src/registers/bits.ts", "rxjs"],
  ["hot-files-know-no-streams", "packages/vgic-plugin/src/gicd.registers.ts", "rxjs"],
] as const;

/** Imports that must stay allowed, or the rules would forbid the design. */
const ALLOWED = [
  ["packages/vgic-plugin/src/down.ts", "@trapline/core"],
  ["packages/vgic-plugin/src/vgic.module.ts", "inversify"],
  ["packages/vgic-plugin/src/vgic.spec.ts", "@trapline/testkit"],
  ["packages/core/src/tokens.ts", "inversify"],
  ["packages/core/src/machine/machine.ts", "inversify"],
  ["packages/core/src/bus/bus.ts", "rxjs"],
  ["packages/cli/src/main.ts", "@trapline/vgic-plugin"],
  ["examples/01-first/story.ts", "@trapline/cli"],
] as const;

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
  readonly cycle?: readonly { readonly name: string }[];
}

interface Cruised {
  readonly summary: { readonly violations: readonly Violation[]; readonly totalCruised: number; readonly totalDependenciesCruised: number };
}

const RULES = path.join(root, "tools/gates/layering.mjs");

function cruise(folder: string, paths: readonly string[]): Cruised["summary"] {
  const program = gateProgram("dependency-cruiser", "depcruise");
  const { stdout, stderr } = runNode([program, "--config", RULES, "--output-type", "json", ...paths], folder);
  if (!stdout.startsWith("{")) throw new Error(`dependency-cruiser gave no JSON, but:\n${stdout}${stderr}`);
  return (JSON.parse(stdout) as Cruised).summary;
}

/** A workspace as pnpm links it: every package sees every other and two libraries, so only the rules stand between them. */
function proofFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of ["core", "vgic-plugin", "irqfd-plugin", "a-new-plugin", "testkit", "cli"]) {
    const exports = { ".": { "@trapline/source": "./src/index.ts" } };
    files[`packages/${name}/package.json`] = JSON.stringify({ name: `@trapline/${name}`, exports });
    files[`packages/${name}/src/index.ts`] = "export const here = 1;\n";
  }
  files["packages/core/src/secret.ts"] = "export const here = 1;\n";
  files["packages/core/src/cycle-b.ts"] = 'export type { there } from "./cycle-a.ts";\nexport const here = 1;\n';
  files["examples/01-first/main.ts"] = "export const here = 1;\n";
  for (const name of ["rxjs", "inversify"]) {
    files[`node_modules/${name}/package.json`] = JSON.stringify({ name, version: "1.0.0", type: "module", exports: "./index.js" });
    files[`node_modules/${name}/index.js`] = "export const here = 1;\n";
  }
  const importing = (from: string): string => `import { here } from ${JSON.stringify(from)};\nexport const there: number = here;\n`;
  for (const [, file, target] of BITES) files[file] = importing(target);
  for (const [file, target] of ALLOWED) files[file] = importing(target);
  return files;
}

function proveRulesBite(): string[] {
  const files = proofFiles();
  const found = withFiles(files, (folder) => {
    mkdirSync(path.join(folder, "node_modules/@trapline"), { recursive: true });
    for (const file of Object.keys(files)) {
      const name = /^packages\/([^/]+)\/package\.json$/.exec(file)?.[1];
      if (name === undefined) continue;
      symlinkSync(path.join(folder, "packages", name), path.join(folder, "node_modules/@trapline", name), "junction");
    }
    return cruise(folder, ["packages", "examples"]).violations.map(({ rule, from }) => `${rule.name}: ${from}`);
  });
  const expected = BITES.map(([rule, file]) => `${rule}: ${file}`);
  const allowed = ALLOWED.map(([file]) => file);
  return [
    ...expected.filter((line) => !found.includes(line)).map((line) => `the rule does not bite: ${line}`),
    ...found
      .filter((line) => allowed.some((file) => line.endsWith(` ${file}`)))
      .map((line) => `the rule forbids what the design allows: ${line}`),
  ];
}

/** The arrows that package.json files declare, even where nothing is imported yet: no plugin may declare another. */
function checkManifests(): string[] {
  const problems: string[] = [];
  for (const { folder, manifest } of workspacePackages()) {
    const shipped = { ...manifest.dependencies, ...manifest.peerDependencies };
    const siblings = Object.keys(shipped).filter((name) => name.startsWith("@trapline/"));
    const isTop = manifest.name === "@trapline/cli";
    const isCore = manifest.name === "@trapline/core";
    if (isCore && siblings.length > 0) problems.push(`${folder}/package.json: core depends on no other package`);
    for (const name of siblings)
      if (!isTop && name !== "@trapline/core") problems.push(`${folder}/package.json depends on ${name}: only core is below it`);
  }
  return problems;
}

/** Packages are type-checked and built only if the root's tsconfig.json refers to them. */
function checkProjectReferences(): string[] {
  const { references } = readJson(path.join(root, "tsconfig.json")) as { references: { path: string }[] };
  const referenced = new Set(references.map((reference) => reference.path.replace(/^\.\//, "")));
  return workspacePackages()
    .filter(({ folder }) => !referenced.has(folder))
    .map(({ folder }) => `tsconfig.json does not refer to ${folder}: \`tsc -b\` would leave it out`);
}

const folders = ["packages", "examples", "bench", "tools"].filter((folder) => existsSync(path.join(root, folder)));
const { violations, totalCruised, totalDependenciesCruised } = cruise(root, folders);
const broken = violations.map(({ rule, from, to, cycle }) => {
  const way = cycle === undefined || cycle.length === 0 ? to : cycle.map(({ name }) => name).join(" → ");
  return `${from} → ${way} [${rule.name}]`;
});
const problems = [...proveRulesBite(), ...checkManifests(), ...checkProjectReferences(), ...broken];
const proofs = BITES.length + ALLOWED.length;
report("layering", problems, `clean; ${totalCruised} modules, ${totalDependenciesCruised} imports, ${proofs} proofs`);
