/** Wrong machine files and the exact answer to each: one row, one mistake. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Catalogue, isMachineFileError, loadMachineFile, MAX_FILE_BYTES, MAX_VALUES } from "./index.ts";

/** The modules that rows name, written into the folder of the machine file. */
const MODULES = {
  "guest.mjs": `export default { name: "guest", apiVersion: 1, create() {} };`,
  "uart.mjs": `
    export const options = {
      type: "object",
      properties: {
        base: { type: "integer", minimum: 0, description: "guest-physical address" },
        gsi: { type: "integer", minimum: 0, maximum: 1019 },
        trigger: { enum: ["level", "edge"] },
        label: { type: "string" },
      },
      required: ["base"],
      additionalProperties: false,
    };
    export default (options, context) => ({ name: context.name ?? "uart", apiVersion: 1, create() {} });
  `,
  "broken.mjs": `throw new Error("no luck");`,
  "other.mjs": "export default 'a string'; export const five = 5;",
  "future.mjs": `export default { name: "future", apiVersion: 2, create() {} };`,
  "odd-options.mjs": `export const options = { type: "object", properties: { base: { type: "int" } } }; export default () => {};`,
  "strict.mjs": `export default ({ base }) => {
    throw Object.assign(new Error("base " + base + " is odd"), { traplineError: true, kind: "config" });
  };`,
};
const catalogue: Catalogue = { pl011: { plugin: () => ({ name: "pl011", apiVersion: 1, create() {} }) } };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "trapline-wrong-"));
  for (const [name, content] of Object.entries(MODULES)) writeFileSync(path.join(folder, name), content);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The sentences of a wrong file. */
async function complaints(text: string | Uint8Array): Promise<string[]> {
  writeFileSync(path.join(folder, "machine.yaml"), text);
  const error: unknown = await loadMachineFile(path.join(folder, "machine.yaml"), { catalogue }).catch((cause: unknown) => cause);
  expect(isMachineFileError(error)).toBe(true);
  return (error as Error).message.replaceAll(`${folder}${path.sep}`, "").replaceAll(folder, "FOLDER").split("\n");
}

describe("a wrong machine file", () => {
  const REGION_KEYS = "the keys here are name, base, size, readOnly";
  it.each([
    // the file
    ["", "machine.yaml:1:1: the file is empty; a machine needs at least `plugins:` and a list"],
    ["# only a comment\n", "machine.yaml:1:1: the file is empty; a machine needs at least `plugins:` and a list"],
    ["5", "machine.yaml:1:1: 5 is not a mapping; A machine: a mapping that holds at least `plugins`."],
    ["plugins: []\n---\nplugins: []\n", "machine.yaml:2:1: a second document begins here; write one machine per file, without ---"],
    // syntax
    ["plugins: [\n", "machine.yaml:2:1: flow sequence in block collection must be sufficiently indented and end with a ]"],
    ["plugins: []\nname: 'x\n", "machine.yaml:3:1: missing closing 'quote"],
    ["plugins:\n\t- x\n", "machine.yaml:2:1: tabs are not allowed as indentation; indent with spaces"],
    [
      "plugins: []\nname: *nobody\n",
      "machine.yaml:2:7: name: nothing before this is anchored as &nobody; an alias repeats something that ended before it",
    ],
    [
      "plugins: &p [*p]\n",
      "machine.yaml:1:14: plugins[0]: nothing before this is anchored as &p; an alias repeats something that ended before it",
    ],
    ["plugins: []\nname: !secret x\n", "machine.yaml:2:7: unresolved tag: !secret; machine files use no tags: leave it out"],
    [
      "plugins: !!seq []\n",
      "machine.yaml:1:16: plugins: the tag tag:yaml.org,2002:seq has no meaning here; machine files use no tags: leave it out",
    ],
    [
      "plugins: []\n<<: { name: x }\n",
      "machine.yaml:2:1: this key has no meaning; machine files have no merge keys: write the keys out, or use an alias for the whole mapping",
    ],
    ["plugins: []\n? [a]\n: 1\n", "machine.yaml:2:3: a key must be a plain word; write `key: value`, without ? and tags"],
    [
      "plugins: []\nname: a\nname: b\n",
      "machine.yaml:3:1: name: the key name is given twice; the first one is in line 2; keep one of them",
    ],
    [
      'plugins: []\nname: "\\uD800"\n',
      "machine.yaml:2:7: name: half a character (a lone surrogate); write the character itself, or \\U with its eight digits",
    ],
    ['plugins: []\n"\\uD800": 1\n', "machine.yaml:2:1: this key has no meaning; write it without surrogate escapes"],
    ["name: &n x\n*n : y\nplugins: []\n", "machine.yaml:2:1: a key must be a plain word; write `key: value`, without ? and tags"],
    // scalars
    [
      "plugins: []\nquantum: 0x20_0000_0000_0001\n",
      "machine.yaml:2:10: quantum: 0x20_0000_0000_0001: a number this large cannot be held exactly; stay within ±(2^53 − 1), or quote it if it is meant as text",
    ],
    ["plugins: []\nquantum: .inf\n", "machine.yaml:2:10: quantum: .inf: a number must be finite; quote it if it is meant as text"],
    // fields
    ["memroy: 1M\nplugins: []\n", "machine.yaml:1:1: memroy: there is no such key; did you mean memory?"],
    [
      "zzz: 1M\nplugins: []\n",
      "machine.yaml:1:1: zzz: there is no such key; the keys here are name, vcpus, unclaimed, quantum, memory, clock, plugins",
    ],
    [
      "__proto__: 1\nplugins: []\n",
      "machine.yaml:1:1: __proto__: there is no such key; the keys here are name, vcpus, unclaimed, quantum, memory, clock, plugins",
    ],
    ["name: 5\nplugins: []\n", "machine.yaml:1:7: name: 5 is not text; put it in quotes if it is meant as text"],
    ["name: ''\nplugins: []\n", "machine.yaml:1:7: name: '' is too short; use at least 1 characters"],
    ["vcpus: 65537\nplugins: []\n", "machine.yaml:1:8: vcpus: 65537 is too large; use 65536 or less"],
    ["vcpus: -1\nplugins: []\n", "machine.yaml:1:8: vcpus: -1 is too small; use 0 or more"],
    [
      "vcpus: two\nplugins: []\n",
      "machine.yaml:1:8: vcpus: two is not a whole number or a list; write a number as in 4096, 0x0900_0000 or 64K",
    ],
    ['vcpus: "2"\nplugins: []\n', 'machine.yaml:1:8: vcpus: "2" is not a whole number or a list; leave out the quotes'],
    ["vcpus: [0, 1, 0]\nplugins: []\n", "machine.yaml:1:1: vcpus: the list has the same item twice; Duplicate items at indexes 0 and 2."],
    [
      "vcpus:\nplugins: []\n",
      "machine.yaml:1:1: vcpus: nothing is not a whole number or a list; How many, or their affinities as MPIDR_EL1 packs them. Default: 1 with a vCPU backend, 0 without.",
    ],
    ["memory: 5G\nplugins: []\n", "machine.yaml:1:9: memory: 5G is too large; use 4G or less"],
    [
      "memory: [{ base: 0 }]\nplugins: []\n",
      "machine.yaml:1:10: memory[0]: size is missing; add `size: …` (size in bytes: 128M, 64K, 0x1000)",
    ],
    ["memory: [{ base: 0, size: 1, x: 1 }]\nplugins: []\n", `machine.yaml:1:30: memory[0].x: there is no such key; ${REGION_KEYS}`],
    [
      "memory: [{ base: 0, size: 8K }, { base: 4K, size: 1 }]\nplugins: []\n",
      "machine.yaml:1:33: memory[1]: the region overlaps memory[0]; move or shrink one of the two",
    ],
    [
      "memory: [{ base: 0, size: 3G }, { base: 8G, size: 2G }]\nplugins: []\n",
      "machine.yaml:1:33: memory[1]: with this region the memory exceeds 4G in all; give the machine less",
    ],
    [
      "memory: [{ base: 0x1f_ffff_ffff_ffff, size: 2 }]\nplugins: []\n",
      "machine.yaml:1:10: memory[0]: the region ends above 2^53; move it down or shrink it",
    ],
    ["clock: virtul\nplugins: []\n", "machine.yaml:1:8: clock: virtul is not virtual, host or a mapping; did you mean virtual?"],
    [
      "clock: { kind: host, instructionsPerUs: 5 }\nplugins: []\n",
      "machine.yaml:1:22: clock.instructionsPerUs: there is no such key; leave it out",
    ],
    [
      "clock: { kind: virtual, instructionsPerUs: 0 }\nplugins: []\n",
      "machine.yaml:1:44: clock.instructionsPerUs: 0 is too small; use 1 or more",
    ],
    ["unclaimed: raz\nplugins: []\n", "machine.yaml:1:12: unclaimed: raz is not raz-wi or external-abort"],
    [
      "name: x\n",
      "machine.yaml:1:1: plugins is missing; add `plugins: …` (What the machine is made of. In this order plugins are attached and started; in reverse they stop.)",
    ],
    [
      "plugins: {}\n",
      "machine.yaml:1:1: plugins: a mapping is not a list; What the machine is made of. In this order plugins are attached and started; in reverse they stop.",
    ],
    // plugin entries
    [
      "plugins: [5]\n",
      "machine.yaml:1:11: plugins[0]: this is no plugin; write PLUGIN, or PLUGIN: { options }, or NAME: { use: PLUGIN, options }",
    ],
    [
      "plugins:\n  - { use: pl011, base: 0 }\n",
      "machine.yaml:2:5: plugins[0]: a plugin with `use` needs a name; write it as NAME: { use: PLUGIN, … }",
    ],
    [
      "plugins:\n  - a:\n    b:\n",
      "machine.yaml:2:5: plugins[0]: 2 plugins in one item of the list; begin each plugin with `- `, and indent its options below its name",
    ],
    [
      "plugins:\n  - pl011: 5\n",
      "machine.yaml:2:12: plugins[0].pl011: options must be a mapping; write PLUGIN, or PLUGIN: { options }, or NAME: { use: PLUGIN, options }",
    ],
    [
      "plugins:\n  - a: { use: 5 }\n",
      "machine.yaml:2:15: plugins[0].a.use: `use` names no plugin; give a short name, a package, or a path that begins with ./",
    ],
    [
      "plugins: [pl01]\n",
      "machine.yaml:1:11: plugins[0]: pl01 is no built-in plugin and no package installed; looked in node_modules and the folders above; did you mean pl011?",
    ],
    [
      "plugins:\n  - w: { use: '@acme/widget/x' }\n",
      "machine.yaml:2:15: plugins[0].w.use: @acme/widget/x is no built-in plugin and no package installed; looked in node_modules and the folders above; install it there (npm install @acme/widget), or write ./@acme/widget/x for a file beside the machine file",
    ],
    [
      "plugins: [node:fs]\n",
      "machine.yaml:1:11: plugins[0]: node:fs is no plugin: it is a node: module; name a package, or a path that begins with ./",
    ],
    [
      "plugins: ['data:text/javascript,0']\n",
      "machine.yaml:1:11: plugins[0]: data:text/javascript,0 is no plugin: it is a data: module; name a package, or a path that begins with ./",
    ],
    [
      "plugins: [./gust.mjs]\n",
      "machine.yaml:1:11: plugins[0]: there is no plugin ./gust.mjs; looked for gust.mjs; did you mean ./guest.mjs?",
    ],
    ["plugins: [./]\n", "machine.yaml:1:11: plugins[0]: ./ is no file but a folder or a device: FOLDER; name the module in it"],
    [
      "plugins: [./broken.mjs]\n",
      "machine.yaml:1:11: plugins[0]: plugin module ./broken.mjs does not load: no luck; make `node` load it first",
    ],
    [
      "plugins: [./other.mjs]\n",
      "machine.yaml:1:11: plugins[0]: ./other.mjs exports no plugin; it exports default, five; let its default export, or `plugin`, be what definePlugin returns, or a function (options, context) that returns one",
    ],
    [
      "plugins: [./guest.mjs, ./guest.mjs]\n",
      "machine.yaml:1:24: plugins[1]: the plugin name guest is taken by plugins[0], line 1; give one a name of its own: NAME: { use: ./guest.mjs }",
    ],
    [
      "plugins:\n  - ./guest.mjs: { rate: 3 }\n",
      'machine.yaml:2:20: plugins[0]["./guest.mjs"].rate: plugin ./guest.mjs takes no options; leave them out',
    ],
    [
      "plugins: [./future.mjs]\n",
      "machine.yaml:1:11: plugins[0]: plugin future was built for API version 2, this core has version 1; install a version of the plugin that fits, or the core it wants",
    ],
    // options
    ["plugins: [./uart.mjs]\n", "machine.yaml:1:11: plugins[0]: base is missing; add `base: …` (guest-physical address)"],
    [
      "plugins:\n  - u: { use: ./uart.mjs, base: 1, gsi: 1020 }\n",
      "machine.yaml:2:41: plugins[0].u.gsi: 1020 is too large; use 1019 or less",
    ],
    [
      "plugins:\n  - u: { use: ./uart.mjs, bse: 1, base: 1 }\n",
      "machine.yaml:2:27: plugins[0].u.bse: there is no such key; did you mean base?",
    ],
    [
      "plugins:\n  - u: { use: ./uart.mjs, base: 1, trigger: levl }\n",
      "machine.yaml:2:45: plugins[0].u.trigger: levl is not level or edge; did you mean level?",
    ],
    [
      "plugins:\n  - u: { use: ./uart.mjs, base: 1, label: 128M }\n",
      "machine.yaml:2:43: plugins[0].u.label: 128M is not text; put it in quotes if it is meant as text",
    ],
    [
      "plugins:\n  - u: { use: ./odd-options.mjs }\n",
      'machine.yaml:2:15: plugins[0].u.use: the options of plugin ./odd-options.mjs are described by a broken schema: properties.base.type: "int" is not array, boolean, integer, null, number, object, string or a list; tell its author',
    ],
    ["plugins:\n  - u: { use: ./strict.mjs, base: 1 }\n", "machine.yaml:2:5: plugins[0].u: plugin u refuses its options: base 1 is odd"],
  ])("%j", async (text, message) => {
    expect(await complaints(text)).toEqual([message]);
  });
});

describe("bounds", () => {
  it.each<[string, string | Uint8Array, string]>([
    [
      "size",
      "#".repeat(MAX_FILE_BYTES + 1),
      "machine.yaml: the file is larger than 1048576 bytes; keep a machine file below 1 MiB; put data into files that it names",
    ],
    [
      "encoding",
      new Uint8Array([0x61, 0x3a, 0x0a, 0x62, 0xff, 0x63]),
      "machine.yaml:2:2: the file is not UTF-8 text from here on; save it as UTF-8",
    ],
    [
      "nesting",
      `plugins: ${"[".repeat(500_000)}`,
      "machine.yaml:1:73: the file nests deeper than 64 levels; a machine file needs far less; put data into files that it names",
    ],
    [
      "tokens",
      "- 1\n".repeat(250_000),
      "machine.yaml:20001:1: the file has more than 100000 tokens; a machine file needs far less; put data into files that it names",
    ],
    [
      "values",
      `plugins: [${"1,".repeat(MAX_VALUES)}]`,
      `machine.yaml:1:20007: plugins[${MAX_VALUES - 2}]: the file has more than ${MAX_VALUES} values, aliases counted as often as used; a machine file needs far less; put data into files that it names`,
    ],
    [
      "billion laughs",
      `a: &a [1,1,1,1,1,1,1,1,1,1]\n${[..."bcdefghi"].map((key, index) => `${key}: &${key} [${Array(10).fill(`*${"abcdefgh"[index]!}`).join(",")}]\n`).join("")}`,
      `machine.yaml:4:29: d[7]: the file has more than ${MAX_VALUES} values, aliases counted as often as used; a machine file needs far less; put data into files that it names`,
    ],
    [
      "keys",
      Array.from({ length: 30_000 }, (_, index) => `k${index}: 1\n`).join(""),
      "machine.yaml:14286:9: the file has more than 100000 tokens; a machine file needs far less; put data into files that it names",
    ],
  ])("%s", { timeout: 5000 }, async (_, text, message) => {
    expect(await complaints(text)).toEqual([message]);
  });

  it("keeps a thousand findings and counts the rest", async () => {
    const lines = await complaints(`plugins: [${"5,".repeat(1500)}]`);
    expect([lines.length, lines.at(-1)]).toEqual([1001, "machine.yaml: 500 more"]);
  });
});
