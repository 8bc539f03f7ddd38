/**
 * Imports what a machine file names. TypeScript goes through tsx where it is installed, beside the file or beside this command: the first such
 * file starts it, so that a machine of built-in plugins need not wait for a compiler. Without tsx it is what this Node makes of TypeScript: from
 * 22.18 on it strips types, before that core's hint tells what to do. All modules stay those of this process: a plugin's `@trapline/core` is ours.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const TYPESCRIPT = /\.[mc]?tsx?$/;

let started: Promise<void> | undefined;

export async function importModule(url: string): Promise<unknown> {
  if (TYPESCRIPT.test(url) && !readsTypeScript()) await (started ??= startTsx(url));
  return import(url);
}

/** Somebody loads TypeScript already: this file is read from its source, or Node was started with tsx. */
function readsTypeScript(): boolean {
  return TYPESCRIPT.test(import.meta.url) || [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].some((word) => /\btsx\b/.test(word));
}

/** What `node --import tsx` does, for the modules that come after. */
async function startTsx(url: string): Promise<void> {
  const tsx = find("tsx", url) ?? find("tsx", import.meta.url);
  if (tsx !== undefined) await import(pathToFileURL(tsx).href);
}

/** The file of a package, as Node finds it from a module's folder; undefined where it is not installed. */
function find(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}
