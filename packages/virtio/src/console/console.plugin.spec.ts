/** The console in a machine: on the terminal, as a test device for guests of all ages, in machine files, over snapshots. */
import {
  createMachine, definePlugin, type GuestCode, type Machine, type PluginDefinition, powerOff, provide, read32, type RunResult, SERIAL_BREAK, scripted, SerialConsoleToken, type SerialPort,
  type TerminalSize, write16, write32, write64, write8,
} from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { virtioConsole, type ConsoleOptions } from "./console.plugin.ts";

const RAM = 0x4000_0000;
const BASE = 0x0a00_0000;

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});
async function machineOf(plugins: readonly PluginDefinition[]): Promise<Machine> {
  const machine = await createMachine({ memory: [{ base: RAM, size: 0x10_0000 }], plugins });
  opened.push(machine);
  return machine;
}

/** Offsets of virtio-mmio, as the interface from before 1.0 has them (virtio 1.2, 4.2.4). */
const MMIO = { deviceId: 0x08, guestPageSize: 0x28, queueSel: 0x30, queueNumMax: 0x34, queueNum: 0x38, queueAlign: 0x3c, queuePfn: 0x40, queueNotify: 0x50, config: 0x100 } as const;

/**
 * What kvm-unit-tests do with the first console they find (lib/virtio-mmio.c, lib/chr-testdev.c): no status, no features, 128 entries in
 * each of two queues, one buffer in the second.
 */
function* chrTestdev(text: string): GuestCode {
  const rings = [RAM + 0x1_0000, RAM + 0x1_4000];
  const buffer = RAM + 0x2_0000;
  yield read32(BASE + MMIO.deviceId);
  yield write32(BASE + MMIO.guestPageSize, 4096);
  for (const [index, ring] of rings.entries()) {
    yield write32(BASE + MMIO.queueSel, index);
    yield read32(BASE + MMIO.queueNumMax);
    yield write32(BASE + MMIO.queueNum, 128);
    yield write32(BASE + MMIO.queueAlign, 4096);
    yield write32(BASE + MMIO.queuePfn, ring / 4096);
  }
  const bytes = new TextEncoder().encode(text);
  for (const [n, byte] of bytes.entries()) yield write8(buffer + n, byte);
  const [, ring] = rings as [number, number];
  yield write64(ring, buffer);
  yield write32(ring + 8, bytes.length);
  yield write32(ring + 12, 0);
  const available = ring + 16 * 128;
  yield write16(available + 4, 0);
  yield write16(available + 2, 1);
  yield write32(BASE + MMIO.queueNotify, 1);
}

async function runOf(options: ConsoleOptions, text: string): Promise<RunResult> {
  const guest = scripted(function* () {
    yield* chrTestdev(text);
    yield powerOff();
  });
  return (await machineOf([guest, virtioConsole(options)])).run();
}

describe("as a test device", () => {
  it.each(["0q", "1q", "127q"])("a kvm-unit-test ends the run with its code: %s", async (text) => {
    const result = await runOf({ legacy: true, ports: [{ to: "exit" }] }, text);
    expect(result).toEqual({ reason: "power-off", vcpu: -1, status: Number.parseInt(text, 10), reported: true });
  });

  it("is found by the name of its port; and what is no code changes nothing", async () => {
    expect(await runOf({ legacy: true, ports: [{ name: "org.trapline.exit" }] }, "5q")).toMatchObject({ status: 5, reported: true });
    expect(await runOf({ legacy: true, ports: [{ name: "org.trapline.exit" }] }, "5")).toEqual({ reason: "power-off", vcpu: 0, status: 0 });
    expect(await runOf({ legacy: true, ports: [{ name: "org.trapline.exit", to: "nothing" }] }, "5q")).toEqual({ reason: "power-off", vcpu: 0, status: 0 });
  });

  it("takes a code by emergency writes, before anything is set up", async () => {
    const guest = scripted(function* () {
      for (const byte of new TextEncoder().encode("42q")) yield write32(BASE + MMIO.config + 8, byte);
      for (;;) yield read32(BASE);
    });
    const machine = await machineOf([guest, virtioConsole({ ports: [{ to: "exit" }] })]);
    expect(await machine.run()).toMatchObject({ status: 42, reported: true });
  });
});

/** A terminal that the spec holds. */
class Terminal implements SerialPort {
  heard = "";
  readonly typed: number[] = [];
  size: TerminalSize | undefined = { columns: 80, rows: 24 };
  readonly listeners: { input?: () => void; watch?: () => void } = {};
  readonly devices: string[] = [];
  readonly plugin: PluginDefinition = definePlugin({
    name: "terminal",
    provides: [provide(SerialConsoleToken, () => ({ connect: (device: string) => (this.devices.push(device) === 1 ? this : undefined) }))],
  });

  send(byte: number): void {
    this.heard += String.fromCharCode(byte);
  }
  get waiting(): boolean {
    return this.typed.length > 0;
  }
  take(): number {
    return this.typed.shift() ?? SERIAL_BREAK;
  }
  listen(input: () => void): () => void {
    this.listeners.input = input;
    return () => delete this.listeners.input;
  }
  watch(changed: () => void): () => void {
    this.listeners.watch = changed;
    return () => delete this.listeners.watch;
  }
}

describe("on the terminal", () => {
  it("is the first console that asks; what the guest writes is seen there, and the size can be read", async () => {
    const terminal = new Terminal();
    const guest = scripted(function* () {
      yield* chrTestdev("hello");
      yield powerOff();
    });
    const machine = await machineOf([terminal.plugin, guest, virtioConsole({ legacy: true, ports: [{}, { console: true }, { name: "agent" }] })]);
    await machine.run();
    expect([terminal.heard, terminal.devices]).toEqual(["hello", ["console0", "console0.1"]]);
    expect(machine.bus.read(BASE + MMIO.config, 4, -1)).toBe(0x18_0050);
    terminal.size = { columns: 132, rows: 50 };
    terminal.listeners.watch!();
    expect(machine.bus.read(BASE + MMIO.config, 4, -1)).toBe(0x32_0084);
  });

  it("gives the terminal back when the machine closes", async () => {
    const terminal = new Terminal();
    const machine = await createMachine({ memory: [{ base: RAM, size: 0x1000 }], plugins: [terminal.plugin, virtioConsole()] });
    expect(Object.keys(terminal.listeners)).toEqual(["input", "watch"]);
    await machine.close();
    expect(Object.keys(terminal.listeners)).toEqual([]);
  });

  it("input wakes a driver that waits for it", async () => {
    const terminal = new Terminal();
    const guest = scripted(function* () {
      yield* chrTestdev("x");
      // A buffer for input: the same ring layout, queue 0.
      const ring = RAM + 0x1_0000;
      yield write64(ring, RAM + 0x3_0000);
      yield write32(ring + 8, 16);
      yield write32(ring + 12, 2);
      yield write16(ring + 16 * 128 + 2, 1);
      yield write32(BASE + MMIO.queueNotify, 0);
      while (Number(yield read32(ring + 4096)) >> 16 === 0);
      yield powerOff();
    });
    const machine = await machineOf([terminal.plugin, guest, virtioConsole({ legacy: true })]);
    const run = machine.run({ timeoutMs: 10_000 });
    setImmediate(() => {
      terminal.typed.push(0x68, 0x69);
      terminal.listeners.input!();
    });
    expect(await run).toMatchObject({ reason: "power-off" });
    expect(machine.memory.copyOut(RAM + 0x3_0000, 2)).toEqual(Uint8Array.of(0x68, 0x69));
  });
});

describe("options", () => {
  it.each<readonly [ConsoleOptions, RegExp]>([
    [{ ports: [] }, /console0 cannot have 0 ports; give it 1 to 31/],
    [{ ports: Array.from({ length: 32 }, () => ({})) }, /cannot have 32 ports/],
    [{ ports: [{ name: "" }] }, /a name of 0 bytes/],
    [{ ports: [{ name: "é".repeat(65) }] }, /a name of 130 bytes; use 1 to 128/],
    [{ ports: [{ name: "a" }, { name: "a" }] }, /two ports of console0 are named a/],
    [{ ports: [{ to: "exit", port: new Terminal() }] }, /plugged into both exit and a port of the caller's/],
    [{ base: 0x1000 }, /needs both a base and a GSI/],
  ])("%o are refused", (options, message) => {
    expect(() => virtioConsole(options)).toThrow(message);
  });

  const FILE = fileURLToPath(new URL("machine.yaml", import.meta.url));
  const parse = async (line: string): ReturnType<typeof parseMachineFile> =>
    parseMachineFile(`memory: 1M\nplugins:\n  - ${line}\n`, FILE, { catalogue: { "virtio-console": await import("@trapline/virtio/console") } });

  it("in a machine file name ports and what they are plugged into", async () => {
    const machine = await createMachine(await parse("tty: { use: virtio-console, slot: 3, ports: [{}, { name: org.trapline.exit }, { name: log, console: true, to: nothing }] }"));
    opened.push(machine);
    expect(machine.bus.claims.map(({ name, base }) => [name, base])).toContainEqual(["tty", BASE + 3 * 0x200]);
    expect(machine.bus.read(BASE + 3 * 0x200 + MMIO.config + 4, 4, -1)).toBe(3);
  });

  it.each(["virtio-console: { ports: [] }", "virtio-console: { ports: [{ to: printer }] }", "virtio-console: { ports: [{ nam: a }] }", "virtio-console: { slot: 32 }"])(
    "%s is refused where it stands",
    async (line) => {
      const error = await parse(line).catch((thrown: unknown) => thrown);
      expect(isMachineFileError(error) && error.message).toMatch(/:3:\d+/);
    },
  );
});

it("a machine goes on identically after a snapshot, half a code included", async () => {
  const made = (): Promise<Machine> => machineOf([virtioConsole({ ports: [{ to: "exit" }, { name: "agent" }] })]);
  const [machine, copy] = [await made(), await made()];
  machine.bus.write(BASE + MMIO.config + 8, 4, 0x34, -1);
  await copy.restore(await machine.save());
  copy.bus.write(BASE + MMIO.config + 8, 4, 0x32, -1);
  const ended = copy.run({ timeoutMs: 5000 });
  copy.bus.write(BASE + MMIO.config + 8, 4, 0x71, -1);
  expect(await ended).toMatchObject({ status: 42, reported: true });
});
