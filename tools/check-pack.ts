// Packing: what a user gets from the registry. Every package that is not private is built and packed by the pinned pnpm; publint and
// arethetypeswrong read the tarballs; then all tarballs go together into an empty npm project, where a consumer is type-checked with
// three majors of TypeScript, every entry point is imported by plain Node, and the command composes machines of the project's own
// plugins. The plugin template out of testkit's tarball is copied to a project of its own, tested, type-checked, built and run.
// docs/adr/0022-pack-check.md.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Ended, type Manifest, type WorkspacePackage } from "./gate.ts";
import { gateProgram, report, root, run, runNode, withFiles, workspacePackages } from "./gate.ts";

/** TypeScript as users may have it, by the alias it is installed under. The last one is ours. */
const COMPILERS = { "typescript-5": "5.9.3", "typescript-6": "6.0.3", "typescript-7": "7.0.2" };

/** What packages expect around them: the libraries of their peer ranges come by themselves, Node's types do not; tsx reads plugins. */
const CONSUMER_TOOLS = { "@types/node": "20.19.43", tsx: "4.23.15" };

/** The folder of a package that holds an npm project to be copied. */
const TEMPLATE = "template";

/** What npm is told everywhere here. */
const NPM_OPTIONS = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

/** Entry points that register with a test run: plain Node cannot import them. The template's tests do. */
const NEEDS_VITEST = /\/vitest$/;

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
  const own = files.filter((file) => !file.startsWith(`${TEMPLATE}/src/`)); // a template has specs to be copied
  for (const file of own) if (/\.spec(-d)?\.|tsbuildinfo|(^|\/)node_modules\//.test(file)) problems.push(`its tarball carries ${file}`);
  for (const word of ["@trapline/source", "workspace:", "catalog:"])
    if (text.includes(word)) problems.push(`its packed package.json still says "${word}"`);
  for (const file of files.filter((name) => /^dist\/.*\.js\.map$/.test(name))) {
    const { sources } = JSON.parse(readFileSync(path.join(unpacked, file), "utf8")) as { readonly sources: readonly string[] };
    const missing = sources.find((name) => !files.includes(path.posix.join(path.posix.dirname(file), name)));
    if (missing !== undefined) problems.push(`${file} leads to ${missing}, which is not in its tarball`);
  }
  const named = Object.keys(source.manifest.exports ?? {});
  const packedExports = Object.keys(manifest.exports ?? {});
  for (const entry of named) if (!packedExports.includes(entry)) problems.push(`publishConfig.exports lacks "${entry}", which exports has`);
  for (const entry of packedExports) if (!named.includes(entry)) problems.push(`exports lacks "${entry}", which publishConfig.exports has`);
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
  const dependencies = Object.fromEntries([...tarballs, ...aliases, ...Object.entries(CONSUMER_TOOLS)]);
  const entries = packed.flatMap(entryPoints);
  const imports = entries.map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};`);
  const consumer = [...imports, `export const seen: readonly object[] = [${entries.map((_, index) => `entry${index}`).join(", ")}];`, ""];
  const compilerOptions = { target: "ES2022", lib: ["ES2023"], module: "NodeNext", strict: true, noEmit: true, types: ["node"] };
  mkdirSync(project, { recursive: true });
  writeFileSync(path.join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["consumer.ts"] }));
  writeFileSync(path.join(project, "consumer.ts"), consumer.join("\n"));

  const install = run("npm", ["install", ...NPM_OPTIONS], project);
  if (install.status !== 0) return [`npm install of the tarballs failed:\n    ${output(install)}`];
  const problems: string[] = [];
  for (const [alias, version] of Object.entries(COMPILERS)) {
    const tsc = runNode([path.join("node_modules", alias, "bin/tsc"), "-p", "."], project);
    if (tsc.status !== 0) problems.push(`TypeScript ${version} refuses a consumer:\n    ${output(tsc)}`);
  }
  for (const entry of entries.filter((name) => !NEEDS_VITEST.test(name))) {
    const imported = runNode(["--input-type=module", "-e", `await import(${JSON.stringify(entry)})`], project);
    if (imported.status !== 0) problems.push(`Node ${process.version} cannot import ${entry}:\n    ${output(imported)}`);
  }
  return [...problems, ...checkCommand(project)];
}

/**
 * Plugins of the project, one in each style, one in TypeScript, that tell what they find: the core that they import is to be the command's,
 * though both are bundles; a decorated class gets its services from the inversify that it was decorated with.
 */
const PLUGINS: Readonly<Record<string, string>> = {
  "ours.ts": `import { Bus, definePlugin, type PluginDefinition } from "@trapline/core";
    import { Subscription } from "rxjs";
    const look = (same: boolean, what: string): void => console.log(what, same ? "is the command's" : "is another copy");
    export const plugin = (): PluginDefinition =>
      definePlugin({
        name: "ours",
        create: (vmm) => ({
          attach(scope) {
            look(vmm.bus instanceof Bus, "core");
            look(scope instanceof Subscription, "rxjs");
          },
        }),
      });
  `,
  "decorated.js": `import { API_VERSION, Bus, BusToken } from "@trapline/core";
    import { ContainerModule, decorate, inject, injectable } from "inversify";
    class Decorated {
      constructor(bus) {
        console.log("inversify", bus instanceof Bus ? "injects" : "does not inject");
      }
    }
    decorate(injectable(), Decorated);
    decorate(inject(BusToken), Decorated, 0);
    const module = new ContainerModule(({ bind }) => void bind(Decorated).toSelf().inSingletonScope());
    export const plugin = () => ({ name: "decorated", apiVersion: API_VERSION, plugin: Decorated, module });
  `,
};

/** Machine → what `trapline check` prints of it. */
const MACHINES: Readonly<Record<string, string>> = {
  "[soft-cpu, ./ours.ts]": "core is the command's\nrxjs is the command's\nmachine: 1 vCPUs, 1 regions, 2 warnings",
  "[./ours.ts, ./decorated.js]":
    "inversify injects\ncore is the command's\nrxjs is the command's\nmachine: 0 vCPUs, 1 regions, 3 warnings",
};

/** The command as installed, on machines with plugins of the project's own. */
function checkCommand(project: string): string[] {
  for (const [file, text] of Object.entries(PLUGINS)) writeFileSync(path.join(project, file), text);
  return Object.entries(MACHINES).flatMap(([plugins, expected], index) => {
    const file = `machine-${index}.yaml`;
    writeFileSync(path.join(project, file), `memory: 1M\nplugins: ${plugins}\n`);
    const checked = run("npm", ["exec", "--no", "--", "trapline", "check", file], project, { NO_COLOR: "1" });
    if (checked.status === 0 && checked.stdout.trim() === expected) return [];
    return [`trapline check of a machine with ${plugins} ended with ${checked.status} and printed:\n    ${output(checked)}`];
  });
}

interface TemplateManifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly peerDependencies?: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

/** Copies a template out of its tarball and does with it what its README says, on the packages as packed. */
function checkTemplate(owner: Packed, packed: readonly Packed[], project: string): string[] {
  cpSync(path.join(owner.unpacked, TEMPLATE), project, { recursive: true });
  const file = path.join(project, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as TemplateManifest;
  const versions = new Map(packed.map(({ source }) => [source.manifest.name, source.manifest.version]));
  const problems: string[] = [];
  for (const [name, range] of Object.entries({ ...manifest.devDependencies, ...manifest.peerDependencies })) {
    if (!name.startsWith("@trapline/") || range === `^${versions.get(name)}`) continue;
    problems.push(`the template wants ${name} ${range}, and ${versions.get(name) ?? "none"} is packed: write ^${versions.get(name)}`);
  }
  // What is not in the registry yet comes from the tarballs, also where one package wants another.
  const tarballs = Object.fromEntries(packed.map(({ source, tarball }) => [source.manifest.name, `file:${tarball}`]));
  writeFileSync(file, JSON.stringify({ ...manifest, devDependencies: { ...manifest.devDependencies, ...tarballs } }));
  const install = run("npm", ["install", ...NPM_OPTIONS], project);
  if (install.status !== 0) return [...problems, `npm install in the template failed:\n    ${output(install)}`];
  for (const [script, status] of Object.entries(TEMPLATE_SCRIPTS)) {
    const ended = run("npm", ["run", "--silent", script], project, { CI: "true", NO_COLOR: "1" });
    const ending = `npm run ${script} in the template ended with ${ended.status}, not ${status}`;
    if (ended.status !== status) problems.push(`${ending}:\n    ${output(ended)}`);
  }
  if (!existsSync(path.join(project, "dist/blinker.plugin.js"))) problems.push("the template's build made no dist/blinker.plugin.js");
  return problems;
}

/** In this order, with the status of each: the machine of the template ends with its guest's own. */
const TEMPLATE_SCRIPTS = { test: 0, check: 0, start: 3, build: 0 };

const build = runNode([path.join(root, "tools/run.mjs"), "build"]);
if (build.status !== 0) throw new Error(`the build failed, so there is nothing to pack:\n${output(build)}`);
const published = workspacePackages().filter(({ manifest }) => manifest.private !== true);

withFiles({}, (folder) => {
  const packed = published.map((source) => pack(source, folder));
  const each = packed.flatMap((one) =>
    [...checkContents(one), ...checkWithTools(one)].map((problem) => `${one.source.manifest.name}: ${problem}`),
  );
  const together = checkConsumer(packed, path.join(folder, "consumer"));
  const templates = packed.filter(({ unpacked }) => existsSync(path.join(unpacked, TEMPLATE)));
  const copies = templates.flatMap((owner, index) => checkTemplate(owner, packed, path.join(folder, `copy-${index}`)));
  if (templates.length === 0) copies.push("no package carries a template");
  const versions = Object.values(COMPILERS).join(", ");
  const all = `${published.length} packages install together, type-check with ${versions}, import and take plugins`;
  report("pack", [...each, ...together, ...copies], `clean; ${all}; the template works`);
});
