/**
 * Is what a plugin exports as `options` a JSON Schema? A slip there (`type: "int"`) would otherwise refuse every machine
 * file with a sentence nobody understands. The keywords checked are those of 2020-12 that the validator knows; others are
 * annotations and pass. `$dynamicRef` is not supported.
 */
import type { JsonSchema } from "./editor-schema.ts";
import { formatPath, type Step } from "./located.ts";
import { CheckedSchema } from "./schema-finding.ts";
import { shorten } from "./source-text.ts";

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];
const schema: JsonSchema = { $ref: "#" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const number: JsonSchema = { type: "number" };
const text: JsonSchema = { type: "string" };
const texts: JsonSchema = { type: "array", items: text };
const schemas: JsonSchema = { type: "array", items: schema, minItems: 1 };
const byName: JsonSchema = { type: "object", additionalProperties: schema };

const SCHEMA_OF_SCHEMAS = new CheckedSchema({
  type: ["object", "boolean"],
  properties: {
    type: { anyOf: [{ enum: TYPES }, { type: "array", items: { enum: TYPES }, minItems: 1 }] },
    ...{ enum: { type: "array" }, required: texts, description: text, title: text, $ref: text, $id: text, $anchor: text, format: text },
    ...{ properties: byName, patternProperties: byName, dependentSchemas: byName, $defs: byName, definitions: byName },
    dependentRequired: { type: "object", additionalProperties: texts },
    ...{ additionalProperties: schema, unevaluatedProperties: schema, propertyNames: schema },
    ...{ items: schema, prefixItems: schemas, contains: schema, unevaluatedItems: schema, uniqueItems: { type: "boolean" } },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    ...{ anyOf: schemas, oneOf: schemas, allOf: schemas, not: schema, if: schema, then: schema, else: schema },
    ...{
      minimum: number,
      maximum: number,
      exclusiveMinimum: number,
      exclusiveMaximum: number,
      multipleOf: { type: "number", exclusiveMinimum: 0 },
    },
    ...{ minLength: count, maxLength: count, minItems: count, maxItems: count, minContains: count, maxContains: count },
    ...{ minProperties: count, maxProperties: count, pattern: { type: "string", format: "regex" }, $dynamicRef: false },
  },
});

/** The schema, ready to check options with. @throws Error that says what about the schema is wrong */
export function optionsSchema(options: unknown): CheckedSchema {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new Error(`it is ${options === null ? "null" : typeof options}`);
  const plain = structuredClone(options); // functions and the like cannot be cloned: not plain data
  const show = (steps: readonly Step[]): string =>
    shorten(JSON.stringify(steps.reduce<unknown>((at, step) => (at as Record<Step, unknown>)[step], plain)));
  const [finding] = SCHEMA_OF_SCHEMAS.check(plain, show);
  if (finding !== undefined) throw new Error(`${formatPath(finding.steps) || "it"}: ${finding.text}`);
  return new CheckedSchema(plain as Record<string, unknown>);
}
