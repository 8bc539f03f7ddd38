/** The published schema: up to date, and of one mind with the loader. */
import { Validator } from "@cfworker/json-schema";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isMachineFileError, machineSchema, parseMachineFile } from "./index.ts";

const thing = {
  plugin: (_options: unknown, context: { name?: string }) => ({ name: context.name ?? "thing", apiVersion: 1, create() {} }),
  options: {
    type: "object",
    properties: {
      base: { type: "integer", description: "first address" },
      rate: { type: ["number", "null"] },
      part: { $ref: "#/$defs/part" },
    },
    required: ["base"],
    additionalProperties: false,
    $defs: { part: { type: "array", items: { type: "integer" } } },
  },
};
const catalogue = { thing, "odd/name": thing };

/** What an editor thinks of it: plain YAML 1.2 values against the published schema. */
function editorAccepts(text: string): boolean {
  return new Validator(structuredClone(machineSchema(catalogue)), "2020-12").validate(parse(text)).valid;
}

async function loaderAccepts(text: string): Promise<boolean> {
  return parseMachineFile(text, "machine.yaml", { catalogue }).then(
    () => true,
    (error: unknown) => (isMachineFileError(error) ? false : Promise.reject(error as Error)),
  );
}

describe("the published schema", () => {
  it("is what the source says (after a change: npx vitest run packages/core/src/machine-file -u)", async () => {
    await expect(`${JSON.stringify(machineSchema(), undefined, 2)}\n`).toMatchFileSnapshot("../../schema/machine.schema.json");
  });

  it.each([
    [true, "plugins: []"],
    [true, "name: x\nmemory: 128M\nvcpus: 0x2\nclock: virtual\nunclaimed: raz-wi\nquantum: 1_000\nplugins: []"],
    [
      true,
      "memory: [{ base: 0x4000_0000, size: 128MiB, readOnly: true, name: ram }]\nvcpus: [0, 0x1_00]\nclock: { kind: virtual, instructionsPerUs: 1K }\nplugins: []",
    ],
    [true, "plugins:\n  - thing: { base: 0x0900_0000, rate: 1.5, part: [1, 0x2_0] }\n"],
    [true, "plugins:\n  - t: { use: thing, base: 64K, rate: null }\n"],
    [true, "plugins:\n  - odd/name: { base: 1, part: [0b1_1] }\n"],
    [false, "{}"],
    [false, "plugins: {}"],
    [false, "plugins: [5]"],
    [false, "plugins: [{ a: 5 }]"],
    [false, "plugins: [{ a: {}, b: {} }]"],
    [false, "plugins: []\nmemroy: 1M"],
    [false, "plugins: []\nmemory: 128MB"],
    [false, "plugins: []\nmemory: [{ base: 0 }]"],
    [false, "plugins: []\nvcpus: 70000"],
    [false, "plugins: []\nclock: { kind: host, instructionsPerUs: 1 }"],
    [false, "plugins: []\nclock: virtul"],
    [false, "plugins:\n  - thing: { base: abc }\n"],
    [false, "plugins:\n  - thing: { base: 1, bse: 1 }\n"],
    [false, "plugins:\n  - t: { use: thing, base: 1, bse: 1 }\n"],
    [false, "plugins:\n  - t: { use: thing }\n"],
    [false, "plugins:\n  - odd/name: { base: 1, part: [a] }\n"],
  ])("agrees with the loader: %s %j", async (accepted, text) => {
    expect([editorAccepts(text), await loaderAccepts(text)]).toEqual([accepted, accepted]);
  });

  it("describes every key, and the options of every plugin in the catalogue", () => {
    const schema = machineSchema(catalogue) as { properties: Record<string, { description?: string }>; $defs: Record<string, unknown> };
    expect(Object.entries(schema.properties).filter(([, { description = "" }]) => !/\w/.test(description))).toEqual([]);
    expect(Object.keys(schema.$defs)).toEqual(["plugin", "options-odd/name", "options-thing"]);
    expect(schema.$defs["options-thing"]).toMatchObject({
      properties: { use: {}, base: { description: "first address" }, part: { $ref: "#/$defs/options-thing/$defs/part" } },
    });
  });
});
