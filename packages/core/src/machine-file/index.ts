/** `@trapline/core/machine-file`: machine files for Node. */
export type { JsonSchema } from "./editor-schema.ts";
export { formatMachineFileErrors } from "./format-errors.ts";
export { loadMachineFile, type MachineFileOptions, parseMachineFile } from "./machine-file.ts";
export { type Excerpt, isMachineFileError, MachineFileError, type MachineFileProblem, MAX_PROBLEMS } from "./machine-file-error.ts";
export { DEFAULT_RAM_BASE, machineSchema } from "./machine-schema.ts";
export { MAX_DEPTH, MAX_TOKENS, MAX_VALUES } from "./parse-yaml.ts";
export type { Catalogue, PluginContext, PluginFactory, PluginModule } from "./plugin-module.ts";
export type { MachineSetting } from "./settings.ts";
export { MAX_FILE_BYTES } from "./source-text.ts";
