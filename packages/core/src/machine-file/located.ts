/** A value together with where each part of it stands in the source. */
import type { JsonValue } from "./scalar.ts";
import type { SourceText } from "./source-text.ts";

export interface Place {
  /** Offsets of the first character and behind the last one. */
  readonly start: number;
  readonly end: number;
  /** The text in which that is, where it is not the machine file's: a setting. */
  readonly source?: SourceText;
}

export interface Located extends Place {
  readonly value: JsonValue;
  /** How many values it is, itself included; aliases count as often as they are used. */
  readonly size: number;
  /** Levels of lists and mappings inside, 0 for a scalar. */
  readonly height: number;
  readonly items?: readonly Located[];
  readonly entries?: ReadonlyMap<string, LocatedEntry>;
}

/** A key, whose place it is, and its value. */
export interface LocatedEntry extends Place {
  readonly value: Located;
}

/** A step from a value into it: a key or an index. */
export type Step = string | number;

/** The part at the end of `steps`; as near to it as there is one. */
export function locate(root: Located, steps: readonly Step[]): Located {
  let at = root;
  for (const step of steps) {
    const next = typeof step === "number" ? at.items?.[step] : at.entries?.get(step)?.value;
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

/** The key at the end of `steps`, or undefined when the last step is no key there. */
export function locateKey(root: Located, steps: readonly Step[]): LocatedEntry | undefined {
  const last = steps.at(-1);
  return typeof last === "string" ? locate(root, steps.slice(0, -1)).entries?.get(last) : undefined;
}

/** Longest key shown in a path. */
const SHOWN_KEY = 40;

/** "plugins[1].uart0.base"; keys that are no plain words in quotes: `plugins[0]["./guest.ts"].rate`. */
export function formatPath(steps: readonly Step[]): string {
  let path = "";
  for (const step of steps) {
    if (typeof step === "number") path += `[${step}]`;
    else if (/^[A-Za-z_$][\w$-]{0,39}$/.test(step)) path += path === "" ? step : `.${step}`;
    else path += `[${JSON.stringify(step.length > SHOWN_KEY ? `${step.slice(0, SHOWN_KEY)}…` : step)}]`;
  }
  return path;
}
