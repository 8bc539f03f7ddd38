/** The plugins in machine files, as the package exports them. */
import { createMachine, type Machine, scripted } from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { GicItsToken } from "./its/index.ts";
import { VgicV2Token, VgicV3Token } from "./tokens.ts";

const FILE = fileURLToPath(new URL("machine.yaml", import.meta.url));

// By the names under which the package exports them.
const catalogue = {
  "vgic-v3": await import("@trapline/vgic-plugin/vgic-v3"),
  "vgic-v2": await import("@trapline/vgic-plugin/vgic-v2"),
  "gic-v2m": await import("@trapline/vgic-plugin/gic-v2m"),
  "gic-its": await import("@trapline/vgic-plugin/gic-its"),
  "cpu-lines": await import("@trapline/vgic-plugin/cpu-lines"),
  guest: { plugin: scripted({ *main() {} }) },
};

const parse = (...plugins: string[]): ReturnType<typeof parseMachineFile> =>
  parseMachineFile(`memory: 1M\nplugins:\n${plugins.map((plugin) => `  - ${plugin}\n`).join("")}`, FILE, { catalogue });
const build = async (...plugins: string[]): Promise<Machine> => createMachine(await parse(...plugins));

it("a GICv3 with an ITS: every option reaches the chip", async () => {
  const ranges = "distributor: 0x0a00_0000, redistributors: [{ base: 0x1000_0000, size: 0x2_0000 }]";
  const numbers = "spis: 64, intidBits: 17, extendedSpis: 32, extendedPpis: 64, initialGroup: 1";
  const chip = `vgic-v3: { ${ranges}, ${numbers}, pins: wide, messageSpis: true, oneOfN: true, rangeSelector: true }`;
  const limits = "deviceIdBits: 8, eventIdBits: 9, maxDevices: 10, maxEvents: 11";
  const its = `gic-its: { base: 0x0808_0000, ${limits}, cpuDeviceId: none, lpis: { directLpi: true } }`;
  const machine = await build("guest", chip, its);
  expect(machine.get(VgicV3Token).options).toEqual({
    name: "gic",
    distributor: 0x0a00_0000,
    redistributors: [{ base: 0x1000_0000, size: 0x2_0000 }],
    spis: 64,
    intidBits: 17,
    pins: "wide",
    initialGroup: 1,
    extendedSpis: 32,
    extendedPpis: 64,
    messageSpis: true,
    oneOfN: true,
    rangeSelector: true,
  });
  const checked = { deviceIdBits: 8, eventIdBits: 9, maxDevices: 10, maxEvents: 11, cpuDeviceId: "none" };
  expect(machine.get(GicItsToken).its.config).toMatchObject({ base: 0x0808_0000, ...checked });
  expect(Number(machine.bus.peek(0x1000_0008, 4)) & 8).toBe(8); // GICR_TYPER.DirectLPI
  await machine.close();
});

it("a GICv2 with two GICv2m frames: the instance's name is the chip's", async () => {
  const machine = await build(
    "intc: { use: vgic-v2, spis: 128, pins: rfc2014, distributor: 0x0a00_0000, cpuInterface: 0x0a01_0000 }",
    "gic-v2m",
    "second: { use: gic-v2m, base: 0x0803_0000, firstSpi: 112, spis: 16 }",
  );
  expect(machine.get(VgicV2Token).options).toEqual({
    name: "intc",
    distributor: 0x0a00_0000,
    cpuInterface: 0x0a01_0000,
    spis: 128,
    pins: "rfc2014",
  });
  expect(machine.irqchips.map(({ name }) => name)).toEqual(["intc"]);
  expect(machine.bus.claimAt(0x0802_0000)?.name).toBe("gicv2m");
  expect(machine.bus.claimAt(0x0803_0000)?.name).toBe("second");
  await machine.close();
});

it("CPU lines under a name of their own", async () => {
  const machine = await build("guest", "lines: { use: cpu-lines }");
  expect(machine.irqchips.map(({ name, pinCount }) => [name, pinCount])).toEqual([["lines", 2]]);
  await machine.close();
});

it.each([
  ["vgic-v3: { pins: x86 }", /:3:22.*mainline/s],
  ["vgic-v3: { redistributors: [{ base: 0 }] }", /size/],
  ["vgic-v2: { spis: 1020 }", /:3:22.*1020/s],
  ["gic-v2m: { spis: 0 }", /:3:22.*1/s],
  ["gic-its: { base: 0x0808_1000 }", /:3:22/],
  ["cpu-lines: { vcpus: 2 }", /:3:18.*no such key/s],
  ["vgic-v3: { name: intc }", /:3:16.*no such key/s],
  ["vgic-v3: { spis: 33 }", /:3:22.*33/s],
])("%s is refused where it stands", async (plugin, message) => {
  const error = await parse(plugin).catch((thrown: unknown) => thrown);
  expect(isMachineFileError(error) && error.message).toMatch(message);
});
