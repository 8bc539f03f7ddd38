// Packing: what a user gets from the registry. Every package that is not private is built and packed by the pinned pnpm; publint and
// arethetypeswrong read the tarballs; then all tarballs go together into an empty npm project, where a consumer is type-checked with
// three majors of TypeScript and every entry point is imported by plain Node. docs/adr/0022-pack-check.md.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Ended, type Manifest, type WorkspacePackage } from "./gate.ts";
import { gateProgram, report, root, run, runNode, withFiles, workspacePackages } from "./gate.ts";

/** TypeScript as users may have it, by the alias it is installed under. The last one is ours. */
const COMPILERS = { "typescript-5": "5.9.3", "typescript-6": "6.0.3", "typescript-7": "7.0.2" };

/** What the packages expect around them: the libraries of their peer ranges come by themselves, Node's types do not. */
const CONSUMER_TYPES = { "@types/node": "20.19.43" };

interface Packed {
  readonly source: WorkspacePackage;
  readonly tarball: string;
  /** Folder with the unpacked tarball. */
  readonly unpacked: string;
}

const output = ({ stdout, stderr }: Ended): string => `${stdout}${stderr}`.trim().replaceAll("\n", "\n    ");

function pack(source: WorkspacePackage, folder: string): Packed {
  const unpacked = path.join(folder, "unpacked", source.folder);
  const pnpm = path.join(root, "tools/pnpm/node_modules/pnpm/bin/pnpm.cjs");
  const packed = runNode([pnpm, "pack", "--json", "--pack-destination", folder], path.join(root, source.folder), { CI: "true" });
  if (packed.status !== 0) throw new Error(`pnpm pack failed in ${source.folder}:\n${output(packed)}`);
  const { filename } = JSON.parse(packed.stdout) as { filename: string };
  const tarball = path.resolve(folder, filename);
  mkdirSync(unpacked, { recursive: true });
  const untar = run("tar", ["-xzf", path.basename(tarball), "-C", unpacked, "--strip-components=1"], path.dirname(tarball));
  if (untar.status !== 0) throw new Error(`tar could not unpack ${tarball}:\n${output(untar)}`);
  return { source, tarball, unpacked };
}

/** What must and what must not be in a tarball. */
function checkContents({ source, unpacked }: Packed): string[] {
  const files = readdirSync(unpacked, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/"));
  const text = readFileSync(path.join(unpacked, "package.json"), "utf8");
  const manifest = JSON.parse(text) as Manifest;
  const problems: string[] = [];
  for (const file of ["LICENSE", "package.json", "dist/index.js", "dist/index.d.ts"])
    if (!files.includes(file)) problems.push(`its tarball lacks ${file}`);
  for (const file of files) if (/\.spec(-d)?\.|tsbuildinfo|(^|\/)node_modules\//.test(file)) problems.push(`its tarball carries ${file}`);
  for (const word of ["@trapline/source", "workspace:", "catalog:"])
    if (text.includes(word)) problems.push(`its packed package.json still says "${word}"`);
  const ours = Object.keys(source.manifest.exports ?? {});
  const packedExports = Object.keys(manifest.exports ?? {});
  for (const entry of ours) if (!packedExports.includes(entry)) problems.push(`publishConfig.exports lacks "${entry}", which exports has`);
  for (const entry of packedExports) if (!ours.includes(entry)) problems.push(`exports lacks "${entry}", which publishConfig.exports has`);
  return problems;
}

/** publint looks at the manifest and its files, arethetypeswrong at how TypeScript resolves them. */
function checkWithTools({ tarball }: Packed): string[] {
  const problems: string[] = [];
  const publint = runNode([gateProgram("publint", "publint"), "run", tarball, "--strict"]);
  if (publint.status !== 0) problems.push(`publint:\n    ${output(publint)}`);
  const attw = runNode([gateProgram("@arethetypeswrong/cli", "attw"), tarball, "--profile", "esm-only", "--no-color", "--no-emoji"]);
  if (attw.status !== 0) problems.push(`arethetypeswrong:\n    ${output(attw)}`);
  return problems;
}

/** Import specifiers of every entry point: `@trapline/core`, `@trapline/core/testing`. Data files such as a JSON Schema are left out. */
function entryPoints({ source }: Packed): string[] {
  return Object.entries(source.manifest.exports ?? {})
    .filter(([, target]) => typeof target === "object" && target !== null && "types" in target)
    .map(([entry]) => path.posix.join(source.manifest.name, entry));
}

/** Installs all tarballs into an empty npm project and uses every entry point there. */
function checkConsumer(packed: readonly Packed[], project: string): string[] {
  const aliases = Object.entries(COMPILERS).map(([alias, version]) => [alias, `npm:typescript@${version}`] as const);
  const tarballs = packed.map(({ source, tarball }) => [source.manifest.name, `file:${tarball}`] as const);
  const dependencies = Object.fromEntries([...tarballs, ...aliases, ...Object.entries(CONSUMER_TYPES)]);
  const entries = packed.flatMap(entryPoints);
  const imports = entries.map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};`);
  const consumer = [...imports, `export const seen: readonly object[] = [${entries.map((_, index) => `entry${index}`).join(", ")}];`, ""];
  const compilerOptions = { target: "ES2022", lib: ["ES2023"], module: "NodeNext", strict: true, noEmit: true, types: ["node"] };
  mkdirSync(project, { recursive: true });
  writeFileSync(path.join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["consumer.ts"] }));
  writeFileSync(path.join(project, "consumer.ts"), consumer.join("\n"));

  const npmOptions = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const install = run("npm", ["install", ...npmOptions], project);
  if (install.status !== 0) return [`npm install of the tarballs failed:\n    ${output(install)}`];
  const problems: string[] = [];
  for (const [alias, version] of Object.entries(COMPILERS)) {
    const tsc = runNode([path.join("node_modules", alias, "bin/tsc"), "-p", "."], project);
    if (tsc.status !== 0) problems.push(`TypeScript ${version} refuses a consumer:\n    ${output(tsc)}`);
  }
  for (const entry of entries) {
    const imported = runNode(["--input-type=module", "-e", `await import(${JSON.stringify(entry)})`], project);
    if (imported.status !== 0) problems.push(`Node ${process.version} cannot import ${entry}:\n    ${output(imported)}`);
  }
  return problems;
}

const build = runNode([path.join(root, "node_modules/typescript/bin/tsc"), "-b"]);
if (build.status !== 0) throw new Error(`tsc -b failed, so there is nothing to pack:\n${output(build)}`);
const published = workspacePackages().filter(({ manifest }) => manifest.private !== true);

withFiles({}, (folder) => {
  const packed = published.map((source) => pack(source, folder));
  const each = packed.flatMap((one) =>
    [...checkContents(one), ...checkWithTools(one)].map((problem) => `${one.source.manifest.name}: ${problem}`),
  );
  const together = checkConsumer(packed, path.join(folder, "consumer"));
  const versions = Object.values(COMPILERS).join(", ");
  report("pack", [...each, ...together], `clean; ${published.length} packages install together, type-check with ${versions} and import`);
});
