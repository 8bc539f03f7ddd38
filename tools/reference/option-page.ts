// What machine files may say: the keys of a machine, and the options of every built-in plugin, from the JSON Schemas that check them.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root, workspacePackages } from "../gate.ts";
import { entriesOf } from "./api-pages.ts";
import { cell, code, hexadecimal, page, table } from "./markdown.ts";

/** The part of JSON Schema that the options use; another keyword is a problem, not silence. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}

const KNOWN: ReadonlySet<string> = new Set([
  ...["type", "description", "properties", "required", "items", "enum", "const", "anyOf", "oneOf"],
  ...["minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"],
  ...["pattern", "additionalProperties"],
]);

export async function optionPage(): Promise<string> {
  const { catalogueWith } = (await import(pathToFileURL(path.join(root, "packages/cli/src/catalogue.ts")).href)) as {
    readonly catalogueWith: (images: () => Promise<undefined>) => Readonly<Record<string, { readonly options?: Schema }>>;
  };
  const catalogue = catalogueWith(() => Promise.resolve(undefined));
  const exported = await moduleNames();
  const known = Object.values(catalogue).filter((plugin) => exported.has(plugin)).length;
  if (2 * known < Object.keys(catalogue).length) throw new Error("most built-in plugins are no longer modules of packages; see moduleNames");
  const plugins = Object.entries(catalogue).map(([name, plugin]) => {
    const lines = optionLines(plugin.options ?? {});
    const long = exported.get(plugin);
    const names = long === undefined ? "Of the `trapline` command only." : `Elsewhere ${code(`"${long}"`)}.`;
    return `## ${name}\n\n${names}${lines.length === 0 ? " It has no options." : `\n\n${table(["option", "value", ""], lines)}`}`;
  });
  return page(
    "Options of the built-in plugins",
    "What may stand behind a plugin's name in a [machine file](../machine-files.md); `trapline devices` prints the same. The short names " +
      "are those of the `trapline` command; the long ones are known wherever the package is installed, `bootMachine` of the testkit included. An option in " +
      "**bold** must be given. `a.b` is the key `b` of the mapping `a`, `a[]` an entry of the list `a`.",
    "The name of an instance is the key that it has in the list of plugins: `- uart1: { use: pl011, base: 0x0904_0000, gsi: 8 }`.",
    ...plugins,
  );
}

/** Modules of plugins by what packages call them, as machine files do that are read by another program. */
async function moduleNames(): Promise<ReadonlyMap<unknown, string>> {
  const cli = workspacePackages().find(({ folder }) => folder === "packages/cli")!.manifest;
  const names = new Map<unknown, string>();
  for (const { manifest, folder } of workspacePackages()) {
    if (!(manifest.name in (cli.dependencies ?? {}))) continue;
    for (const { subpath, file } of entriesOf({ manifest, folder })) {
      names.set(await import(pathToFileURL(path.join(root, file)).href), `${manifest.name}${subpath.slice(1)}`);
    }
  }
  return names;
}

/** A line for each option, those of mappings and lists behind it. */
export function optionLines(schema: Schema, prefix = ""): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const place = `${prefix}${name}`;
    const shown = schema.required?.includes(name) === true ? `**${code(place)}**` : code(place);
    return [[shown, cell(valueOf(option)), cell(option.description ?? "")], ...inside(option, place)];
  });
}

/** The options of a mapping, of a list's entries, or of either in a choice. */
function inside(schema: Schema, place: string): string[][] {
  const branches = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return branches.flatMap((branch) => {
    const entries = branch.items === undefined ? [] : inside(branch.items, `${place}[]`);
    return [...optionLines(branch, `${place}.`), ...entries];
  });
}

/** What an option takes: `whole number, 0x0 … 0x1f`. @throws Error for a keyword that nobody taught it */
export function valueOf(schema: Schema): string {
  const strange = Object.keys(schema).find((key) => !KNOWN.has(key));
  if (strange !== undefined) throw new Error(`options use the JSON Schema keyword ${strange}; teach it to tools/reference/option-page.ts`);
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice !== undefined) return choice.map(valueOf).join("; or ");
  if ("const" in schema) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(", ");
  return [schema.type ?? "anything"].flat().map((type) => typeWords(type, schema)).join(" or ");
}

function typeWords(type: string, schema: Schema): string {
  const { minimum, maximum, multipleOf, minItems, maxItems, items } = schema;
  const steps = multipleOf === undefined ? "" : `multiple of ${number(multipleOf)}`;
  switch (type) {
    case "integer":
    case "number":
      return joined(", ", type === "integer" ? "whole number" : "number", range(minimum, maximum), steps);
    case "boolean":
      return "true, false";
    case "array":
      return joined("; ", `list of ${items === undefined ? "anything" : plural(valueOf(items))}`, counted(range(minItems, maxItems)));
    case "object":
      return "mapping";
    case "string":
      return schema.maxLength === undefined ? "text" : `text, at most ${schema.maxLength} characters`;
    default:
      return type;
  }
}

function range(low: number | undefined, high: number | undefined): string {
  if (low === undefined && high === undefined) return "";
  if (high === undefined || high === Number.MAX_SAFE_INTEGER) return low === undefined ? "" : `${number(low)} and up`;
  if (low === undefined) return `at most ${number(high)}`;
  return low === high ? `exactly ${number(low)}` : `${number(low)} … ${number(high)}`;
}

function joined(separator: string, ...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(separator);
}

/** `whole numbers, 0 … 3` of `whole number, 0 … 3`. */
function plural(words: string): string {
  return words.replace(/^(whole number|number|mapping|text)\b/, (word) => (word === "text" ? "texts" : `${word}s`));
}

function counted(how: string): string {
  return how === "" ? "" : `${how} of them`;
}

/** Hexadecimal where it is an address, a size or all ones; decimal where people count. */
function number(value: number): string {
  const round = value >= 0x1_0000 && (value % 0x1000 === 0 || (value + 1) % 0x1_0000 === 0);
  return round ? hexadecimal(value) : String(value).replaceAll(/\B(?=(\d{3})+$)/g, "_").replace(/^(\d)_(\d{3})$/, "$1$2");
}

function literal(value: unknown): string {
  return code(typeof value === "string" ? value : JSON.stringify(value));
}
