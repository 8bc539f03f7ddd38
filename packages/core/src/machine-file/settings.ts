/**
 * Values set over those of a machine file, for one run: `plugins.uart0.base=0x0900_0000`. A path as errors print it, an equals sign, a value
 * as it would stand in the file. In `plugins` a name stands for the entry that has it, or that alone uses the plugin of that name.
 *
 * What is set is checked like the rest, and what is wrong with it is shown in the setting's own text. Pure.
 */
import { formatPath, type Located, type LocatedEntry, type Step } from "./located.ts";
import { isMachineFileError, type MachineFileProblem } from "./machine-file-error.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { JsonValue } from "./scalar.ts";
import { shorten, SourceText } from "./source-text.ts";

/** A value for one run, over that of the file: what `--set` takes. */
export interface MachineSetting {
  /** `PATH=VALUE`. */
  readonly text: string;
  /** What errors call it, in the place of a file's name. Default "--set". */
  readonly origin?: string;
}

/** The machine with all settings, in their order; a setting that cannot be made is left out and reported. */
export function applySettings(root: Located, settings: readonly MachineSetting[], report: (problem: MachineFileProblem) => void): Located {
  return settings.reduce((machine, { text, origin = "--set" }) => {
    const setting = new Setting(new SourceText(origin, text));
    try {
      return setting.apply(machine);
    } catch (error) {
      for (const problem of setting.problemsOf(error)) report(problem);
      return machine;
    }
  }, root);
}

/** A word, [12], or ["./guest.ts"]. */
const STEP = /(?:^|\.)([A-Za-z_$][\w$-]*)|\[(\d{1,6})\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** Why a setting cannot be made. */
class Refusal extends Error {
  readonly start: number;
  readonly end: number;
  readonly steps: readonly Step[];
  readonly hint: string;

  constructor(place: { readonly start: number; readonly end: number }, steps: readonly Step[], text: string, hint: string) {
    super(text);
    this.start = place.start;
    this.end = place.end;
    this.steps = steps;
    this.hint = hint;
  }
}

/** A step and where it is written. */
interface WrittenStep {
  readonly step: Step;
  readonly start: number;
  readonly end: number;
}

class Setting {
  private readonly source: SourceText;

  constructor(source: SourceText) {
    this.source = source;
  }

  apply(root: Located): Located {
    const steps = this.path();
    const value = this.value(steps.at(-1)!.end + 1);
    return this.put(root, [], steps, value);
  }

  problemsOf(error: unknown): readonly MachineFileProblem[] {
    if (isMachineFileError(error)) return error.problems;
    if (!(error instanceof Refusal)) throw error;
    return [this.source.problem(error.start, error.end, formatPath(error.steps), error.message, error.hint)];
  }

  private path(): readonly WrittenStep[] {
    const { text } = this.source;
    const steps: WrittenStep[] = [];
    let at = 0;
    while (at < text.length && text[at] !== "=") {
      STEP.lastIndex = at;
      const found = STEP.exec(text);
      if (found === null) throw new Refusal({ start: at, end: at + 1 }, [], "this is no path", 'write it as errors do: plugins.uart0.base, memory[0].size, plugins["./guest.ts"]');
      const [whole, word, index, quoted] = found;
      steps.push({ step: word ?? (index === undefined ? unquote(quoted!) : Number(index)), start: at, end: at + whole.length });
      at += whole.length;
    }
    if (steps.length > 0 && at < text.length) return steps;
    throw new Refusal({ start: 0, end: text.length }, [], "a setting is a path and a value", "write PATH=VALUE, as in memory=1G");
  }

  /** The text behind the equals sign, as YAML; its places are those in the setting. */
  private value(from: number): Located {
    const { file, text } = this.source;
    return withSource(parseYaml(new SourceText(file, " ".repeat(from) + text.slice(from), text)), this.source);
  }

  private put(node: Located, done: readonly Step[], rest: readonly WrittenStep[], value: Located): Located {
    const [next, ...after] = rest;
    if (next === undefined) return value;
    const { step } = next;
    if (typeof step === "number") return this.putItem(node, done, next, step, after, value);
    if (done.length === 1 && done[0] === "plugins" && node.items !== undefined) {
      const index = this.pluginNamed(node.items, next, step);
      const [name] = keyOf(node.items[index]!);
      return this.putItem(node, done, next, index, [{ ...next, step: name }, ...after], value);
    }
    const here = [...done, step];
    // A plugin without options: `- pl011`.
    const bare = node.value === step && done.length === 2 && done[0] === "plugins";
    if (node.entries === undefined && node.value !== null && !bare) {
      const list = node.items !== undefined;
      const text = `this is ${list ? "a list" : shorten(JSON.stringify(node.value))}, which has no ${JSON.stringify(step)}`;
      throw new Refusal(next, done, text, list ? "write an index: [0]" : "set the whole of it");
    }
    const entry = node.entries?.get(step);
    const place = { start: next.start + (this.source.text[next.start] === "." ? 1 : 0), end: next.end, source: this.source };
    const before = entry?.value ?? { value: null, ...place, size: 1, height: 0 };
    const entries = new Map(node.entries ?? []).set(step, { ...(entry ?? place), value: this.put(before, here, after, value) });
    return mapping(node.entries === undefined ? { ...node, ...place } : node, entries);
  }

  private putItem(node: Located, done: readonly Step[], next: WrittenStep, index: number, after: readonly WrittenStep[], value: Located): Located {
    const item = node.items?.[index];
    if (item === undefined) {
      const has = node.items === undefined ? "this is no list" : `the list has ${node.items.length} items`;
      throw new Refusal(next, done, `there is no [${index}]: ${has}`, "items are counted from 0");
    }
    const items = node.items!.with(index, this.put(item, [...done, index], after, value));
    return { ...node, ...totals(items), value: items.map((one) => one.value), items };
  }

  /** The entry that has the name; without one, the only one that uses that plugin. */
  private pluginNamed(items: readonly Located[], place: WrittenStep, name: string): number {
    const keys = items.map(keyOf);
    const named = keys.findIndex(([key]) => key === name);
    if (named >= 0) return named;
    const using = keys.flatMap(([, use], index) => (use === name ? [index] : []));
    if (using.length === 1) return using[0]!;
    if (using.length === 0) throw new Refusal(place, ["plugins"], `there is no plugin ${name}`, `there are ${keys.map(([key]) => key).join(", ")}`);
    throw new Refusal(place, ["plugins"], `${using.length} plugins use ${name}`, `name one: ${using.map((index) => keys[index]![0]).join(", ")}`);
  }
}

/** What an entry of `plugins` is called, and what it uses. */
function keyOf(item: Located): readonly [key: string, use: string] {
  if (typeof item.value === "string") return [item.value, item.value];
  const [key = "", entry] = [...(item.entries ?? [])][0] ?? [];
  const use = entry?.value.entries?.get("use")?.value.value;
  return [key, typeof use === "string" ? use : key];
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

function mapping(node: Located, entries: ReadonlyMap<string, LocatedEntry>): Located {
  const value = Object.fromEntries([...entries].map(([key, entry]): [string, JsonValue] => [key, entry.value.value]));
  return { ...node, ...totals([...entries.values()].map((entry) => entry.value)), value, entries };
}

function totals(parts: readonly Located[]): { readonly size: number; readonly height: number } {
  return { size: 1 + parts.reduce((sum, { size }) => sum + size, 0), height: 1 + Math.max(0, ...parts.map(({ height }) => height)) };
}

/** The same value, every part of which knows where it was written. */
function withSource(node: Located, source: SourceText): Located {
  const marked = { ...node, source };
  if (node.items !== undefined) return { ...marked, items: node.items.map((item) => withSource(item, source)) };
  if (node.entries === undefined) return marked;
  const entries = [...node.entries].map(([key, entry]) => [key, { ...entry, source, value: withSource(entry.value, source) }] as const);
  return { ...marked, entries: new Map(entries) };
}
