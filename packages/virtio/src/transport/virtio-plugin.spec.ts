/** Devices as plugins: where they stand, what the device tree says, how machine files name them, and that all transports keep one contract. */
import { createMachine, definePlugin, type Machine, type MachineConfig, type PluginDefinition, printDts, ref } from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { rng, virtioMmio, virtioMmioSlots, VirtioTransportToken } from "../index.ts";
import { EchoDevice } from "../testing/echo-device.fixture.ts";
import { virtioDevicePlugin } from "./virtio-plugin.ts";

const gicNodes = definePlugin({
  name: "gic",
  create: () => ({
    deviceTree(tree) {
      tree.node("/", "gic").set("interrupt-parent", ref("intc"));
      tree.node("/intc@8000000", "gic").label("intc").set("interrupt-controller", true).set("#interrupt-cells", 3).reg({ base: 0x0800_0000, size: 0x1_0000 });
    },
  }),
});

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});
async function machineOf(plugins: readonly PluginDefinition[]): Promise<Machine> {
  const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x1_0000 }], plugins: [gicNodes, ...plugins] });
  opened.push(machine);
  return machine;
}
const claims = ({ bus }: Machine): string[] => bus.claims.filter(({ size }) => size === 0x200).map(({ base, name }) => `${base.toString(16)} ${name}`);

describe("on mmio", () => {
  it("devices take the free slots of the virt board in their order, or those they name", async () => {
    let names: readonly string[] = [];
    const monitor = definePlugin({ name: "monitor", create: (vmm) => ({ start: () => void (names = vmm.getAll(VirtioTransportToken).map(({ device }) => device.name)) }) });
    const machine = await machineOf([rng({ slot: 0 }), rng({ name: "rng1" }), rng({ name: "rng2", slot: 31 }), rng({ name: "rng3", base: 0x0b00_0000, gsi: 60 }), monitor]);
    expect(claims(machine)).toEqual(["a000000 rng0", "a000200 rng1", "a003e00 rng2", "b000000 rng3"]);
    expect(machine.router.sources.map(({ gsi, owner }) => `${gsi} ${owner}`)).toEqual(["16 rng0", "17 rng1", "47 rng2", "60 rng3"]);
    expect(names).toEqual(["rng0", "rng1", "rng2", "rng3"]);
  });

  it("the device tree has QEMU's nodes", async () => {
    const machine = await machineOf([rng(), rng({ name: "rng1", base: 0x0b00_0000, gsi: 60, spi: 12 })]);
    const dts = printDts(machine.deviceTree()).replaceAll(/\s+/g, " ");
    expect(dts).toContain('virtio_mmio@a000000 { compatible = "virtio,mmio"; reg = <0x0 0xa000000 0x0 0x200>; interrupts = <0x0 0x10 0x1>; dma-coherent; };');
    expect(dts).toContain('virtio_mmio@b000000 { compatible = "virtio,mmio"; reg = <0x0 0xb000000 0x0 0x200>; interrupts = <0x0 0xc 0x1>; dma-coherent; };');
  });

  it("a device is version 2, or 1 where it is told to be legacy", async () => {
    const { bus } = await machineOf([rng(), rng({ name: "rng1", legacy: true })]);
    expect([bus.read(0x0a00_0004, 4, -1), bus.read(0x0a00_0204, 4, -1)]).toEqual([2, 1]);
  });

  it("slots without a device have DeviceID 0 and nothing else", async () => {
    const { bus } = await machineOf([rng({ slot: 3 }), virtioMmioSlots()]);
    const ids = Array.from({ length: 32 }, (_, slot) => bus.read(0x0a00_0008 + 0x200 * slot, 4, -1));
    expect(ids).toEqual(ids.map((_id, slot) => (slot === 3 ? 4 : 0)));
    expect([0x000, 0x004, 0x00c, 0x034, 0x070, 0x0fc, 0x100].map((offset) => bus.read(0x0a00_0000 + offset, 4, -1))).toEqual([0x7472_6976, 2, 0x5041_5254, 0, 0, 0, 0]);
    bus.write(0x0a00_0070, 4, 1, -1);
    expect(bus.read(0x0a00_0070, 4, -1)).toBe(0);
  });

  it("a device of one's own goes into a transport", async () => {
    const machine = await machineOf([virtioMmio({ name: "echo0", base: 0x0c00_0000, gsi: 9, device: () => new EchoDevice() })]);
    expect(machine.bus.read(0x0c00_0008, 4, -1)).toBe(42);
  });

  it("the 33rd device finds no slot", async () => {
    const many = Array.from({ length: 33 }, (_, n) => rng({ name: `rng${n}` }));
    await expect(machineOf(many)).rejects.toThrow(/all 32 virtio-mmio slots are taken, and rng32 wants one; give it a base/);
  });
});

describe("a placement that contradicts itself is refused", () => {
  it.each([
    [{ slot: 32 }, /slot 32/],
    [{ slot: 0.5 }, /slot 0.5/],
    [{ slot: 1, base: 0x0b00_0000, gsi: 1 }, /both a slot and a base/],
    [{ base: 0x0b00_0000 }, /both a base and a GSI, or neither/],
    [{ gsi: 3 }, /both a base and a GSI, or neither/],
    [{ function: 1 }, /option function is for transport pci, and rng0 is on mmio/],
    [{ transport: "pci", spi: 3 }, /option spi is for transport mmio, and rng0 is on pci/],
  ] as const)("%j", (place, message) => {
    expect(() => rng(place)).toThrow(message);
  });
});

it("what a device stands for opens before its transport and closes after it", async () => {
  const log: string[] = [];
  const device = new EchoDevice();
  const plugin = virtioDevicePlugin({
    name: "echo0",
    place: { slot: 5 },
    make: () => device,
    life: (made, vmm) => ({
      attach: () => void log.push(`attach ${made === device} ${vmm.bus.claimAt(0x0a00_0a00) === undefined}`),
      start: () => void log.push("start"),
      reset: (kind) => void log.push(`reset ${kind} ${device.log.length}`),
      stop: () => void log.push("stop"),
    }),
  });
  const machine = await createMachine({ plugins: [plugin] });
  await machine.reset("warm");
  await machine.close();
  expect(log).toEqual(["attach true true", "reset power-on 1", "start", "reset warm 2", "stop"]);
});

describe("a machine file", () => {
  // By the names under which the package exports them.
  const parse = async (lines: string): Promise<MachineConfig> =>
    parseMachineFile(`memory: [{ base: 0x4000_0000, size: 64K }]\nplugins:\n${lines}`, fileURLToPath(new URL("machine.yaml", import.meta.url)), {
      catalogue: { rng: await import("@trapline/virtio/rng"), "virtio-mmio": await import("@trapline/virtio/mmio") },
    });

  it("names the plugins by package, with places", async () => {
    const config = await parse("  - rng: { seed: 7 }\n  - rng1: { use: rng, slot: 30, legacy: true }\n  - virtio-mmio");
    const machine = await createMachine(config);
    opened.push(machine);
    expect(claims(machine).filter((line) => !line.endsWith("virtio-mmio"))).toEqual(["a000000 rng0", "a003c00 rng1"]);
    expect(claims(machine)).toHaveLength(32);
  });

  it.each(["seed: -1", "slot: 32", "transport: usb", "base: 0x0a00_0004", "sed: 1"])("%s is refused where it stands", async (option) => {
    const error = await parse(`  - rng: { ${option} }`).catch((thrown: unknown) => thrown);
    expect(isMachineFileError(error) && error.message).toMatch(/:3:\d+/);
  });
});
