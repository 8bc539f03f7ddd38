/** The boot loader in machine files: what it loads, that the CPU starts there, and what it refuses, with the line. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createMachine, type Machine } from "@trapline/core";
import { parseMachineFile } from "@trapline/core/machine-file";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { catalogueWith } from "../catalogue.ts";
import { bootLoader, finishLoading, installDeviceTree } from "./boot-loader.plugin.ts";
import { planBoot } from "./boot-plan.ts";
import type { ImageSource } from "./boot.plugin.ts";
import { arm64Image, code } from "./images.fixture.ts";

let folder: string;
const machines: Machine[] = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "trapline-boot-"));
  await writeFile(path.join(folder, "Image"), arm64Image());
  await writeFile(path.join(folder, "loop"), code(0x1400_0000));
  await writeFile(path.join(folder, "initrd"), new Uint8Array(64).fill(0x55));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const made of machines.splice(0)) await made.close();
});

const IMAGES: ImageSource = (name) => Promise.resolve(name === "debian" ? { kernelFile: path.join(folder, "Image"), initrdFile: path.join(folder, "initrd") } : undefined);

async function machine(boot: string, rest = "memory: 8M"): Promise<Machine> {
  const text = `${rest}\nplugins:\n  - boot: ${boot}\n  - soft-cpu\n`;
  const made = await createMachine(await parseMachineFile(text, path.join(folder, "machine.yaml"), { catalogue: catalogueWith(IMAGES) }));
  machines.push(made);
  installDeviceTree(made);
  return made;
}
const startOf = ({ vcpus }: Machine): number[] => ["pc", "x0"].map((name) => Number(vcpus[0]!.peekRegister(name)));

describe("the first vCPU starts", () => {
  it.each<[what: string, boot: string, start: readonly number[], initrd: number]>([
    ["at an Image's first byte", "{ kernel: ./Image, initrd: ./initrd }", [0x4020_0000, 0x4000_0000], 0x5555_5555],
    ["in an image of the cache", "{ image: debian }", [0x4020_0000, 0x4000_0000], 0x5555_5555],
    ["in a kernel in the place of the image's, without its initrd", "{ image: debian, kernel: ./Image }", [0x4020_0000, 0x4000_0000], 0],
    ["at raw code", "{ kernel: ./loop }", [0x4008_0000, 0x4000_0000], 0],
    ["where it does without a loader, if the image is not at hand", "{ image: debian-sid }", [0x4008_0000, 0], 0],
  ])("%s", async (_what, boot, start, initrd) => {
    const made = await machine(boot);
    expect([startOf(made), made.memory.read(0x4040_0000, 4)]).toEqual([start, initrd]);
  });

  it("again after every reset, with everything as it was", async () => {
    const made = await machine("{ image: debian, append: quiet, seed: 1 }");
    const look = (): unknown => [startOf(made), made.memory.copyOut(0x4000_0000, 64), made.memory.copyOut(0x4020_0000, 64)];
    const before = look();
    for (const kind of ["warm", "power-on"] as const) {
      for (const address of [0x4000_0000, 0x4020_0000]) made.memory.copyIn(address, new Uint8Array(64));
      await made.reset(kind);
      expect(look()).toEqual(before);
    }
  });

  it("where the machine file's CPU says, if it says so", async () => {
    const text = "memory: 8M\nplugins: [boot: { kernel: ./loop }, soft-cpu: { start: { pc: 0x4010_0000 } }]\n";
    const made = await createMachine(await parseMachineFile(text, path.join(folder, "x.yaml"), { catalogue: catalogueWith(IMAGES) }));
    machines.push(made);
    expect(startOf(made)).toEqual([0x4010_0000, 0]);
  });
});

describe("is refused:", () => {
  it.each<[boot: string, rest: string, message: RegExp]>([
    ["{ append: quiet }", "memory: 8M", /machine\.yaml:3:5: plugins\[0\]\.boot: plugin boot refuses its options: there is nothing to boot; name an image/],
    ["{ kernel: ./nothing }", "memory: 8M", /machine\.yaml:3:5: .*kernel .*nothing cannot be read: ENOENT/],
    ["{ kernel: ./loop, initrd: . }", "memory: 8M", /machine\.yaml:3:5: .*initrd .* cannot be read: EISDIR/],
    ["{ kernel: 5 }", "memory: 8M", /machine\.yaml:3:21: plugins\[0\]\.boot\.kernel: 5 is not text/],
    ["{ kernel: ./Image }", "memory: 2M", /plugin boot failed in define: .*Image: it wants memory 0x40200000\+0x4000, and RAM is 0x40000000\+0x200000/],
    ["{ kernel: ./Image }", "name: none", /there is no RAM to load a kernel into; give the machine memory/],
  ])("%s in a machine with %s", async (boot, rest, message) => {
    await expect(machine(boot, rest)).rejects.toThrow(message);
  });
});

describe("a kernel that can be read again", () => {
  const RAM = { base: 0x4000_0000, size: 0x80_0000 };
  const bytes = arm64Image();

  it.each<[string, boolean, number]>([
    ["comes into RAM by its own", true, 0xbb],
    ["comes from the first reading, when the file is another by now", false, 0xaa],
  ])("%s, and from the first reading at each reset", async (_, isSame, expected) => {
    const readAgain = (into: Uint8Array): Promise<boolean> => {
      into.fill(0xbb);
      return Promise.resolve(isSame);
    };
    const made = await createMachine({ name: "again", memory: [{ name: "ram", ...RAM }], plugins: [bootLoader(planBoot(RAM, { kernel: { name: "Image", bytes, readAgain } }))] });
    machines.push(made);
    const last = 0x4020_0000 + bytes.length - 1;
    expect(made.memory.read(last, 1)).toBe(0xbb); // the load that a reset is left it alone
    installDeviceTree(made);
    await finishLoading(made);
    expect(made.memory.read(last, 1)).toBe(expected);
    await made.reset("power-on");
    expect(made.memory.read(last, 1)).toBe(0xaa);
  });
});
