/**
 * The modules of the interpreter as files, where there are any: they are generated when the package is built, for they are the same at every
 * start, and generating them takes a tenth of a second of it (docs/adr/0050-prebuilt-interpreter.md). Sources generate what they need.
 */
import { readFileSync } from "node:fs";

/** Names the build that the files are of. tools/bundle.mjs puts it here; the sources have none. */
const BUILD: string = "";

/** Where the bundle looks for a module, from its own file. */
export const prebuiltFile = (name: string, build: string): string => `prebuilt/${name}.${build}.wasm`;

/** The bytes of a module; undefined where there are none: in the sources, and where somebody else's bundler left them behind. */
export function prebuiltModule(name: string): Uint8Array<ArrayBuffer> | undefined {
  if (BUILD === "") return undefined;
  try {
    return new Uint8Array(readFileSync(new URL(prebuiltFile(name, BUILD), import.meta.url)));
  } catch {
    return undefined;
  }
}
