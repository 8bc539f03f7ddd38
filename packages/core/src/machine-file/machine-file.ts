/**
 * Machine files: a machine written down in YAML, or in TypeScript, becomes a MachineConfig. docs/machine-files.md is the
 * guide, docs/adr/0013-machine-files.md the reasons. Node only; the main entry of this package knows nothing of it.
 */
import { open } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../errors.ts";
import type { MachineConfig } from "../machine/machine-config.ts";
import type { MachineFileError } from "./machine-file-error.ts";
import { processConditions, type PluginSource } from "./find-plugin.ts";
import { machineFromModule } from "./module-machine.ts";
import type { Catalogue } from "./plugin-module.ts";
import type { MachineSetting } from "./settings.ts";
import { fileProblem, MAX_FILE_BYTES, SourceText } from "./source-text.ts";
import { machineFromYaml } from "./yaml-machine.ts";

/** How `loadMachineFile` finds and loads what a file names, and what it puts over it. */
export interface MachineFileOptions {
  /** Built-in plugins by their short names. Default: none. */
  readonly catalogue?: Catalogue;
  /**
   * Imports a module by its URL. Default: `import(url)`. On a Node that strips no types, give one that loads TypeScript,
   * `tsImport` of tsx for instance, or start Node with `--import tsx`.
   */
  readonly importModule?: (url: string) => Promise<unknown>;
  /** Conditions of package exports, besides `default`. Default: node, import, and those of Node's --conditions. */
  readonly conditions?: Iterable<string>;
  /** Values over those of the file, in this order; YAML only. */
  readonly settings?: readonly MachineSetting[];
}

/**
 * Loads a machine file: .yaml and .yml, or .ts, .mts, .js and .mjs with a machine (or a function that makes one) as default
 * export. A module is loaded once per process, as modules are; a YAML file is read each time.
 *
 * @throws MachineFileError with everything that is wrong with the file, each finding with its place
 * @throws PluginError naming the plugin whose factory threw
 */
export async function loadMachineFile(file: string, options: MachineFileOptions = {}): Promise<MachineConfig> {
  const extension = path.extname(file).toLowerCase();
  switch (extension) {
    case ".yaml":
    case ".yml":
      return machineFromYaml(SourceText.decode(file, await readBounded(file)), sourceOf(file, options), options.settings);
    case ".ts":
    case ".mts":
    case ".js":
    case ".mjs":
      if (options.settings?.[0] !== undefined) throw notYaml(file, options.settings[0]);
      return machineFromModule(file, sourceOf(file, options));
    default:
      throw fileProblem(file, `a machine file does not end in ${JSON.stringify(extension)}`, "name it .yaml or .ts");
  }
}

/**
 * The same for YAML that is at hand: from standard input, or from an editor's buffer.
 * @param file what errors call it; paths in it are relative to its folder, whether it exists or not
 */
export async function parseMachineFile(text: string | Uint8Array, file: string, options: MachineFileOptions = {}): Promise<MachineConfig> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return machineFromYaml(SourceText.decode(file, bytes), sourceOf(file, options), options.settings);
}

function sourceOf(file: string, { catalogue = {}, importModule = (url) => import(url), conditions }: MachineFileOptions): PluginSource {
  return {
    file: path.resolve(file),
    catalogue,
    importModule,
    conditions: conditions === undefined ? processConditions() : new Set(conditions),
  };
}

function notYaml(file: string, { origin = "--set", text }: MachineSetting): MachineFileError {
  return fileProblem(file, `${origin} ${text}: values can be set over those of YAML files only`, "let the module read them from process.env, or write the machine in YAML");
}

/** At most one byte more than a machine file may have: a device or a pipe without end is not read to its end. */
async function readBounded(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, "r");
    try {
      const bytes = new Uint8Array(MAX_FILE_BYTES + 1);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileProblem(file, `the file cannot be read: ${messageOf(cause)}`, "check the path", cause);
  }
}
