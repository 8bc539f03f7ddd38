/**
 * Machine files from end to end: text in, configuration or findings out. Every file of a test is written into a folder of
 * its own; the plugins in it are plain modules that know nothing of this package, as third-party ones with their own copy of core.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isTraplineError, type MachineConfig, type PluginDefinition } from "../index.ts";
import { type Catalogue, formatMachineFileErrors, isMachineFileError, loadMachineFile, type MachineFileError } from "./index.ts";

const MiB = 1024 * 1024;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "trapline-machine-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A UART whose definition tells what it was made with. */
const UART = `
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
export default (options, context) => ({ name: context.name ?? "uart", apiVersion: 1, create() {}, fingerprint: options });
`;
const GUEST = `export default { name: "guest", apiVersion: 1, create() {} };`;

const catalogue: Catalogue = {
  pl011: {
    plugin: (options: { base: number }, context: { name?: string }): PluginDefinition => ({
      name: context.name ?? "pl011",
      apiVersion: 1,
      create() {},
      fingerprint: { pl011: options.base },
    }),
    options: { type: "object", properties: { base: { type: "integer" } }, required: ["base"] },
  },
};

function write(files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
}

function load(name = "machine.yaml"): Promise<MachineConfig> {
  return loadMachineFile(path.join(folder, name), { catalogue });
}

async function failure(name?: string): Promise<unknown> {
  return load(name).then(
    () => expect.unreachable("the machine file was taken"),
    (error: unknown) => error,
  );
}

/** The sentences of a wrong file, its folder left out. */
async function complaints(text: string | Uint8Array): Promise<string[]> {
  write({ "machine.yaml": text });
  const error = await failure();
  expect(isMachineFileError(error) && isTraplineError(error, "config")).toBe(true);
  return (error as Error).message.replaceAll(`${folder}${path.sep}`, "").split("\n");
}

/** What can be compared: functions are the plugins' own. */
function comparable(config: MachineConfig): unknown {
  return JSON.parse(JSON.stringify(config)) as unknown;
}

describe("a machine file in YAML", () => {
  it("takes the fields of MachineConfig, short forms written out", async () => {
    write({
      "guest.mjs": GUEST,
      "uart.mjs": UART,
      "machine.yaml": `
name: demo
memory: 128M
vcpus: 2
clock: virtual
unclaimed: raz-wi
quantum: 50_000
plugins:
  - ./guest.mjs
  - pl011: { base: 0x0900_0000 }
  - uart0: { use: ./uart.mjs, base: 0x0901_0000, gsi: 1, label: "128M" }
`,
    });
    expect(comparable(await load())).toEqual({
      name: "demo",
      memory: [{ base: 0x4000_0000, size: 128 * MiB }],
      vcpus: 2,
      clock: { kind: "virtual" },
      unclaimed: "raz-wi",
      quantum: 50_000,
      plugins: [
        { name: "guest", apiVersion: 1 },
        { name: "pl011", apiVersion: 1, fingerprint: { pl011: 0x0900_0000 } },
        { name: "uart0", apiVersion: 1, fingerprint: { base: 0x0901_0000, gsi: 1, label: "128M" } },
      ],
    });
  });

  it("takes the long forms", async () => {
    write({
      "machine.yaml": `
memory:
  - { base: 0x4000_0000, size: 1G }
  - { name: flash, base: 0, size: 64K, readOnly: true }
vcpus: [0, 1, 0x100]
clock: { kind: virtual, instructionsPerUs: 2000 }
plugins: []
`,
    });
    expect(await load()).toEqual({
      memory: [
        { base: 0x4000_0000, size: 1024 * MiB },
        { name: "flash", base: 0, size: 65536, readOnly: true },
      ],
      vcpus: [0, 1, 0x100],
      clock: { kind: "virtual", instructionsPerUs: 2000 },
      plugins: [],
    });
  });

  it("repeats options by an alias, and gives each plugin a copy of its own", async () => {
    write({
      "twin.mjs": `export default (options, context) => { options.list.push(1); return { name: context.name, apiVersion: 1, create() {}, fingerprint: options }; };`,
      "machine.yaml": "plugins:\n  - a: &twin { use: ./twin.mjs, list: [] }\n  - b: *twin\n",
    });
    expect((await load()).plugins.map(({ name, fingerprint }) => [name, fingerprint])).toEqual([
      ["a", { list: [1] }],
      ["b", { list: [1] }],
    ]);
  });

  it("finds a package from the folder of the machine file, through its exports", async () => {
    write({
      "node_modules/@acme/widget/package.json": `{ "name": "@acme/widget", "type": "module", "exports": { ".": { "import": "./widget.js" }, "./small": "./small.js" } }`,
      "node_modules/@acme/widget/widget.js": `export const plugin = { name: "widget", apiVersion: 1, create() {} }; export default 5;`,
      "node_modules/@acme/widget/small.js": `export default { name: "small", apiVersion: 1, create() {} };`,
      "boards/machine.yaml": `plugins:\n  - "@acme/widget"\n  - w2: { use: "@acme/widget" }\n  - "@acme/widget/small"\n`,
    });
    expect((await load("boards/machine.yaml")).plugins.map(({ name }) => name)).toEqual(["widget", "w2", "small"]);
  });

  it("gives a factory its instance name, the machine file, and paths relative to that", async () => {
    write({
      "disk.mjs": `export default (options, context) => ({ name: "disk", apiVersion: 1, create() {}, fingerprint: [context.name ?? null, context.file, context.resolve(options.image)] });`,
      "machine.yaml": "plugins:\n  - vda: { use: ./disk.mjs, image: images/a.img }\n",
    });
    const [disk] = (await load()).plugins;
    expect(disk).toMatchObject({ name: "vda", fingerprint: ["vda", path.join(folder, "machine.yaml"), path.join(folder, "images/a.img")] });
  });

  it("imports through the importer it is given", async () => {
    write({ "guest.ts": GUEST, "machine.yaml": "plugins: [./guest.ts]" });
    const asked: string[] = [];
    const importModule = async (url: string): Promise<unknown> => {
      asked.push(path.basename(url));
      return { default: { name: "imported", apiVersion: 1, create() {} } };
    };
    expect((await loadMachineFile(path.join(folder, "machine.yaml"), { importModule })).plugins[0]!.name).toBe("imported");
    expect(asked).toEqual(["guest.ts"]);
  });
});

describe("a machine file in TypeScript", () => {
  const CORE = JSON.stringify(path.resolve(import.meta.dirname, "../index.ts"));

  it.each([
    ["an object", (config: string) => `export default defineMachine(${config});`],
    ["a function", (config: string) => `export default () => defineMachine(${config});`],
    ["an asynchronous function", (config: string) => `export default async () => defineMachine(${config});`],
  ])("is the same machine as its YAML: %s", async (_, wrap) => {
    const typescript = `{
      name: "twins",
      memory: [{ base: 0x4000_0000, size: 64 * 1024 * 1024 }],
      vcpus: 2,
      clock: { kind: "host" },
      plugins: [guest, uart({ base: 0x0900_0000, gsi: 1 }, { name: "uart0" })],
    }`;
    write({
      "guest.mjs": GUEST,
      "uart.mjs": UART,
      "machine.ts": `import { defineMachine } from ${CORE};\nimport guest from "./guest.mjs";\nimport uart from "./uart.mjs";\n${wrap(typescript)}`,
      "machine.yaml": `
name: twins
memory: 64M
vcpus: 2
clock: host
plugins:
  - ./guest.mjs
  - uart0: { use: ./uart.mjs, base: 0x0900_0000, gsi: 1 }
`,
    });
    const fromYaml = await load("machine.yaml");
    expect(comparable(fromYaml)).toEqual(comparable(await load("machine.ts")));
    expect(fromYaml.plugins[1]!.fingerprint).toEqual({ base: 0x0900_0000, gsi: 1 });
  });

  it.each([
    [
      "export default 5;",
      "machine.mjs: the default export is 5, not a machine; write `export default defineMachine({ plugins: […] })`, or a function that returns that",
    ],
    [
      "export const machine = {};",
      "machine.mjs: the default export is missing, not a machine; write `export default defineMachine({ plugins: […] })`, or a function that returns that",
    ],
    ['export default () => { throw new Error("no disk"); };', "machine.mjs: its default export threw: no disk; make it return a machine"],
    ['throw new Error("too early");', "machine.mjs: the module does not load: too early; make `node` load it first"],
    [
      "export default { plugin: [] };",
      "machine.mjs: plugins is missing; add `plugins: …` (What the machine is made of. In this order plugins are attached and started; in reverse they stop.)\nmachine.mjs: plugin: there is no such key; did you mean plugins?",
    ],
    [
      "export default { vcpus: 1.5, plugins: [] };",
      "machine.mjs: vcpus: 1.5 is not a whole number or a list; How many, or their affinities as MPIDR_EL1 packs them. Default: 1 with a vCPU backend, 0 without.",
    ],
    [
      "export default { memory: [{ base: 0n, size: 1 }], plugins: [] };",
      "machine.mjs: memory[0].base: 0n is not a whole number; guest-physical address of its first byte: 0x4000_0000",
    ],
    [
      "export default { clock: () => 0, plugins: [] };",
      "machine.mjs: clock: a function is not a mapping; Where time comes from, with its settings.",
    ],
    [
      "export default { plugins: [() => 0] };",
      "machine.mjs: plugins[0]: this is no plugin: it has no name; list what definePlugin returns; a plugin that takes options must be called with them",
    ],
    [
      "export default { plugins: [null, { name: 'a' }] };",
      "machine.mjs: plugins[0]: this is no plugin: it has no name; list what definePlugin returns; a plugin that takes options must be called with them\nmachine.mjs: plugins[1]: plugin a was built for API version undefined, this core has version 1; install a version of the plugin that fits, or the core it wants",
    ],
  ])("is checked like YAML: %s", async (text, message) => {
    write({ "machine.mjs": text });
    const error = (await failure("machine.mjs")) as MachineFileError;
    expect(isMachineFileError(error)).toBe(true);
    expect(error.message.replaceAll(`${folder}${path.sep}`, "")).toBe(message);
    expect(error.line).toBeUndefined();
  });

  it("of a short name says whose those are, in a program that has none", async () => {
    write({ "machine.yaml": "plugins: [vgic-v3]\n" });
    const error = await loadMachineFile(path.join(folder, "machine.yaml")).catch((cause: unknown) => cause);
    expect((error as MachineFileError).message).toMatch(
      /plugins\[0\]: vgic-v3 is no package installed; looked in .*; this program has no short names, as the trapline command has: name a package's export; or install it there \(npm install vgic-v3\), or write \.\/vgic-v3/,
    );
  });

  it("says what to do where Node cannot load TypeScript", async () => {
    write({ "machine.ts": "export default {};" });
    const importModule = (): Promise<never> =>
      Promise.reject(Object.assign(new TypeError('Unknown file extension ".ts"'), { code: "ERR_UNKNOWN_FILE_EXTENSION" }));
    const error = await loadMachineFile(path.join(folder, "machine.ts"), { importModule }).catch((cause: unknown) => cause);
    expect((error as MachineFileError).hint).toMatch(/^this Node cannot load TypeScript from there: install tsx .*, start a program of yours with `node --import tsx`/);
  });
});

describe("a wrong machine file", () => {
  it("reports everything at once, in file order", async () => {
    write({ "uart.mjs": UART });
    const text = `
memroy: 128M
clock: virtul
plugins:
  - uart1: { use: ./uart.mjs, gis: 1, base: abc }
  - nowhere
  - uart2: { use: ./uart.mjs, base: 1, gsi: 9999 }
`;
    expect((await complaints(text)).map((line) => line.split(":").slice(1, 4).join(":"))).toEqual([
      "2:1: memroy",
      "3:8: clock",
      "5:31: plugins[0].uart1.gis",
      "5:45: plugins[0].uart1.base",
      "6:5: plugins[1]",
      "7:45: plugins[2].uart2.gsi",
    ]);
  });

  it("carries the facts apart from the sentence", async () => {
    write({ "machine.yaml": "plugins: []\nvcpus: 70_000\n" });
    expect(await failure()).toMatchObject({
      name: "MachineFileError",
      kind: "config",
      file: path.join(folder, "machine.yaml"),
      ...{ line: 2, column: 8, path: "vcpus", value: "70_000", hint: "use 65536 or less" },
      facts: { subject: "vcpus", value: "70_000" },
    });
  });

  it("is printed with its source line and a caret", async () => {
    write({ "machine.yaml": 'plugins: []\nvcpus:\t70_000 # many\nname: "\u001b[31m"\nclock: red\u202e\n' });
    const error = (await failure()) as MachineFileError;
    expect(formatMachineFileErrors(error).replaceAll(`${folder}${path.sep}`, "")).toBe(
      [
        "machine.yaml:2:8: vcpus: 70_000 is too large",
        "  2 | vcpus:\t70_000 # many",
        "    |       \t^~~~~~",
        "  hint: use 65536 or less",
        "machine.yaml:4:8: clock: red\ufffd is not virtual, host or a mapping",
        "  4 | clock: red\ufffd",
        "    |        ^~~~",
        "",
      ].join("\n"),
    );
  });

  it("keeps a finding on one line, whatever it quotes", async () => {
    write({ "loud.mjs": `throw new Error("\\u001b[31mred\\n" + "and on ".repeat(1000));` });
    const [line, ...more] = await complaints("plugins: [./loud.mjs]\n");
    expect(more).toEqual([]);
    expect(line).toMatch(
      /^machine\.yaml:1:11: plugins\[0\]: plugin module \.\/loud\.mjs does not load: \ufffd\[31mred and on .{400,500}…; make `node` load it first$/,
    );
  });

  it("blames a plugin whose factory throws, by name and with what it threw", async () => {
    write({
      "bad.mjs": `export default () => { throw new RangeError("off by one"); };`,
      "machine.yaml": "plugins:\n  - uart7: { use: ./bad.mjs }\n",
    });
    expect(await failure()).toMatchObject({
      kind: "plugin",
      plugin: "uart7",
      phase: "define",
      facts: { cause: new RangeError("off by one") },
    });
  });

  it("blames a plugin whose factory returns none", async () => {
    write({ "bad.mjs": "export default () => 5;", "machine.yaml": "plugins: [./bad.mjs]\n" });
    expect(await failure()).toMatchObject({
      kind: "plugin",
      plugin: "./bad.mjs",
      message: "plugin ./bad.mjs failed in define: its factory returned no plugin; return what definePlugin returns",
    });
  });

  it.each([
    ["machine.json", 'a machine file does not end in ".json"'],
    ["machine", 'a machine file does not end in ""'],
  ])("is refused by its name: %s", async (name, text) => {
    expect(await failure(name)).toMatchObject({ line: undefined, problems: [{ text }] });
  });

  it.each(["missing.yaml", "missing.ts"])("that is not there keeps the reason: %s", async (name) => {
    expect(await failure(name)).toMatchObject({ kind: "config", facts: { cause: { code: "ENOENT" } } });
  });
});
