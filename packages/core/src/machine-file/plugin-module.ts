/**
 * What a module exports to be named in a machine file. It needs no registration: a machine file names it by package or by
 * path, and everything here is plain data and functions, so that it may be built against another copy of core.
 *
 *     export const options = { type: "object", properties: { base: { type: "integer" } }, required: ["base"] };
 *     export default (options, context) => definePlugin({ name: context.name ?? "uart", create: … });
 */
import type { PluginDefinition } from "../machine/vmm-plugin.ts";
import type { JsonSchema } from "./editor-schema.ts";

/** What a plugin is told beside its options. */
export interface PluginContext {
  /** The name of the instance where the machine file gives one: "uart0". The definition gets it in any case. */
  readonly name?: string;
  /** The machine file, absolute. */
  readonly file: string;
  /** Makes a path of the machine file, relative to its folder, absolute: for options that name files. */
  resolve(path: string): string;
}

/** Makes a plugin from its options. They fit the module's `options` schema, where it exports one. */
export type PluginFactory<Options> = (options: Options, context: PluginContext) => PluginDefinition | Promise<PluginDefinition>;

export interface PluginModule {
  /** A plugin, or what makes one. */
  readonly default?: unknown;
  /** The same, for modules whose default export is something else. */
  readonly plugin?: unknown;
  /** JSON Schema 2020-12 of the options, as plain data. Gives errors with positions, and completion to editors. */
  readonly options?: JsonSchema;
}

/** Built-in plugins by their short names, each as its module: `{ pl011: { plugin: pl011, options: {…} } }`. */
export type Catalogue = Readonly<Record<string, PluginModule>>;

export type ExportedPlugin =
  | { readonly kind: "definition"; readonly definition: PluginDefinition }
  | { readonly kind: "factory"; readonly factory: PluginFactory<unknown> };

/** The plugin a module exports, `default` before `plugin`. Undefined when it exports none. */
export function exportedPlugin(module: PluginModule): ExportedPlugin | undefined {
  for (const candidate of [module.default, module.plugin]) {
    if (typeof candidate === "function") return { kind: "factory", factory: candidate as PluginFactory<unknown> };
    if (isDefinition(candidate)) return { kind: "definition", definition: candidate };
  }
  return undefined;
}

/** Looks like a PluginDefinition, of whichever copy of core. */
export function isDefinition(value: unknown): value is PluginDefinition {
  if (typeof value !== "object" || value === null) return false;
  const { name, apiVersion } = value as Partial<PluginDefinition>;
  return typeof name === "string" && name !== "" && typeof apiVersion === "number";
}
