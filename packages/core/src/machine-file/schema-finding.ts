/**
 * Checks a value against a JSON Schema and says in our words what is wrong. The validator (docs/adr/0013-machine-files.md)
 * reports where in the schema and where in the value; the sentence is made from what stands at those two places.
 *
 * Of a union (`anyOf`, `oneOf`) only the branch that was meant is reported: the one of the right type. A finding that every
 * branch has its own complaint about helps nobody.
 */
import { dereference, type OutputUnit, type Schema, validate } from "@cfworker/json-schema";
import { hex } from "../ids.ts";
import { nearest } from "./did-you-mean.ts";
import type { Step } from "./located.ts";
import { isNumberText } from "./scalar.ts";

export interface SchemaFinding {
  readonly steps: readonly Step[];
  /** True when the key itself is wrong, not what it holds. */
  readonly key: boolean;
  readonly text: string;
  readonly hint?: string;
}

/** How a value at `steps` is shown in a sentence. */
export type Show = (steps: readonly Step[]) => string;

type Subschema = Schema | boolean;

/** The wrappers around findings; their content is reported instead. */
const WRAPPERS: ReadonlySet<string> = new Set([
  ...["properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames", "dependentSchemas"],
  ...["items", "prefixItems", "unevaluatedItems", "$ref", "allOf", "if"],
]);

/** A schema made ready for checking. */
export class CheckedSchema {
  private readonly root: Subschema;
  private readonly lookup: Record<string, Subschema>;

  /** @throws Error for a schema that cannot be read: an id given twice, a reference that is no URI */
  constructor(schema: Subschema) {
    // The validator notes addresses in the schema, which may be frozen and belongs to somebody else.
    this.root = structuredClone(schema);
    this.lookup = dereference(this.root);
  }

  /** All findings, none when the value fits. @throws Error where the schema itself is at fault: a reference to nothing, a wrong pattern */
  check(value: unknown, show: Show): SchemaFinding[] {
    const { valid, errors } = validate(value, this.root, "2020-12", this.lookup, false);
    return valid ? [] : unique(new Explanation(value, show, (pointer) => this.at(pointer)).explain(errors));
  }

  /** The part of the schema a keyword location names; it passes through references. */
  private at(pointer: string): unknown {
    let at: unknown = this.root;
    for (const step of stepsOf(pointer)) {
      if (step === "$ref") at = this.lookup[String((at as Schema).__absolute_ref__)];
      else at = (at as Record<string, unknown> | undefined)?.[step];
    }
    return at;
  }
}

class Explanation {
  private readonly value: unknown;
  private readonly show: Show;
  private readonly schemaAt: (pointer: string) => unknown;

  constructor(value: unknown, show: Show, schemaAt: (pointer: string) => unknown) {
    this.value = value;
    this.show = show;
    this.schemaAt = schemaAt;
  }

  explain(units: readonly OutputUnit[]): SchemaFinding[] {
    const findings: SchemaFinding[] = [];
    for (let index = 0; index < units.length; index++) {
      const unit = units[index]!;
      if (unit.keyword === "anyOf" || unit.keyword === "oneOf") {
        const inner = unitsInside(units, index);
        findings.push(...this.union(unit, inner));
        index += inner.length;
      } else if (unit.keyword === "contains") {
        const inner = unitsInside(units, index);
        findings.push(this.sentence(unit));
        index += inner.length;
      } else if (unit.keyword === "false") {
        findings.push(this.unknownKey(unit, units[index - 1]));
      } else if (!WRAPPERS.has(unit.keyword)) {
        findings.push(this.sentence(unit));
      }
    }
    return findings;
  }

  /** The branch that was meant, or one sentence about all of them. */
  private union(unit: OutputUnit, inner: readonly OutputUnit[]): SchemaFinding[] {
    const branches = new Map<string, OutputUnit[]>();
    let current = "";
    for (const part of inner) {
      // "false" carries the value's place instead of the schema's; it belongs to what came before it.
      if (part.keyword !== "false") current = part.keywordLocation.slice(unit.keywordLocation.length + 1).split("/", 1)[0]!;
      const branch = branches.get(current);
      if (branch === undefined) branches.set(current, [part]);
      else branch.push(part);
    }
    const meant = [...branches.values()].filter((parts) => !parts.some((part) => rulesOut(part, unit.instanceLocation)));
    if (meant.length === 1) return this.explain(meant[0]!);
    return [this.sentence(unit)];
  }

  private sentence(unit: OutputUnit): SchemaFinding {
    const steps = this.stepsInValue(unit.instanceLocation);
    const schema = this.schemaAt(unit.keywordLocation.slice(0, unit.keywordLocation.lastIndexOf("/"))) as Schema;
    return { steps, key: false, ...describe(unit, schema, this.valueAt(steps), this.show(steps)) };
  }

  private unknownKey(unit: OutputUnit, wrapper: OutputUnit | undefined): SchemaFinding {
    const steps = this.stepsInValue(unit.instanceLocation);
    const key = steps.at(-1);
    if (typeof key !== "string") return { steps, key: false, text: `${this.show(steps)} is one too many` };
    const parent = this.schemaAt((wrapper?.keywordLocation ?? "#").replace(/\/[^/]*$/, "")) as Schema | undefined;
    const known = Object.keys(parent?.properties ?? {}).filter((name) => parent?.properties?.[name] !== false);
    const near = nearest(key, known);
    const hint = near !== undefined ? `did you mean ${near}?` : known.length > 0 ? `the keys here are ${known.join(", ")}` : "leave it out";
    return { steps, key: true, text: "there is no such key", hint };
  }

  private stepsInValue(location: string): Step[] {
    let at: unknown = this.value;
    return stepsOf(location).map((step) => {
      const found = Array.isArray(at) ? Number(step) : step;
      at = (at as Record<Step, unknown> | null | undefined)?.[found];
      return found;
    });
  }

  private valueAt(steps: readonly Step[]): unknown {
    return steps.reduce<unknown>((at, step) => (at as Record<Step, unknown> | null | undefined)?.[step], this.value);
  }
}

/** This branch was not meant: the value is of another type, or its discriminator (`kind: virtual`) says another branch. */
function rulesOut(unit: OutputUnit, location: string): boolean {
  if (unit.instanceLocation === location) return unit.keyword === "type" || unit.keyword === "const" || unit.keyword === "enum";
  const below = unit.instanceLocation.slice(location.length + 1);
  return unit.keyword === "const" && !below.includes("/");
}

/** The units that belong to the union or `contains` at `index`: those right behind it whose keywords lie inside. */
function unitsInside(units: readonly OutputUnit[], index: number): OutputUnit[] {
  const prefix = `${units[index]!.keywordLocation}/`;
  let end = index + 1;
  while (end < units.length && (units[end]!.keyword === "false" || units[end]!.keywordLocation.startsWith(prefix))) end++;
  return units.slice(index + 1, end);
}

function describe(unit: OutputUnit, schema: Schema, value: unknown, shown: string): { text: string; hint?: string } {
  switch (unit.keyword) {
    case "type":
    case "enum":
    case "const":
    case "anyOf":
    case "oneOf":
      return misfit(unit.keyword === "type" ? { type: schema.type!, description: schema["description"] as unknown } : schema, value, shown);
    case "required": {
      const missing = /"(.*)"/s.exec(unit.error)?.[1] ?? "";
      const { hint } = about((schema.properties?.[missing] ?? {}) as Schema);
      return { text: `${missing} is missing`, hint: `add \`${missing}: …\`${hint === undefined ? "" : ` (${hint})`}` };
    }
    case "minimum":
      return { text: `${shown} is too small`, hint: `use ${limit(schema.minimum as number)} or more` };
    case "maximum":
      return { text: `${shown} is too large`, hint: `use ${limit(schema.maximum as number)} or less` };
    case "exclusiveMinimum":
      return { text: `${shown} is too small`, hint: `use more than ${limit(schema.exclusiveMinimum as number)}` };
    case "exclusiveMaximum":
      return { text: `${shown} is too large`, hint: `use less than ${limit(schema.exclusiveMaximum as number)}` };
    case "multipleOf":
      return { text: `${shown} is not a multiple of ${limit(schema.multipleOf!)}` };
    case "minLength":
      return { text: `${shown} is too short`, hint: `use at least ${schema.minLength} characters` };
    case "maxLength":
      return { text: `${shown} is too long`, hint: `use at most ${schema.maxLength} characters` };
    case "pattern":
      return { text: `${shown} is not of the form ${schema.pattern}`, ...about(schema) };
    case "format":
      return { text: `${shown} is not a ${schema.format}`, ...about(schema) };
    case "minItems":
      return { text: "the list is too short", hint: `give at least ${schema.minItems}` };
    case "maxItems":
      return { text: "the list is too long", hint: `give at most ${schema.maxItems}` };
    case "uniqueItems":
      return { text: "the list has the same item twice", hint: unit.error };
    case "minProperties":
      return { text: "too few keys", hint: `give at least ${schema.minProperties}` };
    case "maxProperties":
      return { text: "too many keys", hint: `give at most ${schema.maxProperties}` };
    default:
      return { text: unit.error.replace(/\.$/, ""), ...about(schema) };
  }
}

function about(schema: Schema): { hint?: string } {
  const text = schema["description"] as unknown;
  return typeof text === "string" ? { hint: text } : {};
}

/** "abc is not a whole number", with the remedy that fits what was written. */
function misfit(schema: Schema, value: unknown, shown: string): { text: string; hint?: string } {
  const wanted = expectations(schema);
  const text = `${shown} is not ${wanted.phrases.join(", ").replace(/, ([^,]*)$/, " or $1")}`;
  const near = typeof value === "string" ? nearest(value, wanted.words) : undefined;
  if (near !== undefined) return { text, hint: `did you mean ${near}?` };
  if (typeof value === "string" && wanted.number) {
    return { text, hint: isNumberText(value) ? "leave out the quotes" : "write a number as in 4096, 0x0900_0000 or 64K" };
  }
  if (wanted.text && (typeof value === "number" || typeof value === "boolean"))
    return { text, hint: "put it in quotes if it is meant as text" };
  return { text, ...(wanted.words.length > 0 ? {} : about(schema)) };
}

interface Expectations {
  readonly phrases: string[];
  readonly words: string[];
  number: boolean;
  text: boolean;
}

const PHRASES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  null: "empty",
  number: "a number",
  object: "a mapping",
  string: "text",
};

function expectations(schema: Subschema, found: Expectations = { phrases: [], words: [], number: false, text: false }): Expectations {
  if (typeof schema === "boolean") return found;
  const branches = schema.anyOf ?? schema.oneOf;
  const literals = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (branches !== undefined) for (const branch of branches) expectations(branch, found);
  else if (literals !== undefined) {
    for (const literal of literals) {
      if (typeof literal === "string") found.words.push(literal);
      add(found, typeof literal === "string" ? literal : JSON.stringify(literal));
    }
  } else {
    for (const type of [schema.type ?? []].flat()) {
      if (type === "integer" || type === "number") found.number = true;
      if (type === "string") found.text = true;
      add(found, PHRASES[type] ?? type);
    }
  }
  if (found.phrases.length === 0) add(found, "what belongs here");
  return found;
}

function add(found: Expectations, phrase: string): void {
  if (!found.phrases.includes(phrase)) found.phrases.push(phrase);
}

/** Sizes as sizes, addresses as addresses, counts as counts. */
function limit(value: number): string {
  if (value !== 0 && value % 1024 ** 3 === 0) return `${value / 1024 ** 3}G`;
  return Number.isInteger(value) && value > 0xf_ffff ? hex(value) : String(value);
}

function stepsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** One place has one complaint of a kind, however many branches of an `allOf` make it. */
function unique(findings: readonly SchemaFinding[]): SchemaFinding[] {
  const seen = new Set<string>();
  return findings.filter((finding) => {
    const id = JSON.stringify([finding.steps, finding.text]);
    return seen.has(id) ? false : seen.add(id) !== undefined;
  });
}
