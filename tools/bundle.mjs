// Bundles: the JavaScript of the packages. `node tools/bundle.mjs packages/core …` makes one file of each entry point of a package, from
// its sources, with chunks for what several entries share; `tsc -b` writes the declarations beside them. docs/adr/0046-bundles.md.
//
// Other packages stay imports, so that a plugin and the command have the same classes and tokens. Two exceptions save hundreds of files:
// names of rxjs are imported from rxjs's own files of one class each, which are the very classes that "rxjs" gives; and what a file
// own-*.ts imports becomes part of the bundle, with its licence.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** A file whose imports are copied into the bundle. */
const OWN_COPY = /[/\\]own-[^/\\]+\.ts$/;
const THIRD_PARTY = /[/\\]node_modules[/\\]/;

const packageOf = (specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
const isPath = (specifier) => specifier.startsWith(".") || path.isAbsolute(specifier);

/** Output name (without ending) → source file, from `exports` and `bin`. */
function entriesOf(folder, { exports, bin = {} }) {
  const targets = Object.values(exports).flatMap((target) => (typeof target === "object" ? [target.default] : []));
  return Object.fromEntries(
    [...targets, ...Object.values(bin)].map((target) => {
      const [, name] = /^\.\/dist\/(.+)\.js$/.exec(target) ?? [];
      if (name === undefined) throw new Error(`${folder}/package.json: ${target} is no file ./dist/….js, and only those are made`);
      return [name, path.join(folder, "src", `${name}.ts`)];
    }),
  );
}

/** From a name that rxjs exports to its file there, as rxjs's own index says. */
function rxjsFiles(folder) {
  const manifest = createRequire(path.join(folder, "package.json")).resolve("rxjs/package.json");
  const index = readFileSync(path.join(path.dirname(manifest), "dist/esm/index.js"), "utf8");
  const lines = index.matchAll(/^export \{ (.+) \} from '\.\/(internal\/.+)';$/gm);
  return new Map([...lines].flatMap(([, names, file]) => names.split(", ").map((name) => [name, file])));
}

/** `import { Subscription } from "rxjs"` loads the 200 files of rxjs, `from "rxjs/internal/Subscription"` those of one class. */
function narrowRxjs(folder, code) {
  return code.replaceAll(/^import (.*) from "rxjs";$/gm, (statement, clause) => {
    const names = /^\{ (.+) \}$/.exec(clause)?.[1].split(", ") ?? [clause];
    const files = rxjsFiles(folder);
    const unknown = names.find((name) => !files.has(name));
    if (unknown !== undefined) throw new Error(`${folder}: ${statement} cannot be narrowed, for rxjs's index names no file for ${unknown}`);
    return names.map((name) => `import { ${name} } from "rxjs/${files.get(name)}";`).join(" "); // still one line, for the source map
  });
}

/** The licences of what was copied into a chunk, once each. */
function licences({ moduleIds }) {
  const folders = new Set(moduleIds.flatMap((id) => /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(id)?.[0] ?? []));
  const byText = new Map();
  for (const folder of folders) {
    const { name, version } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file, so it cannot be copied into a bundle`);
    const text = readFileSync(path.join(folder, file), "utf8").trim();
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  }
  return [...byText].map(([text, names]) => `/*! ${names.join(", ")}\n\n${text.replaceAll("*/", "* /")}\n*/`).join("\n");
}

/** What a bundle imports must be installed with its package. */
function checkImports(folder, chunks, declared) {
  const own = new Set(chunks.map(({ fileName }) => fileName));
  for (const { fileName, imports, dynamicImports } of chunks) {
    for (const id of [...imports, ...dynamicImports]) {
      if (own.has(id) || id.startsWith("node:") || declared.has(packageOf(id))) continue;
      throw new Error(`${folder}: ${fileName} imports ${id}, which package.json declares neither as a dependency nor as a peer`);
    }
  }
}

/** A package that has src/engine/prebuild.ts generates files that its bundle reads, and src/engine/prebuilt.ts says of which build they are. */
const PREBUILD = "src/engine/prebuild.ts";
const PREBUILT = /[/\\]src[/\\]engine[/\\]prebuilt\.ts$/;

/** Runs the package's own sources, which need tsx: in a process apart. Gives the files by their names in `dist`, and what names the build. */
function prebuild(folder) {
  if (!existsSync(path.join(folder, PREBUILD))) return undefined;
  const script = `
    const { prebuild } = await import(${JSON.stringify(pathToFileURL(path.join(folder, PREBUILD)).href)});
    process.stdout.write(JSON.stringify([...prebuild("BUILD")].map(([file, bytes]) => [file, Buffer.from(bytes).toString("base64")])));`;
  const args = ["--conditions=@trapline/source", "--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", script];
  const env = { ...process.env, TSX_TSCONFIG_PATH: path.join(root, "tsconfig.base.json") };
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${folder}: ${PREBUILD} failed, with status ${status}`);
  const build = createHash("sha256").update(stdout).digest("hex").slice(0, 12);
  const files = JSON.parse(stdout.toString()).map(([file, bytes]) => [file.replace("BUILD", build), Buffer.from(bytes, "base64")]);
  return { build, files };
}

/** Puts the name of the build where the bundle looks for it. */
const naming = (prebuilt) => ({
  name: "prebuilt",
  transform(code, id) {
    if (prebuilt === undefined || !PREBUILT.test(id)) return undefined;
    const named = code.replace('const BUILD: string = ""', `const BUILD: string = ${JSON.stringify(prebuilt.build)}`);
    if (named === code) throw new Error(`${id} has no place for the name of the build`);
    return { code: named, map: null };
  },
});

/** A file appears whole or not at all: somebody may be starting the command just now. */
function put(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, text);
  renameSync(fresh, file);
}

async function bundle(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }));
  const isExternal = (id, importer = "") => {
    if (isPath(id) || OWN_COPY.test(importer)) return false;
    return !THIRD_PARTY.test(importer) || id.startsWith("node:") || declared.has(packageOf(id));
  };
  const input = entriesOf(folder, manifest);
  // Where loading more than was asked for changes nothing, one file behind the entries is quicker than one for each set of sharers.
  const isOneChunk = manifest.sideEffects === false && Object.keys(input).length > 1;
  const prebuilt = prebuild(folder);
  const build = await rolldown({
    plugins: [naming(prebuilt)],
    cwd: folder,
    input,
    platform: "node",
    tsconfig: path.join(folder, "tsconfig.json"),
    transform: { target: "es2022" },
    optimization: { inlineConst: { mode: "all", pass: 2 } }, // docs/adr/0023-interrupt-delivery.md: a constant of another module costs a load and a check
    external: isExternal,
  });
  const { output } = await build.generate({
    dir: path.join(folder, "dist"),
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js", // flat: import.meta.url of every chunk is the folder of the entries
    minifyInternalExports: false,
    codeSplitting: isOneChunk ? { groups: [{ name: path.basename(folder), test: /[/\\]src[/\\]/ }] } : true,
    comments: { legal: true, annotation: true, jsdoc: false },
    postBanner: licences,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await build.close();
  const chunks = output.filter(({ type }) => type === "chunk");
  checkImports(folder, chunks, declared);
  const written = new Set();
  const write = (fileName, text) => {
    put(path.join(folder, "dist", fileName), text);
    written.add(fileName);
  };
  for (const { fileName, code, map, moduleIds } of chunks) {
    const isCopy = moduleIds.every((id) => THIRD_PARTY.test(id) || OWN_COPY.test(id)); // its sources are not packed with us
    write(fileName, narrowRxjs(folder, isCopy ? code.replace(/^\/\/# sourceMappingURL=.*$/m, "") : code));
    if (map !== null && !isCopy) write(`${fileName}.map`, map.toString());
  }
  for (const [file, bytes] of prebuilt?.files ?? []) write(file, bytes);
  for (const entry of readdirSync(path.join(folder, "dist"), { recursive: true, encoding: "utf8" }))
    if (/\.(js(\.map)?|wasm)$/.test(entry) && !written.has(entry.replaceAll("\\", "/"))) rmSync(path.join(folder, "dist", entry));
}

await Promise.all(process.argv.slice(2).map((name) => bundle(path.join(root, name))));
