/**
 * From what a machine file says (`./uart.ts`, `pl011`, `@acme/trapline-widget`) to the module it means:
 *
 * - begins with ./ or ../, or is an absolute path: that file, seen from the machine file's folder
 * - a name of the catalogue: that built-in plugin
 * - anything else: a package, found as Node finds one from the machine file's folder (its `exports` included)
 */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { moduleResolve } from "import-meta-resolve";
import { messageOf } from "../errors.ts";
import { nearest } from "./did-you-mean.ts";
import type { Catalogue, PluginModule } from "./plugin-module.ts";

export interface PluginSource {
  /** The machine file, absolute. */
  readonly file: string;
  readonly catalogue: Catalogue;
  readonly importModule: (url: string) => Promise<unknown>;
  /** Conditions under which packages export, besides `default`. */
  readonly conditions: ReadonlySet<string>;
}

export type FoundPlugin = { readonly module: PluginModule } | PluginNotFound;

export interface PluginNotFound {
  readonly text: string;
  readonly hint: string;
  readonly cause?: unknown;
}

export async function findPlugin(use: string, source: PluginSource): Promise<FoundPlugin> {
  const isPath = /^\.\.?[/\\]/.test(use) || path.isAbsolute(use);
  if (!isPath && Object.hasOwn(source.catalogue, use)) return { module: source.catalogue[use]! };
  const url = isPath ? await fileUrl(use, source) : packageUrl(use, source);
  return typeof url === "string" ? load(use, url, source) : url;
}

/** The conditions this process was started with (`--conditions`), and those of every `import`. */
export function processConditions(): ReadonlySet<string> {
  const words = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  const conditions = new Set(["node", "import"]);
  for (const [index, word] of words.entries()) {
    const [, inline] = /^(?:--conditions|-C)=(.+)$/.exec(word) ?? [];
    const value = inline ?? (/^(?:--conditions|-C)$/.test(word) ? words[index + 1] : undefined);
    if (value !== undefined && value !== "") conditions.add(value);
  }
  return conditions;
}

async function fileUrl(use: string, { file }: PluginSource): Promise<string | PluginNotFound> {
  const target = path.resolve(path.dirname(file), use);
  if (target.includes("\0")) return { text: `${JSON.stringify(use)} is no path`, hint: "a path holds no NUL character" };
  const found = await stat(target).catch((cause: unknown) => ({ cause }));
  if ("cause" in found) {
    const near = nearest(path.basename(target), await readdir(path.dirname(target)).catch(() => []));
    const hint =
      near === undefined
        ? "paths are relative to the machine file; check it"
        : `did you mean ${use.slice(0, use.length - path.basename(use).length)}${near}?`;
    return { text: `there is no plugin ${use}; looked for ${target}`, hint, cause: found.cause };
  }
  if (!found.isFile()) return { text: `${use} is no file but a folder or a device: ${target}`, hint: "name the module in it" };
  return pathToFileURL(target).href;
}

function packageUrl(use: string, { file, catalogue, conditions }: PluginSource): string | PluginNotFound {
  const folder = path.dirname(file);
  try {
    const url = moduleResolve(use, pathToFileURL(file), new Set(conditions));
    if (url.protocol === "file:") return url.href;
    return { text: `${use} is no plugin: it is a ${url.protocol} module`, hint: "name a package, or a path that begins with ./" };
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    if (code === "ERR_PACKAGE_PATH_NOT_EXPORTED") {
      return { text: `the package of ${use} exports no such path`, hint: "see `exports` in its package.json for what it offers", cause };
    }
    if (code !== "ERR_MODULE_NOT_FOUND")
      return { text: `${use} is no package name (${messageOf(cause)})`, hint: "a path must begin with ./", cause };
    const near = nearest(use, Object.keys(catalogue));
    const hasNames = Object.keys(catalogue).length > 0;
    const short = hasNames || !/^[\w-]+$/.test(use) ? "" : "this program has no short names, as the trapline command has: name a package's export; or ";
    const install = `${short}install it there (npm install ${packageOf(use)}), or write ./${use} for a file beside the machine file`;
    const looked = `${path.join(folder, "node_modules")} and the folders above`;
    const known = hasNames ? "no built-in plugin and " : "";
    return {
      text: `${use} is ${known}no package installed; looked in ${looked}`,
      hint: near === undefined ? install : `did you mean ${near}?`,
      cause,
    };
  }
}

function packageOf(use: string): string {
  return use.split("/", use.startsWith("@") ? 2 : 1).join("/");
}

async function load(use: string, url: string, { importModule }: PluginSource): Promise<FoundPlugin> {
  try {
    return { module: (await importModule(url)) as PluginModule };
  } catch (cause) {
    return { text: `plugin module ${use} does not load: ${messageOf(cause)}`, hint: loadingHint(url, cause), cause };
  }
}

/** The remedy for a module that does not load: on a Node without type stripping, TypeScript needs a loader. */
export function loadingHint(url: string, cause: unknown): string {
  const code = (cause as { code?: string } | null | undefined)?.code;
  if (/\.[mc]?tsx?$/.test(url) && (code === "ERR_UNKNOWN_FILE_EXTENSION" || code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING")) {
    const remedies =
      "install tsx beside it for the trapline command (npm install --save-dev tsx), start a program of yours with `node --import tsx`, use Node 22.18 or later for files of your own, or name the compiled .js file";
    return `this Node cannot load TypeScript from there: ${remedies}`;
  }
  return "make `node` load it first";
}
