/**
 * One entry of `plugins:`. Three forms; `use` alone decides between the last two:
 *
 *     - ./guest.ts                                   PLUGIN            no options
 *     - vgic: { spis: 64 }                           PLUGIN: OPTIONS   the key is the plugin
 *     - uart0: { use: pl011, base: 0x0900_0000 }     NAME: { use: PLUGIN, …OPTIONS }
 *
 * So `use` is the one word a plugin cannot have as an option.
 */
import type { Located, Place, Step } from "./located.ts";
import type { JsonValue } from "./scalar.ts";

export interface PluginEntry {
  /** Names the instance; undefined where the plugin's own name is good enough. */
  readonly name?: string;
  /** The plugin: short name, path or package. */
  readonly use: string;
  /** Where `use` is said. */
  readonly useAt: EntryPlace;
  readonly options: { readonly [key: string]: JsonValue };
  /** The steps to the options, from the root. */
  readonly optionsSteps: readonly Step[];
}

export interface EntryPlace extends Place {
  readonly steps: readonly Step[];
}

export interface EntryProblem extends EntryPlace {
  readonly text: string;
  readonly hint: string;
}

const FORMS = "write PLUGIN, or PLUGIN: { options }, or NAME: { use: PLUGIN, options }";

export function parseEntry(item: Located, index: number): PluginEntry | EntryProblem {
  const steps: Step[] = ["plugins", index];
  const whole = { ...placeOf(item), steps };
  if (typeof item.value === "string" && item.value !== "") return { use: item.value, useAt: whole, options: {}, optionsSteps: steps };
  if (item.entries === undefined) return { ...whole, text: "this is no plugin", hint: FORMS };
  if (item.entries.size !== 1) {
    if (item.entries.has("use"))
      return { ...whole, text: "a plugin with `use` needs a name", hint: "write it as NAME: { use: PLUGIN, … }" };
    const hint = item.entries.size === 0 ? FORMS : "begin each plugin with `- `, and indent its options below its name";
    return { ...whole, text: `${item.entries.size} plugins in one item of the list`, hint };
  }
  const [key, entry] = [...item.entries][0]!;
  const { value } = entry;
  const place = { ...placeOf(entry), steps: [...steps, key] };
  if (value.value === null) return { use: key, useAt: place, options: {}, optionsSteps: place.steps };
  if (value.entries === undefined)
    return { ...placeOf(value), steps: place.steps, text: "options must be a mapping", hint: FORMS };
  const use = value.entries.get("use");
  const { use: named, ...options } = value.value as { readonly [key: string]: JsonValue };
  if (use === undefined) return { use: key, useAt: place, options, optionsSteps: place.steps };
  const useAt = { ...placeOf(use.value), steps: [...place.steps, "use"] };
  if (typeof named !== "string" || named === "")
    return { ...useAt, text: "`use` names no plugin", hint: "give a short name, a package, or a path that begins with ./" };
  return { name: key, use: named, useAt, options, optionsSteps: place.steps };
}

function placeOf({ start, end, source }: Place): Place {
  return { start, end, ...(source === undefined ? {} : { source }) };
}
