/** JSON Schemas as an editor needs them: it reads plain YAML, where `0x0900_0000` and `64K` are text. */
import { INTEGER_PATTERN, NUMBER_PATTERN } from "./scalar.ts";

/** A JSON Schema 2020-12 as plain data, so that it crosses package copies and files. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** Keywords that hold one schema, a list of them, a mapping of them. `not` and `if` are left alone: wider there means narrower. */
const ONE: ReadonlySet<string> = new Set([
  "items",
  "additionalProperties",
  "unevaluatedProperties",
  "unevaluatedItems",
  "contains",
  "then",
  "else",
]);
const LIST: ReadonlySet<string> = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const MAP: ReadonlySet<string> = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/** What an editor shows stays outside when a schema becomes one branch of two. */
const SHOWN: ReadonlySet<string> = new Set(["title", "description", "default", "examples", "deprecated", "$anchor"]);

/** The same schema, with text of a number's form admitted wherever a number is. */
export function forEditors(schema: unknown): unknown {
  return walk(schema, widenNumber);
}

/** Local references (`#/$defs/x`) of a schema that is to stand at `place` inside another one. */
export function moveReferences(schema: unknown, place: string): unknown {
  return walk(schema, (node) => {
    const { $ref } = node;
    return typeof $ref === "string" && /^#(\/|$)/.test($ref) ? { ...node, $ref: `${place}${$ref.slice(1)}` } : node;
  });
}

function widenNumber(schema: JsonSchema): JsonSchema {
  const types = [schema["type"] ?? []].flat() as string[];
  if (types.includes("string") || !(types.includes("integer") || types.includes("number"))) return schema;
  const shown = Object.entries(schema).filter(([keyword]) => SHOWN.has(keyword));
  const checked = Object.entries(schema).filter(([keyword]) => !SHOWN.has(keyword));
  const pattern = types.includes("number") ? NUMBER_PATTERN : INTEGER_PATTERN;
  return { ...Object.fromEntries(shown), anyOf: [Object.fromEntries(checked), { type: "string", pattern }] };
}

function walk(schema: unknown, change: (schema: JsonSchema) => JsonSchema): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  const copy: { [keyword: string]: unknown } = {};
  for (const [keyword, content] of Object.entries(schema)) copy[keyword] = walkContent(keyword, content, change);
  return change(copy);
}

function walkContent(keyword: string, content: unknown, change: (schema: JsonSchema) => JsonSchema): unknown {
  if (ONE.has(keyword)) return walk(content, change);
  if (LIST.has(keyword) && Array.isArray(content)) return content.map((part) => walk(part, change));
  if (MAP.has(keyword) && typeof content === "object" && content !== null) {
    return Object.fromEntries(Object.entries(content).map(([key, part]) => [key, walk(part, change)]));
  }
  return content;
}
