/** Flash in a machine: where it is, what keeps it, what vCPUs see of it, and that it survives resets, snapshots and restarts. */
import { createMachine, definePlugin, findNode, formatTrace, type GuestCode, type Machine, powerOff, printDts, read32, scripted, type TraceEvent, write16, write32 } from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CMD } from "./cfi-commands.ts";
import { cfiFlash, type CfiFlashOptions } from "./cfi-flash.plugin.ts";
import { BLOCK_BYTES } from "./cfi-table.ts";
import { FlashBank } from "./flash-bank.ts";

const BANK = 2 * BLOCK_BYTES;
const READY = 0x0080_0080;
const FAILED = 0x0090_0090;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "trapline-flash-"));
});
afterAll(() => rm(folder, { recursive: true }));
const inFolder = (name: string): string => path.join(folder, name);

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});
async function machineOf(options: CfiFlashOptions, guest?: () => GuestCode): Promise<Machine> {
  const plugins = [...(guest === undefined ? [] : [scripted(guest)]), cfiFlash({ bankSize: BANK, ...options })];
  const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x1000 }], plugins });
  opened.push(machine);
  return machine;
}
async function closed(machine: Machine): Promise<void> {
  await machine.close();
  opened.splice(opened.indexOf(machine), 1);
}

const both = (value: number): number => value * 0x1_0001;
function say(machine: Machine, address: number, ...commands: number[]): void {
  for (const command of commands) machine.bus.write(address, 4, both(command), -1);
}
/** Programs a word and gives the status. */
function program(machine: Machine, address: number, word: number): unknown {
  say(machine, address, CMD.CLEAR_STATUS, CMD.PROGRAM);
  machine.bus.write(address, 4, word, -1);
  return machine.bus.read(address, 4, -1);
}
/** The bytes, whatever the device would answer. */
const word = (machine: Machine, address: number): unknown => machine.memory.read(address, 4);

describe("where it is", () => {
  it("is QEMU's place: two banks of 64 MiB at 0, one node for both, and no memory node", async () => {
    const machine = await createMachine({ plugins: [cfiFlash()] });
    opened.push(machine);
    expect(machine.bus.claims.map(({ name, base, size }) => [name, base, size])).toEqual([["flash0", 0, 0x400_0000], ["flash1", 0x400_0000, 0x400_0000]]);
    expect(machine.memory.regions.map(({ name, readOnly }) => [name, readOnly])).toEqual([["flash0", true], ["flash1", true]]);
    const tree = machine.deviceTree();
    expect(tree.root.children).toHaveLength(1);
    const lines = printDts({ ...tree, root: findNode(tree, "/flash@0")! }).split("\n").map((line) => line.trim());
    expect(lines).toContain('compatible = "cfi-flash";');
    expect(lines).toContain("bank-width = <0x4>;");
    expect(lines).toContain("reg = <0x0 0x0 0x0 0x4000000 0x0 0x4000000 0x0 0x4000000>;");
  });

  it.each<readonly [CfiFlashOptions, RegExp]>([
    [{ bankSize: 0x4_0001 }, /flash cannot have banks of 262145 bytes; use a power of two from 256K to 256M/],
    [{ bankSize: 0x2_0000 }, /131072 bytes; use a power of two/],
    [{ bankSize: 0x2000_0000 }, /536870912 bytes; use a power of two/],
    [{ banks: [] }, /cannot have 0 banks/],
    [{ banks: Array.from({ length: 9 }, () => ({})) }, /cannot have 9 banks; give it 1 to 8/],
    [{ bankSize: BANK, banks: [{}, { image: new Uint8Array(BANK + 1) }] }, /the image of flash1 has 524289 bytes, and the bank 524288/],
    [{ banks: [{ file: "a", readOnly: true }] }, /flash0 keeps file a and is read-only; leave one out/],
    [{ banks: [{ file: "a", image: new Uint8Array(1) }] }, /flash0 keeps file a and begins with an image/],
  ])("is refused: %o", (options, message) => {
    expect(() => cfiFlash(options)).toThrow(message);
  });
});

describe("a vCPU", () => {
  it("reads the array by itself, the device after a command, and what it programmed in the end", async () => {
    const seen: unknown[] = [];
    const machine = await machineOf({ banks: [{ image: Uint8Array.of(0x78, 0x56, 0x34, 0x12) }] }, function* () {
      seen.push(yield read32(0));
      yield write32(0, both(CMD.READ_ID));
      seen.push(yield read32(0));
      for (const command of [CMD.PROGRAM, 0x2222]) yield write16(2, command);
      seen.push(yield read32(0));
      yield write32(0, both(CMD.READ_ARRAY));
      seen.push(yield read32(0));
      yield powerOff();
    });
    const events: TraceEvent[] = [];
    machine.trace$.subscribe((event) => void (event.kind === "access" || event.kind === "remap" ? events.push(event) : undefined));
    await machine.run();
    expect(seen).toEqual([0x1234_5678, 0x0089_0089, READY, 0x0220_5678]);
    expect(events.map((event) => formatTrace(event).replace(/.*µs {2}/, ""))).toEqual([
      "vcpu0 writes flash0.0x0 = 0x90_0090",
      "memory flash0 hidden from vCPUs",
      "vcpu0 reads flash0.0x0 = 0x89_0089",
      "vcpu0 writes flash0.0x2 = 0x40",
      "vcpu0 writes flash0.0x2 = 0x2222",
      "vcpu0 reads flash0.0x0 = 0x80_0080",
      "vcpu0 writes flash0.0x0 = 0xff_00ff",
      "memory flash0 shown to vCPUs",
    ]);
  });
});

describe("a file", () => {
  it("is made where it is missing, as long as the bank, and gets what the guest erases and programs at once", async () => {
    const file = inFolder("made.img");
    const machine = await machineOf({ banks: [{}, { file }] });
    expect((await stat(file)).size).toBe(BANK);
    say(machine, BANK, CMD.ERASE, CMD.CONFIRM);
    program(machine, BANK + 0x104, 0x1234_5678);
    const bytes = await readFile(file);
    expect([bytes.readUInt32LE(0x100), bytes.readUInt32LE(0x104), bytes[BLOCK_BYTES - 1], bytes[BLOCK_BYTES]]).toEqual([0xffff_ffff, 0x1234_5678, 0xff, 0]);
  });

  it("is what the bank holds in the next machine, and what other programs wrote there", async () => {
    const file = inFolder("again.img");
    const first = await machineOf({ banks: [{ file }] });
    say(first, 0, CMD.ERASE, CMD.CONFIRM);
    program(first, 8, 77);
    await closed(first);
    const bytes = await readFile(file);
    bytes.writeUInt32LE(99, BANK - 4);
    await writeFile(file, bytes);
    const second = await machineOf({ banks: [{ file }] });
    expect([word(second, 8), word(second, 12), word(second, BANK - 4)]).toEqual([77, 0xffff_ffff, 99]);
  });

  it("of another length is refused, and one that cannot be opened too", async () => {
    const file = inFolder("short.img");
    await writeFile(file, new Uint8Array(5));
    await expect(machineOf({ banks: [{ file }] })).rejects.toThrow(/short.img has 5 bytes, and its bank has 524288; make it that long/);
    await expect(machineOf({ banks: [{ file: inFolder("no/such/folder.img") }] })).rejects.toThrow(/folder.img cannot be opened: ENOENT/);
  });

  it("that cannot be written any more: the guest reads of an error each time, the host is told once", async () => {
    const place = { name: "flash0", base: 0, size: BANK };
    let bank: FlashBank | undefined;
    const flash = definePlugin({
      name: "flash",
      memory: [{ ...place, readOnly: true }],
      create: (vmm) => ({
        attach(scope) {
          bank = new FlashBank(vmm, vmm.memory.regions[0]!, { file: inFolder("failing.img") });
          scope.add(vmm.bus.claim(place, bank.device));
        },
      }),
    });
    const machine = await createMachine({ plugins: [flash] });
    opened.push(machine);
    const errors: string[] = [];
    machine.errors$.subscribe(({ message }) => void errors.push(message));
    expect(program(machine, 0, 0)).toBe(READY);
    bank!.close();
    expect([program(machine, 0, 0), program(machine, 4, 0), errors]).toEqual([FAILED, FAILED, [expect.stringMatching(/failing.img cannot be written: it is closed/)]]);
  });
});

describe("what stays", () => {
  it("over resets of both kinds: the array; not the mode, nor locks", async () => {
    for (const kind of ["warm", "power-on"] as const) {
      const machine = await machineOf({ banks: [{ image: Uint8Array.of(0xff, 0xff, 0xff, 0xff) }] });
      program(machine, 0, 0x1234);
      say(machine, 0, CMD.LOCK_SETUP, CMD.LOCK, CMD.READ_ID);
      await machine.reset(kind);
      expect([machine.bus.read(0, 4, -1), machine.memory.cpuView.isVisible(machine.memory.regions[1]!)]).toEqual([0x1234, true]);
      expect(program(machine, 0, 0x1230)).toBe(READY);
    }
  });

  it("over a snapshot: everything, a sequence that has begun included; and the file follows", async () => {
    const file = inFolder("snapshot.img");
    const machine = await machineOf({ banks: [{ file }] });
    say(machine, 0, CMD.ERASE, CMD.CONFIRM, CMD.BUFFER, 1);
    machine.bus.write(0x40, 4, 0x11, -1);
    const saved = await machine.save();
    machine.bus.write(0x44, 4, 0x22, -1);
    say(machine, 0, CMD.CONFIRM);
    program(machine, 0x100, 0);
    expect([word(machine, 0x44), word(machine, 0x100)]).toEqual([0x22, 0]);

    await machine.restore(saved);
    await machine.run();
    expect((await readFile(file)).readUInt32LE(0x100)).toBe(0xffff_ffff);
    machine.bus.write(0x44, 4, 0x33, -1);
    say(machine, 0, CMD.CONFIRM);
    expect([machine.bus.read(0, 4, -1), word(machine, 0x40), word(machine, 0x44)]).toEqual([READY, 0x11, 0x33]);
  });

  it("over a restore without a run: the file has it when the machine closes", async () => {
    const file = inFolder("closed.img");
    const machine = await machineOf({ banks: [{ file }] });
    const saved = await machine.save();
    say(machine, 0, CMD.ERASE, CMD.CONFIRM);
    await machine.restore(saved);
    expect((await readFile(file))[0]).toBe(0xff);
    await closed(machine);
    expect((await readFile(file))[0]).toBe(0);
  });

  it("a snapshot of other banks is refused", async () => {
    const [one, two] = [await machineOf({ banks: [{}] }), await machineOf({ banks: [{}, {}] })];
    await expect(two.restore(await one.save())).rejects.toThrow(/flash/);
  });
});

describe("a machine file", () => {
  const modules = async (): Promise<Record<string, object>> => ({ "cfi-flash": await import("@trapline/devices/cfi-flash") });
  const parse = async (line: string): ReturnType<typeof parseMachineFile> => parseMachineFile(`plugins:\n  - ${line}\n`, inFolder("machine.yaml"), { catalogue: await modules() });

  it("names banks, sizes and files, which lie beside it", async () => {
    await writeFile(inFolder("firmware.bin"), Uint8Array.of(1, 2, 3, 4));
    const machine = await createMachine(await parse("rom: { use: cfi-flash, base: 64M, bankSize: 512K, banks: [{ image: firmware.bin, readOnly: true }, { file: named.img }] }"));
    opened.push(machine);
    expect(machine.bus.claims.map(({ name, base }) => [name, base])).toEqual([["rom0", 0x400_0000], ["rom1", 0x408_0000]]);
    expect([word(machine, 0x400_0000), (await stat(inFolder("named.img"))).size]).toEqual([0x0403_0201, BANK]);
    expect([program(machine, 0x400_0000, 0), program(machine, 0x408_0000, 0)]).toEqual([both(0x92), READY]);
  });

  it.each(["cfi-flash: { base: 4096 }", "cfi-flash: { bankSize: 3M }", "cfi-flash: { banks: [] }", "cfi-flash: { banks: [{ fil: a }] }", "cfi-flash: { banks: [{ image: missing.bin }] }"])(
    "%s is refused where it stands",
    async (line) => {
      const error = await parse(line).catch((thrown: unknown) => thrown);
      expect(isMachineFileError(error) && error.message).toMatch(/:2:\d+/);
    },
  );
});
