/** Whatever the bytes, a machine file gives a configuration or a MachineFileError: nothing else is thrown, nothing hangs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { formatMachineFileErrors, isMachineFileError, parseMachineFile } from "./index.ts";

const catalogue = {
  thing: {
    plugin: () => ({ name: "thing", apiVersion: 1, create() {} }),
    options: {
      type: "object",
      properties: {
        base: { type: "integer" },
        mode: { anyOf: [{ enum: ["a", "b"] }, { type: "object", properties: { kind: { const: "c" } }, required: ["kind"] }] },
        list: { type: "array", items: { $ref: "#/$defs/item" } },
      },
      additionalProperties: false,
      $defs: {
        item: {
          oneOf: [
            { type: "string", pattern: "^a+$" },
            { type: "array", prefixItems: [{ type: "number" }], items: false },
          ],
        },
      },
    },
  },
};

/** Any finding, and that it can be printed; an error of another kind fails. */
async function taken(text: string | Uint8Array): Promise<boolean> {
  try {
    await parseMachineFile(text, "machine.yaml", { catalogue });
    return true;
  } catch (error) {
    if (!isMachineFileError(error)) throw error;
    expect(formatMachineFileErrors(error)).toContain("machine.yaml");
    for (const { line, column, text: sentence } of error.problems) {
      expect(line).toBeGreaterThan(0);
      expect(column).toBeGreaterThan(0);
      expect(sentence).not.toBe("");
    }
    return false;
  }
}

const words = fc.constantFrom(
  "name",
  "memory",
  "vcpus",
  "clock",
  "unclaimed",
  "quantum",
  "plugins",
  "use",
  "thing",
  "base",
  "mode",
  "list",
  "kind",
  "virtual",
  "128M",
  "0x10",
  "__proto__",
  "constructor",
  "<<",
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    words,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: "binary" }),
    tie("list"),
    tie("mapping"),
  ),
  list: fc.array(tie("value"), { maxLength: 4 }),
  mapping: fc.dictionary(fc.oneof(words, fc.string()), tie("value"), { maxKeys: 4 }),
}));

describe("any machine file", () => {
  it("of any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => void (await taken(bytes))),
      { numRuns: 500 },
    );
  });

  it("of any text made of YAML's own signs", async () => {
    const sign = fc.constantFrom(
      ..."[]{},:?-&*!|>'\"%@#\n\n  \t~",
      "a",
      "- ",
      ": ",
      "\n  ",
      "---\n",
      "...\n",
      "&x ",
      "*x",
      "!!str ",
      "<<: ",
      "plugins: ",
      "0x",
      "\\u",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(sign, { maxLength: 60 }), async (signs) => void (await taken(signs.join("")))),
      { numRuns: 2000 },
    );
  });

  it("of any value, at the top, in a field, and among a plugin's options", async () => {
    const machine = fc.oneof(
      anyValue,
      fc.record(
        { plugins: fc.constant([]), memory: anyValue, vcpus: anyValue, clock: anyValue, name: anyValue },
        { requiredKeys: ["plugins"] },
      ),
      fc.record({
        plugins: fc.array(
          fc.oneof(
            anyValue,
            fc.record({ thing: anyValue }),
            fc.record({
              t: fc.record({ use: fc.constant("thing"), base: anyValue, mode: anyValue, list: anyValue }, { requiredKeys: ["use"] }),
            }),
          ),
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(machine, async (value) => void (await taken(stringify(value, { version: "1.2" })))),
      { numRuns: 1000 },
    );
  });

  it("of any memory that fits means the numbers it says", async () => {
    const region = fc.record({ base: fc.integer({ min: 0, max: 0xffff }), pages: fc.integer({ min: 1, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(region, fc.constantFrom("dec", "hex", "size"), async ({ base, pages }, form) => {
        const written = { dec: `${pages * 4096}`, hex: `0x${(pages * 4096).toString(16).replace(/(...)$/, "_$1")}`, size: `${pages * 4}K` }[
          form
        ];
        const { memory } = await parseMachineFile(`memory: [{ base: ${base}, size: ${written} }]\nplugins: []`, "machine.yaml");
        expect(memory).toEqual([{ base, size: pages * 4096 }]);
      }),
    );
  });
});
