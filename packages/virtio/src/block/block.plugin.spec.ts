/** Disks in machines: described in a file or in TypeScript, opened and closed with the machine, and what is told of mistakes. */
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createMachine, definePlugin, isTraplineError, type Machine, type PluginDefinition } from "@trapline/core";
import { type Catalogue, formatMachineFileErrors, isMachineFileError, loadMachineFile } from "@trapline/core/machine-file";
import { afterEach, describe, expect, it } from "vitest";
import * as blockModule from "./block.plugin.ts";
import { block, type BlockOptions } from "./block.plugin.ts";
import { folder, sectors } from "./disks/disk-bench.fixture.ts";

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});

async function machineOf(...plugins: PluginDefinition[]): Promise<Machine> {
  const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x1_0000 }], plugins });
  opened.push(machine);
  return machine;
}

const CONFIG = 0x0a00_0100;
/** A field of the configuration space of the disk in slot 0. */
const field = ({ bus }: Machine, offset: number): number => bus.read(CONFIG + offset, 4, -1) as number;

describe("in TypeScript", () => {
  it("a disk is on the bus with its size", async () => {
    const path = folder();
    writeFileSync(path("root.img"), sectors(8, 1));
    const machine = await machineOf(block({ file: path("root.img"), slot: 0, queues: 2, blockSize: 4096 }));
    expect([
      machine.bus.read(CONFIG - 0x100 + 8, 4, -1),
      field(machine, 0),
      field(machine, 20),
      machine.bus.read(CONFIG + 34, 2, -1),
    ]).toEqual([2, 8, 4096, 2]);
  });

  it.each<[Partial<BlockOptions>, RegExp]>([
    [{ queues: 0 }, /disk0 cannot have queues 0; use 1 to 64/],
    [{ queues: 65 }, /queues 65/],
    [{ queueSize: 100 }, /queueSize 100; use a power of two from 4 to 1024/],
    [{ blockSize: 1000 }, /blockSize 1000; use 512, 1024, 2048 or 4096/],
    [{ latencyUs: -1 }, /latencyUs -1/],
    [{ latencyUs: Number.NaN }, /latencyUs NaN/],
    [{ serial: "123456789012345678901" }, /serial "123456789012345678901"; use up to 20 characters of ASCII/],
    [{ serial: "größe" }, /serial "größe"/],
    [{ base: 0x0a00_0000 }, /needs both a base and a GSI/],
  ])("%j is refused", (options, message) => {
    expect(() => block({ memory: 512, ...options })).toThrow(message);
  });

  it("two disks of one file are refused, and then the file is free", async () => {
    const path = folder();
    writeFileSync(path("root.img"), sectors(8, 1));
    const machine = (...names: string[]): Promise<Machine> => machineOf(...names.map((name) => block({ name, file: path("root.img") })));
    await expect(machine("disk0", "disk1")).rejects.toThrow(
      /plugin disk1 failed in attach: disk1 cannot write .*root\.img: disk0 has it open for writing/,
    );
    await machine("disk2");
  });

  it("a machine that cannot be made leaves no file open, and begins no overlay before it attaches", async () => {
    const path = folder();
    writeFileSync(path("root.img"), sectors(8, 1));
    const disk = block({ file: path("root.img"), overlay: path("root.cow") });
    const failing = (phase: "create" | "attach"): PluginDefinition => {
      const fail = (): never => {
        throw new Error("no");
      };
      return definePlugin({ name: "failing", create: phase === "create" ? fail : () => ({ attach: fail }) });
    };
    await expect(machineOf(disk, failing("create"))).rejects.toThrow(/failing failed in define: no/);
    expect(existsSync(path("root.cow"))).toBe(false);
    await expect(machineOf(disk, failing("attach"))).rejects.toThrow(/failing failed in attach: no/);
    await machineOf(disk);
  });

  it("the end of a file that is no whole sector is left alone, and said", async () => {
    const path = folder();
    writeFileSync(path("root.img"), new Uint8Array(5000));
    const machine = await machineOf(block({ file: path("root.img"), slot: 0 }));
    const errors: string[] = [];
    machine.errors$.subscribe((error) => void errors.push(error.message));
    expect(field(machine, 0)).toBe(9);
    expect(errors).toEqual([
      "disk0 leaves the last 392 bytes of its disk unused: they make no whole sector of 512; lengthen the file to a multiple of 512 bytes",
    ]);
  });
});

describe("a snapshot of a machine", () => {
  const compose = async (options: Partial<BlockOptions>): Promise<Machine> => machineOf(block({ memory: 0x1_0000, ...options }));

  it.each<[string, Partial<BlockOptions>]>([
    ["size", { memory: 0x2_0000 }],
    ["serial", { serial: "other" }],
    ["number of queues", { queues: 2 }],
    ["permission", { readOnly: true }],
  ])("is refused by one whose disk has another %s", async (_what, options) => {
    const saved = await (await compose({})).save();
    const other = await compose(options);
    await expect(other.restore(saved)).rejects.toThrow(/snapshot is of another machine.*disk0/);
  });

  it("is taken by one whose disk is kept elsewhere", async () => {
    const path = folder();
    const saved = await (await compose({ overlay: path("data.cow") })).save();
    const other = await compose({ overlay: path("copy.cow") });
    await expect(other.restore(saved)).resolves.toBeUndefined();
  });
});

describe("in a machine file", () => {
  const catalogue: Catalogue = { block: blockModule };

  async function load(text: string, prepare: (path: (name: string) => string) => void = () => {}): Promise<Machine> {
    const path = folder();
    prepare(path);
    writeFileSync(path("board.yaml"), text);
    return machineOf(...(await loadMachineFile(path("board.yaml"), { catalogue })).plugins);
  }

  it("is one line, with files seen from the machine file", async () => {
    let image = (_name: string): string => "";
    const machine = await load(
      "plugins:\n  - root: { use: block, file: root.img, overlay: root.cow, serial: system, slot: 0 }\n",
      (path) => {
        image = path;
        writeFileSync(path("root.img"), "");
        truncateSync(path("root.img"), 0x2_0000);
      },
    );
    expect([field(machine, 0), existsSync(image("root.cow")), machine.bus.claims.some(({ name }) => name === "root")]).toEqual([
      256,
      true,
      true,
    ]);
    await machine.close();
    expect(readFileSync(image("root.img")).every((byte) => byte === 0)).toBe(true);
  });

  it("takes sizes", async () => {
    expect(field(await load("plugins:\n  - block: { memory: 64M, slot: 0 }\n"), 0)).toBe(0x2_0000);
  });

  it.each([
    ["file: none.img", /board\.yaml:2:5: plugins\[0\]\.block: .*disk0 finds no file .*none\.img; check the path/],
    ["snapshot: true", /disk0 has neither file, memory and disk/],
    ["memory: 1000", /plugins\[0\]\.block\.memory: .*multiple of 512/],
    ["memory: 512, queueSize: 100", /plugins\[0\]\.block\.queueSize/],
    ["memory: 512, snapshots: true", /did you mean snapshot\?/],
  ])("{ %s } is told with its place", async (line, message) => {
    const error: unknown = await load(`plugins:\n  - block: { ${line} }\n`).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isMachineFileError(error) && formatMachineFileErrors(error)).toMatch(message);
    expect(isTraplineError(error)).toBe(true);
  });
});
