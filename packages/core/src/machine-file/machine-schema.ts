/**
 * The schema of a machine: the one source of what a machine file may say. From it come the checks of machine files in YAML
 * and TypeScript, and the published schema/machine.schema.json that editors complete from (docs/machine-files.md).
 *
 * JSON Schema 2020-12. The published form differs in one thing: where a number belongs it also admits text of the form
 * `0x0900_0000` or `64K`, because an editor's YAML takes those for text.
 */
import { encodePointer } from "@cfworker/json-schema";
import { hex } from "../ids.ts";
import { MAX_MEMORY_BYTES } from "../memory/guest-memory.ts";
import { MAX_VCPUS } from "../vcpu/topology.ts";
import { forEditors, type JsonSchema, moveReferences } from "./editor-schema.ts";
import type { Catalogue } from "./plugin-module.ts";

/** Where `memory: 128M` puts it: the base of RAM on QEMU's `virt` board (hw/arm/virt.c, VIRT_MEM). */
export const DEFAULT_RAM_BASE = 0x4000_0000;

const address = (description: string): JsonSchema => ({ type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

const REGION_SIZE: JsonSchema = {
  type: "integer",
  minimum: 1,
  maximum: MAX_MEMORY_BYTES,
  description: "size in bytes: 128M, 64K, 0x1000",
};

const REGION: JsonSchema = {
  type: "object",
  description: "One region of guest memory.",
  properties: {
    name: { type: "string", minLength: 1, description: "Default: ram, ram1, …" },
    base: address("guest-physical address of its first byte: 0x4000_0000"),
    size: REGION_SIZE,
    readOnly: { type: "boolean", description: "Guests cannot write it; host and loaders can. Default false." },
  },
  required: ["base", "size"],
  additionalProperties: false,
};

const REGIONS: JsonSchema = {
  type: "array",
  items: REGION,
  description: "Regions of guest memory; they must not overlap. At most 4 GiB in all.",
};

const VCPUS: JsonSchema = {
  description: "How many, or their affinities as MPIDR_EL1 packs them. Default: 1 with a vCPU backend, 0 without.",
  anyOf: [
    { type: "integer", minimum: 0, maximum: MAX_VCPUS },
    { type: "array", items: { type: "integer", minimum: 0, maximum: 0xffff_ffff }, maxItems: MAX_VCPUS, uniqueItems: true },
  ],
};

const CLOCK: JsonSchema = {
  type: "object",
  description: "Where time comes from, with its settings.",
  properties: {
    kind: { enum: ["virtual", "host"], description: "virtual: advances with retired instructions, deterministic. host: real time." },
    instructionsPerUs: {
      type: "integer",
      minimum: 1,
      maximum: 1_000_000,
      description: "Of the virtual clock: retired instructions that make one microsecond. Default 1000.",
    },
  },
  required: ["kind"],
  additionalProperties: false,
  if: { properties: { kind: { const: "host" } }, required: ["kind"] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { properties: { instructionsPerUs: false } },
};

const COMMON: JsonSchema = {
  name: { type: "string", minLength: 1, description: "Name of the machine, in traces and messages. Default: machine." },
  vcpus: VCPUS,
  unclaimed: {
    enum: ["raz-wi", "external-abort"],
    description: "Accesses nobody claims: read as zero and ignore writes, or abort as real hardware does. Default external-abort.",
  },
  quantum: {
    type: "integer",
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Instructions of one vCPU's turn. Default 50 000.",
  },
};

const PLUGINS = "What the machine is made of. In this order plugins are attached and started; in reverse they stop.";

/** What a machine file in YAML may hold, plugin entries aside: those have a grammar of their own (plugin-entry.ts). */
export const YAML_MACHINE: JsonSchema = {
  type: "object",
  description: "A machine: a mapping that holds at least `plugins`.",
  properties: {
    ...COMMON,
    memory: {
      description: `Guest memory: a size, placed at ${hex(DEFAULT_RAM_BASE)}, or a list of regions.`,
      anyOf: [REGION_SIZE, REGIONS],
    },
    clock: {
      description: "virtual: advances with retired instructions, deterministic (the default). host: real time.",
      anyOf: [{ enum: ["virtual", "host"] }, CLOCK],
    },
    plugins: { type: "array", description: PLUGINS },
  },
  required: ["plugins"],
  additionalProperties: false,
};

/** What a machine file in TypeScript may export: MachineConfig, where nothing has a short form. */
export const CONFIG: JsonSchema = {
  type: "object",
  description: "A machine: a mapping that holds at least `plugins`.",
  properties: { ...COMMON, memory: REGIONS, clock: CLOCK, plugins: { type: "array", description: PLUGINS }, parent: true },
  required: ["plugins"],
  additionalProperties: false,
};

/**
 * The schema for editors. With a catalogue, the names and options of its plugins are completed too; without one, this is
 * what schema/machine.schema.json holds.
 */
export function machineSchema(catalogue: Catalogue = {}): JsonSchema {
  const machine = forEditors(YAML_MACHINE) as JsonSchema;
  const names = Object.keys(catalogue).sort();
  const definitions: { [name: string]: JsonSchema } = {};
  for (const name of names) {
    const options = (catalogue[name]!.options ?? { type: "object" }) as JsonSchema;
    definitions[`options-${name}`] = moveReferences(withUse(forEditors(options) as JsonSchema, name), optionsPlace(name)) as JsonSchema;
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Trapline machine",
    ...machine,
    properties: {
      ...(machine["properties"] as JsonSchema),
      plugins: { type: "array", description: PLUGINS, items: { $ref: "#/$defs/plugin" } },
    },
    $defs: { plugin: pluginEntry(names), ...definitions },
  };
}

/** Three forms: `SPEC`, `SPEC: { options }`, `NAME: { use: SPEC, options }`. */
function pluginEntry(names: readonly string[]): JsonSchema {
  const spec: JsonSchema = {
    description: "A plugin: the name of a built-in one, a path beginning with ./ (relative to this file), or a package.",
    anyOf: [...(names.length === 0 ? [] : [{ enum: names }]), { type: "string", minLength: 1 }],
  };
  return {
    description: "PLUGIN, or PLUGIN: { its options }, or NAME: { use: PLUGIN, its options }.",
    anyOf: [
      spec,
      {
        type: "object",
        minProperties: 1,
        maxProperties: 1,
        properties: Object.fromEntries(names.map((name) => [name, { anyOf: [{ type: "null" }, optionsOf(name)] }])),
        additionalProperties: {
          anyOf: [
            { type: "null" },
            {
              type: "object",
              description: "One plugin: `use` names it, everything else are its options. Without `use`, the key names it.",
              properties: { use: spec },
              ...(names.length === 0 ? {} : { allOf: names.map(whenUsed) }),
            },
          ],
        },
      },
    ],
  };
}

function whenUsed(name: string): JsonSchema {
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  return { if: { properties: { use: { const: name } }, required: ["use"] }, then: optionsOf(name) };
}

function optionsOf(name: string): JsonSchema {
  return { $ref: optionsPlace(name) };
}

function optionsPlace(name: string): string {
  return `#/$defs/options-${encodePointer(name)}`;
}

/** Options stand beside `use` in a machine file. */
function withUse(options: JsonSchema, name: string): JsonSchema {
  const use: JsonSchema = { type: "string", description: `The plugin: ${name}.` };
  return { ...options, properties: { use, ...(options["properties"] as JsonSchema | undefined) } };
}
