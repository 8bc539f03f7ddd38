/** The devices as plugins: where they are, what the device tree says of them, how machine files name them, and what they share with others. */
import { createMachine, definePlugin, type Machine, type PluginDefinition, printDts, provide, ref } from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { GpioToken, PowerButtonToken, fwCfg, pl011, pl031, pl061, powerButton, SerialConsoleToken, type SerialPort } from "./index.ts";

/** What a GIC's plugin would say. */
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
  const machine = await createMachine({ plugins: [gicNodes, ...plugins] });
  opened.push(machine);
  return machine;
}

it("the device tree has the nodes of QEMU's virt board", async () => {
  const machine = await machineOf([pl011(), pl031(), fwCfg(), pl061(), powerButton()]);
  const dts = printDts(machine.deviceTree());
  const node = (name: string): string[] => {
    const [, body = ""] = new RegExp(`\\t${name} \\{\\n([^}]*)\\n\\t+[}\\w]`).exec(dts) ?? [];
    return body.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("phandle"));
  };
  const clock = /apb-pclk \{[^}]*phandle = <(\w+)>/.exec(dts)?.[1];
  const gpio = /pl061@9030000 \{[^}]*phandle = <(\w+)>/.exec(dts)?.[1];
  expect(node("pl011@9000000")).toEqual([
    'compatible = "arm,pl011", "arm,primecell";',
    "reg = <0x0 0x9000000 0x0 0x1000>;",
    "interrupts = <0x0 0x1 0x4>;",
    `clocks = <${clock} ${clock}>;`,
    'clock-names = "uartclk", "apb_pclk";',
  ]);
  expect(node("pl031@9010000")).toEqual([
    'compatible = "arm,pl031", "arm,primecell";',
    "reg = <0x0 0x9010000 0x0 0x1000>;",
    "interrupts = <0x0 0x2 0x4>;",
    `clocks = <${clock}>;`,
    'clock-names = "apb_pclk";',
  ]);
  expect(node("pl061@9030000")).toContain("gpio-controller;");
  expect(node("pl061@9030000")).toContain("#gpio-cells = <0x2>;");
  expect(node("fw-cfg@9020000")).toEqual(['compatible = "qemu,fw-cfg-mmio";', "reg = <0x0 0x9020000 0x0 0x18>;", "dma-coherent;"]);
  expect(node("\tpoweroff")).toEqual([`gpios = <${gpio} 0x3 0x0>;`, "linux,code = <0x74>;", 'label = "GPIO Key Poweroff";']);
  expect(node("apb-pclk")).toEqual(['compatible = "fixed-clock";', "#clock-cells = <0x0>;", "clock-frequency = <0x16e3600>;", 'clock-output-names = "clk24mhz";']);
});

it("the first UART that asks gets the terminal, and a guest's store is heard there", async () => {
  const sent: string[] = [];
  const connected: string[] = [];
  const port: SerialPort = { send: (byte) => void sent.push(String.fromCharCode(byte)), waiting: false, take: () => 0, listen: () => () => {} };
  const terminal = definePlugin({
    name: "terminal",
    provides: [provide(SerialConsoleToken, () => ({ connect: (device: string) => (connected.push(device) === 1 ? port : undefined) }))],
  });
  const others = [pl011({ name: "uart1", base: 0x0904_0000, gsi: 8 }), pl011({ name: "uart2", base: 0x0905_0000, gsi: 9, console: false })];
  const machine = await machineOf([terminal, pl011(), ...others]);
  expect(connected).toEqual(["uart0", "uart1"]);
  for (const base of [0x0900_0000, 0x0904_0000, 0x0905_0000]) machine.bus.write(base, 1, 0x41, -1);
  expect(sent).toEqual(["A"]);
});

describe("the power button", () => {
  it("holds pin 3 high for 100 ms", async () => {
    const machine = await machineOf([pl061(), powerButton()]);
    const pin = (): unknown => machine.bus.read(0x0903_0000 + (8 << 2), 1, -1);
    machine.get(PowerButtonToken).press();
    expect(pin()).toBe(8);
    machine.clock.elapse(100e6 - 1);
    expect(pin()).toBe(8);
    machine.clock.elapse(1);
    expect(pin()).toBe(0);
  });

  it("needs its GPIO block", async () => {
    await expect(machineOf([pl061({ name: "gpio1" }), powerButton()])).rejects.toThrow(/power-button wants GPIO block gpio, and the machine has gpio1/);
    await expect(machineOf([powerButton()])).rejects.toThrow(/and the machine has none/);
    await expect(machineOf([pl061(), powerButton({ pin: 8 })])).rejects.toThrow(/wants pin 8/);
  });
});

describe("a PL061 as an irqchip", () => {
  it("takes pins, shows them, and completes edges that the guest clears", async () => {
    const machine = await machineOf([pl061({ irqchip: true, gsi: 40 })]); // alone: its own GSI must not lead back to a pin
    const chip = machine.irqchips[0]!;
    const completed: number[] = [];
    chip.completions$.subscribe(({ pin }) => void completed.push(pin));
    machine.bus.write(0x0903_0000 + 0x40c, 4, 0xff, -1); // GPIOIEV: rising edges
    machine.bus.write(0x0903_0000 + 0x410, 4, 0xff, -1); // GPIOIE
    expect(chip.pins$.emit(5, 2)).toBe(1);
    expect(chip.peekPin(5)).toEqual({ line: false, pending: true, active: false, enabled: true });
    machine.bus.write(0x0903_0000 + 0x41c, 4, 0xff, -1); // GPIOIC
    expect([chip.peekPin(5)?.pending, completed]).toEqual([false, [5]]);
    expect([chip.pins$.emit(8, 1), chip.peekPin(8), chip.describePin(5)]).toEqual([-1, undefined, "gpio input 5"]);
    expect(machine.get(GpioToken).name).toBe("gpio");
  });
});

describe("machine files", () => {
  const FILE = fileURLToPath(new URL("machine.yaml", import.meta.url));
  // By the names under which the package exports them.
  const modules = async (): Promise<Record<string, object>> => ({
    pl011: await import("@trapline/devices/pl011"),
    pl031: await import("@trapline/devices/pl031"),
    pl061: await import("@trapline/devices/pl061"),
    "power-button": await import("@trapline/devices/power-button"),
    "fw-cfg": await import("@trapline/devices/fw-cfg"),
  });
  const parse = async (...lines: string[]): ReturnType<typeof parseMachineFile> =>
    parseMachineFile(`plugins:\n${lines.map((line) => `  - ${line}\n`).join("")}`, FILE, { catalogue: await modules() });

  it("name all of them", async () => {
    const machine = await createMachine(await parse("pl011", "pl031: { start: 5 }", "pl061: { irqchip: true }", "power-button", "fw-cfg"));
    opened.push(machine);
    expect(machine.bus.claims.map(({ name, base }) => `${base.toString(16)} ${name}`)).toEqual([
      "9000000 uart0",
      "9010000 rtc",
      "9020000 fw-cfg",
      "9030000 gpio",
    ]);
    expect(machine.bus.read(0x0901_0000, 4, -1)).toBe(5);
  });

  it.each(["pl011: { base: 0x0900_0004 }", "pl031: { start: -1 }", "pl061: { irqchip: 2 }", "power-button: { pin: 8 }", "fw-cfg: { bas: 0 }"])(
    "%s is refused where it stands",
    async (line) => {
      const error = await parse(line).catch((thrown: unknown) => thrown);
      expect(isMachineFileError(error) && error.message).toMatch(/:2:\d+/);
    },
  );
});

it("a machine with all of them goes on identically after a snapshot", async () => {
  const all = (): PluginDefinition[] => [pl011(), pl031(), fwCfg(), pl061({ irqchip: true }), powerButton()];
  const machine = await machineOf(all());
  machine.bus.write(0x0900_0030, 4, 0x301, -1);
  machine.bus.write(0x0901_0008, 4, 77, -1);
  machine.get(PowerButtonToken).press();
  machine.clock.elapse(2e6);
  const copy = await machineOf(all());
  await copy.restore(await machine.save());
  for (const each of [machine, copy]) each.clock.elapse(5e9);
  const look = (each: Machine): unknown[] => [0x0900_0030, 0x0901_0000, 0x0903_03fc].map((address) => each.bus.read(address, 4, -1));
  expect(look(copy)).toEqual([0x301, 82, 0]);
  expect(look(copy)).toEqual(look(machine));
});
