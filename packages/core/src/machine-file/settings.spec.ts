/** Values set over those of a machine file: where they go, and what is said of those that are wrong. */
import type { PluginDefinition } from "../machine/vmm-plugin.ts";
import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../machine/machine-config.ts";
import { formatMachineFileErrors, isMachineFileError, loadMachineFile, parseMachineFile } from "./index.ts";

const FILE = `
memory: 1M
plugins:
  - pl011
  - left: { use: counter, base: 0x1000 }
  - right: { use: counter, base: 0x2000, step: 16 }
  - vgic: { spis: 64 }
  - ./guest.ts
`;
const options = { type: "object", properties: { base: { type: "integer" }, step: { type: "integer" }, at: {}, spis: { type: "integer" } }, additionalProperties: false };
/** What each plugin was given. */
const plugin = (given: unknown, { name }: { name?: string }): PluginDefinition => ({ name: name ?? "plugin", apiVersion: 1, create: () => {}, fingerprint: given as never });
const catalogue = { pl011: { plugin: (given: object) => ({ ...plugin(given, { name: "pl011" }) }), options }, counter: { plugin, options }, vgic: { plugin: (given: object) => plugin(given, { name: "vgic" }), options } };

async function machine(...settings: readonly string[]): Promise<MachineConfig> {
  const importModule = (): Promise<unknown> => Promise.resolve({ default: { name: "guest", apiVersion: 1, create: () => {} } });
  return parseMachineFile(FILE.replace("./guest.ts", "./settings.spec.ts"), import.meta.filename, { catalogue, importModule, settings: settings.map((text) => ({ text })) });
}
const given = ({ plugins }: MachineConfig): unknown => Object.fromEntries(plugins.map(({ name, fingerprint }) => [name, fingerprint]));

describe("a setting", () => {
  it.each<[settings: readonly string[], field: string, value: unknown]>([
    [["memory=2M"], "memory", [{ base: 0x4000_0000, size: 0x20_0000 }]],
    [["memory=[{ base: 0, size: 64K }]", "memory[0].size=128K"], "memory", [{ base: 0, size: 0x2_0000 }]],
    [["name=demo"], "name", "demo"],
    [['name="1"'], "name", "1"],
    [["clock.kind=virtual", "clock.instructionsPerUs=100"], "clock", { kind: "virtual", instructionsPerUs: 100 }],
    [["vcpus=2", "vcpus=4"], "vcpus", 4], // the last one
  ])("%o", async (settings, field, value) => {
    expect((await machine(...settings))[field as keyof MachineConfig]).toEqual(value);
  });

  it.each<[setting: string, plugin: string, options: unknown]>([
    ["plugins.left.base=0x3000", "left", { base: 0x3000 }],
    ["plugins.right.step=1", "right", { base: 0x2000, step: 1 }],
    ["plugins[1].left.step=0b11", "left", { base: 0x1000, step: 3 }],
    ["plugins.vgic.spis=96", "vgic", { spis: 96 }],
    ["plugins.pl011.base=64K", "pl011", { base: 0x1_0000 }], // it had no options
    ["plugins.vgic.at={ a: [1, b] }", "vgic", { spis: 64, at: { a: [1, "b"] } }],
    ["plugins.vgic.at.deep.er=true", "vgic", { spis: 64, at: { deep: { er: true } } }],
  ])("%s", async (setting, name, expected) => {
    expect(given(await machine(setting))).toMatchObject({ [name]: expected });
  });

  it("names a plugin by what it uses, where only one does", async () => {
    const config = await parseMachineFile("plugins: [{ uart0: { use: counter } }]", "x.yaml", { catalogue, settings: [{ text: "plugins.counter.base=5" }] });
    expect(given(config)).toEqual({ uart0: { base: 5 } });
  });
});

describe("is refused where it is wrong:", () => {
  it.each([
    ["memory", "--set:1:1: a setting is a path and a value; write PATH=VALUE, as in memory=1G"],
    ["=5", "--set:1:1: a setting is a path and a value; write PATH=VALUE, as in memory=1G"],
    ["a b=5", '--set:1:2: this is no path; write it as errors do: plugins.uart0.base, memory[0].size, plugins["./guest.ts"]'],
    ["memroy=1M", "--set:1:1: memroy: there is no such key; did you mean memory?"],
    ["memory=lots", "--set:1:8: memory: lots is not a whole number or a list; write a number as in 4096, 0x0900_0000 or 64K"],
    ["memory[0].size=1M", "--set:1:7: memory: there is no [0]: this is no list; items are counted from 0"],
    ["vcpus=70_000", "--set:1:7: vcpus: 70_000 is too large; use 65536 or less"],
    ["plugins.uart9.base=1", "--set:1:8: plugins: there is no plugin uart9; there are pl011, left, right, vgic, ./settings.spec.ts"],
    ["plugins.counter.base=1", "--set:1:8: plugins: 2 plugins use counter; name one: left, right"],
    ["plugins[9]=x", "--set:1:8: plugins: there is no [9]: the list has 5 items; items are counted from 0"],
    ["plugins.left.base=nine", "--set:1:19: plugins[1].left.base: nine is not a whole number; write a number as in 4096, 0x0900_0000 or 64K"],
    ["plugins.left.bsae=9", "--set:1:14: plugins[1].left.bsae: there is no such key; did you mean base?"],
    ["plugins.left.use=countr", "--set:1:18: plugins[1].left.use: countr is no built-in plugin and no package installed"],
    ["plugins.left.base.x=1", '--set:1:18: plugins[1].left.base: this is 4096, which has no "x"; set the whole of it'],
    ["name={", "--set:1:7: flow map"],
  ])("%s", async (setting, expected) => {
    const error: unknown = await machine(setting).catch((cause: unknown) => cause);
    expect(isMachineFileError(error)).toBe(true);
    expect((error as Error).message.slice(0, expected.length)).toBe(expected);
  });

  it("the setting's own text is shown, in a line", async () => {
    const error = (await machine("plugins.left.base=nine").catch((cause: unknown) => cause)) as never;
    expect(formatMachineFileErrors(error).split("\n").slice(1, 3)).toEqual(["  1 | plugins.left.base=nine", "    |                   ^~~~"]);
  });

  it("everything together with what is wrong with the file", async () => {
    const settings = [{ text: "vcpus=none", origin: "--cpus" }];
    await expect(parseMachineFile("memroy: 1M\nplugins: []\n", "x.yaml", { settings })).rejects.toThrow(/--cpus:1:7: vcpus: none.*\nx\.yaml:1:1: memroy|x\.yaml:1:1: memroy.*\n--cpus/);
  });

  it("a machine in TypeScript", async () => {
    await expect(loadMachineFile("board.ts", { settings: [{ text: "memory=1M" }] })).rejects.toThrow(/board\.ts: --set memory=1M: values can be set over those of YAML files only/);
  });
});
