/**
 * A machine file in YAML → MachineConfig. In this order: syntax; the machine's own fields; which plugins are meant; their
 * modules; their options. Findings of all steps after the syntax are reported together. Only a file without any has its
 * plugins made, in the order of the list.
 */
import path from "node:path";
import { ADDRESS_LIMIT, overlaps } from "../bus/address-range.ts";
import { ConfigError, isTraplineError, messageOf, PluginError } from "../errors.ts";
import { checkConfig, type ClockConfig, type MachineConfig } from "../machine/machine-config.ts";
import type { PluginDefinition } from "../machine/vmm-plugin.ts";
import { MAX_MEMORY_BYTES } from "../memory/guest-memory.ts";
import type { MemoryRegionConfig } from "../memory/memory-region.ts";
import { findPlugin, type FoundPlugin, type PluginSource } from "./find-plugin.ts";
import { formatPath, type Located, locate, locateKey, type Place, type Step } from "./located.ts";
import { MachineFileError, type MachineFileProblem } from "./machine-file-error.ts";
import { DEFAULT_RAM_BASE, YAML_MACHINE } from "./machine-schema.ts";
import { optionsSchema } from "./options-schema.ts";
import { parseYaml } from "./parse-yaml.ts";
import { parseEntry, type PluginEntry } from "./plugin-entry.ts";
import { type ExportedPlugin, exportedPlugin, isDefinition, type PluginContext } from "./plugin-module.ts";
import type { JsonValue } from "./scalar.ts";
import { CheckedSchema } from "./schema-finding.ts";
import { applySettings, type MachineSetting } from "./settings.ts";
import type { SourceText } from "./source-text.ts";

const MACHINE = new CheckedSchema(YAML_MACHINE);

/** An entry of the list together with what it names. */
interface Wanted {
  readonly entry: PluginEntry;
  readonly exported: ExportedPlugin;
}

/** @throws MachineFileError, PluginError */
export async function machineFromYaml(text: SourceText, source: PluginSource, settings: readonly MachineSetting[] = []): Promise<MachineConfig> {
  const reader = new MachineReader(text, source, settings);
  return reader.read();
}

class MachineReader {
  private readonly text: SourceText;
  private readonly source: PluginSource;
  private readonly root: Located;
  private readonly problems: MachineFileProblem[] = [];
  /** Schemas of options, by what the modules export: ten UARTs have one. */
  private readonly schemas = new Map<unknown, CheckedSchema>();

  constructor(text: SourceText, source: PluginSource, settings: readonly MachineSetting[]) {
    this.text = text;
    this.source = source;
    this.root = applySettings(parseYaml(text), settings, (problem) => void this.problems.push(problem));
  }

  async read(): Promise<MachineConfig> {
    if (this.root.value === null) {
      this.report(this.root, [], "the file is empty", "a machine needs at least `plugins:` and a list");
      this.throwIfWrong();
    }
    this.checkAgainst(MACHINE, this.root.value, []);
    const fieldsFit = this.problems.length === 0;
    const memory = fieldsFit ? memoryOf(fieldOf(this.root, "memory")) : undefined;
    if (memory !== undefined) this.checkRegions(memory);
    const entries = this.entries();
    const found = await Promise.all(entries.map((entry) => findPlugin(entry.use, this.source)));
    const wanted = entries.map((entry, index) => this.want(entry, found[index]!)).filter((one) => one !== undefined);
    this.throwIfWrong();
    const plugins = await this.makePlugins(wanted);
    return { ...this.fields(), ...(memory === undefined ? {} : { memory }), plugins };
  }

  private entries(): PluginEntry[] {
    const entries: PluginEntry[] = [];
    for (const [index, item] of (this.root.entries?.get("plugins")?.value.items ?? []).entries()) {
      const entry = parseEntry(item, index);
      if ("text" in entry) this.report(entry, entry.steps, entry.text, entry.hint);
      else entries.push(entry);
    }
    return entries;
  }

  /** Checks the module and the options an entry asks for. Undefined when something is wrong, which is then reported. */
  private want(entry: PluginEntry, found: FoundPlugin): Wanted | undefined {
    const { use, useAt, options } = entry;
    if (!("module" in found)) {
      this.report(useAt, useAt.steps, found.text, found.hint, found.cause);
      return undefined;
    }
    const exported = exportedPlugin(found.module);
    if (exported === undefined) {
      const has = Object.keys(found.module).join(", ") || "nothing";
      const hint = "let its default export, or `plugin`, be what definePlugin returns, or a function (options, context) that returns one";
      this.report(useAt, useAt.steps, `${use} exports no plugin; it exports ${has}`, hint);
      return undefined;
    }
    const [first] = Object.keys(options);
    if (exported.kind === "definition" && first !== undefined) {
      const at = locateKey(this.root, [...entry.optionsSteps, first])!;
      this.report(at, [...entry.optionsSteps, first], `plugin ${use} takes no options`, "leave them out");
      return undefined;
    }
    const before = this.problems.length;
    if (found.module.options !== undefined) this.checkOptions(entry, found.module.options);
    return this.problems.length === before ? { entry, exported } : undefined;
  }

  private checkOptions({ use, useAt, options, optionsSteps }: PluginEntry, schema: unknown): void {
    try {
      const checked = this.schemas.get(schema) ?? optionsSchema(schema);
      this.schemas.set(schema, checked);
      this.checkAgainst(checked, options, optionsSteps);
    } catch (cause) {
      this.report(
        useAt,
        useAt.steps,
        `the options of plugin ${use} are described by a broken schema: ${messageOf(cause)}`,
        "tell its author",
        cause,
      );
    }
  }

  private async makePlugins(wanted: readonly Wanted[]): Promise<PluginDefinition[]> {
    const plugins: PluginDefinition[] = [];
    const names = new Map<string, PluginEntry>();
    for (const { entry, exported } of wanted) {
      const plugin = await this.makePlugin(entry, exported);
      if (plugin === undefined) continue;
      const other = names.get(plugin.name);
      if (other !== undefined) {
        const taken = `${formatPath(other.useAt.steps.slice(0, 2))}, line ${(other.useAt.source ?? this.text).lineAt(other.useAt.start)}`;
        const text = `the plugin name ${plugin.name} is taken by ${taken}`;
        this.report(entry.useAt, entry.useAt.steps, text, `give one a name of its own: NAME: { use: ${entry.use} }`);
      }
      names.set(plugin.name, entry);
      plugins.push(plugin);
    }
    this.throwIfWrong();
    return plugins;
  }

  private async makePlugin(entry: PluginEntry, exported: ExportedPlugin): Promise<PluginDefinition | undefined> {
    const { use, useAt, name } = entry;
    let made: unknown;
    try {
      // A copy, so that plugins that got one mapping by an alias cannot change each other's.
      made =
        exported.kind === "definition" ? exported.definition : await exported.factory(structuredClone(entry.options), this.context(name));
    } catch (cause) {
      // A plugin that refuses what the file says; anything else it throws is a fault of its own.
      if (!isTraplineError(cause, "config")) throw new PluginError(name ?? use, "define", cause);
      this.report(
        this.placeOf(entry.optionsSteps),
        entry.optionsSteps,
        `plugin ${name ?? use} refuses its options: ${cause.message}`,
        undefined,
        cause,
      );
      return undefined;
    }
    if (!isDefinition(made)) {
      throw new PluginError(
        name ?? use,
        "define",
        new ConfigError("its factory returned no plugin", { remedy: "return what definePlugin returns" }),
      );
    }
    const definition = name === undefined || made.name === name ? made : { ...made, name };
    try {
      checkConfig({ plugins: [definition] });
      return definition;
    } catch (cause) {
      this.report(useAt, useAt.steps, messageOf(cause), undefined, cause);
      return undefined;
    }
  }

  private context(name: string | undefined): PluginContext {
    const { file } = this.source;
    return { ...(name === undefined ? {} : { name }), file, resolve: (relative) => path.resolve(path.dirname(file), relative) };
  }

  private checkRegions(regions: readonly MemoryRegionConfig[]): void {
    let total = 0;
    for (const [index, region] of regions.entries()) {
      const steps: Step[] = ["memory", index];
      const at = locate(this.root, steps);
      total += region.size;
      const other = regions.findIndex((before, position) => position < index && overlaps(before, region));
      // Not base + size: the sum may round down to the limit.
      if (region.size > ADDRESS_LIMIT - region.base) this.report(at, steps, "the region ends above 2^53", "move it down or shrink it");
      else if (other >= 0) this.report(at, steps, `the region overlaps memory[${other}]`, "move or shrink one of the two");
      else if (total > MAX_MEMORY_BYTES && total - region.size <= MAX_MEMORY_BYTES) {
        this.report(at, steps, "with this region the memory exceeds 4G in all", "give the machine less");
      }
    }
  }

  /** The fields that a configuration takes as they are, and the short form of the clock. */
  private fields(): Omit<MachineConfig, "plugins" | "memory"> {
    const { plugins: _plugins, memory: _memory, clock, ...rest } = this.root.value as { readonly [key: string]: JsonValue };
    const settings = typeof clock === "string" ? { kind: clock } : clock;
    return { ...rest, ...(settings === undefined ? {} : { clock: settings as unknown as ClockConfig }) };
  }

  private checkAgainst(schema: CheckedSchema, value: JsonValue, base: readonly Step[]): void {
    const show = (steps: readonly Step[]): string => this.shown(locate(this.root, [...base, ...steps]));
    for (const { steps: below, key, text, hint } of schema.check(value, show)) {
      const steps = [...base, ...below];
      const at = (key ? locateKey(this.root, steps) : undefined) ?? this.placeOf(steps);
      this.report(at, steps, text, hint);
    }
  }

  /** A mapping or list is best pointed at by its key: its own first character may be on a later line. */
  private placeOf(steps: readonly Step[]): Place {
    const at = locate(this.root, steps);
    const collection = at.items !== undefined || at.entries !== undefined;
    return (collection || at.start === at.end ? locateKey(this.root, steps) : undefined) ?? at;
  }

  private shown(at: Located): string {
    if (at.items !== undefined) return "a list";
    if (at.entries !== undefined) return "a mapping";
    return at.start === at.end ? "nothing" : (at.source ?? this.text).shown(at.start, at.end);
  }

  private report(
    at: Place,
    steps: readonly Step[],
    text: string,
    hint?: string,
    cause?: unknown,
  ): void {
    const problem = (at.source ?? this.text).problem(at.start, at.end, formatPath(steps), text, hint);
    this.problems.push(cause === undefined ? problem : { ...problem, cause });
  }

  private throwIfWrong(): void {
    if (this.problems.length > 0) throw new MachineFileError(this.problems);
  }
}

function fieldOf(root: Located, key: string): JsonValue | undefined {
  return root.entries?.get(key)?.value.value;
}

function memoryOf(value: JsonValue | undefined): MemoryRegionConfig[] | undefined {
  if (value === undefined) return undefined;
  return typeof value === "number"
    ? [{ base: DEFAULT_RAM_BASE, size: value }]
    : (value as unknown as MemoryRegionConfig[]).map((region) => ({ ...region }));
}
