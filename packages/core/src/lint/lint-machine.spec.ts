/** Machines that tell their guest one thing and do another, one at a time, and what lint says of each. */
import { describe, expect, it } from "vitest";
import { createMachine } from "../machine/machine.ts";
import { definePlugin, type PluginDefinition } from "../machine/vmm-plugin.ts";
import { gicSpi, type SpiTrigger } from "../devicetree/index.ts";
import type { AddressRange } from "../bus/address-range.ts";
import { gicShape } from "./gic-shape.fixture.ts";
import { lintMachine } from "./lint-machine.ts";
import type { MachineFinding } from "./machine-finding.ts";

interface Device {
  readonly name?: string;
  readonly base?: number;
  /** Where its node is; false for none. */
  readonly node?: number | false;
  readonly gsi?: number | undefined;
  readonly drives?: "level" | "edge";
  readonly spi?: number;
  readonly says?: SpiTrigger;
  readonly compatible?: string;
}

/** A device with a frame, a line and a node; in order unless told otherwise. */
function device({ name = "dev", base = 0x0900_0000, node = base, gsi = 1, drives = "level", spi = 1, says = "level-high", compatible = "test,dev" }: Device = {}): PluginDefinition {
  return definePlugin({
    name,
    create: (vmm) => ({
      attach(scope) {
        scope.add(vmm.bus.claim({ name, base, size: 0x1000 }, { read: () => 0, write: () => {} }));
        if (drives === "level") vmm.router.line(gsi, name);
        else vmm.router.trigger(gsi, name);
      },
      deviceTree(tree) {
        if (node !== false) tree.node(`/${name}@${node.toString(16)}`, name).compatible(compatible).reg({ base: node, size: 0x1000 }).interrupts(gicSpi(spi, says));
      },
    }),
  });
}

async function lint(plugins: readonly PluginDefinition[], memory: readonly AddressRange[] = []): Promise<MachineFinding[]> {
  const machine = await createMachine({ plugins, memory });
  try {
    return lintMachine(machine);
  } finally {
    await machine.close();
  }
}

const told = (findings: readonly MachineFinding[]): string[] => findings.map(({ severity, rule, subject, message, remedy }) => `${severity} ${rule} ${subject}: ${message}; ${remedy}`);

describe("a machine in order", () => {
  it.each<[string, Device]>([
    ["holds its line, and says so", {}],
    ["pulses, and says so", { drives: "edge", says: "edge-rising" }],
    ["has a virtio-mmio transport, whose node says edge and whose driver takes both", { compatible: "virtio,mmio", says: "edge-rising" }],
  ])("%s: nothing to say", async (_what, options) => {
    expect(await lint([gicShape(), device(options)], [{ base: 0x4000_0000, size: 0x1000 }])).toEqual([]);
  });
});

describe("what lint finds", () => {
  it.each<[string, readonly PluginDefinition[], readonly string[]]>([
    [
      "a held line that the tree calls edge-triggered",
      [gicShape(), device({ says: "edge-rising" })],
      [
        "error trigger-mismatch /dev@9000000: it says that gic pin 1, SPI 1 (INTID 33) is edge-triggered, and dev holds its line (GSI 1) until it is served: what comes while the line is high is lost; write level-high (4) in the node, or let dev pulse",
      ],
    ],
    [
      "a pulse that the tree calls level-sensitive",
      [gicShape(), device({ drives: "edge" })],
      [
        "error trigger-mismatch /dev@9000000: it says that gic pin 1, SPI 1 (INTID 33) is level-sensitive, and dev pulses GSI 1: nothing stays of a pulse; write edge-rising (1) in the node, or let dev hold its line",
      ],
    ],
    [
      "a device on another input than its node says",
      [gicShape(), device({ gsi: 5 })],
      [
        "error interrupt-mismatch /dev@9000000: it says SPI 1 (INTID 33), and dev, whose address 0x900_0000 it has, drives GSI 5, which leads to gic pin 5, SPI 5 (INTID 37); make the node's interrupt and the GSI of dev agree, or route GSI 5 to SPI 1 (INTID 33)",
      ],
    ],
    [
      "a pulse on a line that another device holds",
      [gicShape(), device(), device({ name: "key", base: 0x0901_0000, drives: "edge", node: false })],
      [
        "error shared-interrupt key: it pulses GSI 1, and dev holds GSI 1: both lead to gic pin 1, SPI 1 (INTID 33), which senses either edges or levels; give one of the two another GSI",
        "error trigger-mismatch /dev@9000000: it says that gic pin 1, SPI 1 (INTID 33) is level-sensitive, and key pulses GSI 1: nothing stays of a pulse; write edge-rising (1) in the node, or let key hold its line",
        "warning undescribed-address key: it is at 0x901_0000+0x1000, and no node of the tree has that address; describe it, if the guest is to find it",
      ],
    ],
    [
      "a GSI beyond the chip's pins",
      [gicShape(), device({ gsi: 2000 })],
      ["error unrouted-interrupt dev: it drives GSI 2000 (level), which leads to no pin; give it a GSI that has a route, or route this one"],
    ],
    [
      "a pin that the chip has not got",
      [gicShape(), device({ gsi: 40 })],
      ["error unimplemented-pin dev: it drives GSI 40, which leads to gic pin 40 (SPI 40 (INTID 72)): gic swallows what comes in there; use a pin that gic has, or give gic more"],
    ],
    [
      "no interrupt controller at all",
      [device({ node: false })],
      ["warning unrouted-interrupt dev: it drives GSI 1 (level), which leads nowhere: the machine has no irqchip; add an irqchip, or poll it"],
    ],
    [
      "an interrupt and an address that the tree does not have",
      [gicShape(), device(), device({ name: "spare", base: 0x0902_0000, gsi: 7, node: false })],
      [
        "warning undescribed-interrupt spare: it drives GSI 7, which leads to gic pin 7, SPI 7 (INTID 39), and no node of the tree has that interrupt; describe it, if the guest is to know it",
        "warning undescribed-address spare: it is at 0x902_0000+0x1000, and no node of the tree has that address; describe it, if the guest is to find it",
      ],
    ],
    [
      "a node where no device is",
      [gicShape(), device({ node: 0x0a00_0000 })],
      [
        "error unclaimed-address /dev@a000000: it has 0xa00_0000+0x1000, which no device claims; the nearest claim is dev at 0x900_0000+0x1000: what a driver touches there aborts; correct its reg, or add the device",
        "warning undescribed-address dev: it is at 0x900_0000+0x1000, and no node of the tree has that address; describe it, if the guest is to find it",
      ],
    ],
    [
      "a node that begins before its device",
      [gicShape(), device({ node: 0x08ff_f800 })],
      ["warning unclaimed-address /dev@8fff800: it has 0x8ff_f800+0x1000, of which dev at 0x900_0000+0x1000 claims only a part, and not the beginning; make the two begin at the same address"],
    ],
  ])("%s", async (_what, plugins, expected) => {
    expect(told(await lint(plugins))).toEqual(expected);
  });
});

describe("addresses", () => {
  const bridge = (claimed: number): PluginDefinition =>
    definePlugin({
      name: "bus",
      create: (vmm) => ({
        attach: (scope) => scope.add(vmm.bus.claim({ name: "leaf", base: claimed, size: 0x100 }, { read: () => 0, write: () => {} })),
        deviceTree(tree) {
          const bus = tree.node("/bus", "bus").compatible("simple-bus").set("#address-cells", 1).set("#size-cells", 1);
          bus.ranges({ child: 0x1000, parent: 0x0b00_0000, size: 0x1000 });
          bus.child("leaf@1100").compatible("test,leaf").reg({ base: 0x1100, size: 0x100 });
          tree.node("/i2c", "bus").set("#address-cells", 1).set("#size-cells", 0).child("eeprom@50").compatible("test,eeprom").reg({ base: 0x50 });
        },
      }),
    });

  it("are translated by the ranges of the buses above; nodes without an address on the CPU's bus are left alone", async () => {
    expect(told(await lint([gicShape(), bridge(0x0b00_0100)]))).toEqual([]);
    expect(told(await lint([gicShape(), bridge(0x0b00_0200)]))[0]).toMatch(/^error unclaimed-address \/bus\/leaf@1100: it has 0xb00_0100\+0x100/);
  });

  it("of nodes that are not there for the guest are not asked for", async () => {
    const off = definePlugin({
      name: "off",
      create: () => ({ deviceTree: (tree) => void tree.node("/off@c000000", "off").set("status", "disabled").reg({ base: 0x0c00_0000, size: 0x1000 }) }),
    });
    expect(await lint([gicShape(), off])).toEqual([]);
  });
});
