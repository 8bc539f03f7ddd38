import { describe, expect, it } from "vitest";
import {
  deleteProperty,
  emptyDeviceTree,
  ensureNode,
  lintDeviceTree,
  setProperty,
  type DeviceTree,
  type DeviceTreeRule,
  type FinalPropertyInput,
} from "./index.ts";

/** A tree in order: phandle 1 a GICv3, 2 a clock with one cell, 3 an ITS. */
function good(): DeviceTree {
  const tree = emptyDeviceTree();
  const set = (path: string, properties: Record<string, FinalPropertyInput>): void => {
    for (const [name, value] of Object.entries(properties)) setProperty(ensureNode(tree, path), name, value);
  };
  set("/", { "#address-cells": 2, "#size-cells": 2, model: "m", compatible: "m", "interrupt-parent": 1 });
  set("/cpus", { "#address-cells": 1, "#size-cells": 0 });
  set("/memory@40000000", { device_type: "memory", reg: [0x4000_0000n, 0x1000n] });
  set("/gic@8000000", { compatible: "arm,gic-v3", "interrupt-controller": true, "#interrupt-cells": 3, "#address-cells": 0 });
  set("/gic@8000000", { phandle: 1, reg: [0x0800_0000n, 1n] });
  set("/clock", { "#clock-cells": 1, phandle: 2 });
  set("/its", { "#msi-cells": 1, phandle: 3 });
  set("/dev@1000", { reg: [0x1000n, 0x10n], interrupts: [0, 1, 4], clocks: [2, 0] });
  set("/aliases", { serial0: "/dev@1000" });
  set("/chosen", { "stdout-path": "serial0:115200n8" });
  return tree;
}

/** One entry of an interrupt-map: child address and pin, the GIC, SPI 1 high level. */
const MAP = [0, 0, 1, 1, 0, 1, 4];

type Edit = readonly [path: string, name: string, value: FinalPropertyInput | undefined];

function edited(edits: readonly Edit[]): DeviceTree {
  const tree = good();
  for (const [path, name, value] of edits) {
    const node = ensureNode(tree, path);
    if (value === undefined) deleteProperty(node, name);
    else setProperty(node, name, value);
  }
  return tree;
}

describe("lintDeviceTree", () => {
  it("finds nothing in a tree in order", () => {
    expect(lintDeviceTree(good())).toEqual([]);
  });

  //  what is wrong, the edits that make it so
  //    severity, rule, where it is reported, what the message says
  const ROWS: readonly (readonly [string, readonly Edit[], "error" | "warning", DeviceTreeRule, string, RegExp])[] = [
    // 2.2.1 and 2.3.6: unit addresses
    ["another unit address than reg", [["/dev@1000", "reg", [0x2000n, 1n]]],
      "warning", "unit-address", "/dev@1000", /1000 is not the first address of its reg, 0x2000/],
    ["a unit address without reg", [["/lone@5", "x", 1]],
      "warning", "unit-address", "/lone@5", /neither reg nor ranges/],
    ["reg without a unit address", [["/bare", "reg", [5n, 1n]]],
      "warning", "unit-address", "/bare", /no unit address/],
    ["a unit address with a leading 0", [["/pad@05", "reg", [5n, 1n]]],
      "warning", "unit-address", "/pad@05", /needless 0/],
    ["two siblings at one address", [["/twin@1000", "reg", [0x1000n, 1n]]],
      "warning", "duplicate-unit-address", "/", /dev@1000 and twin@1000/],
    // 2.3.5: cell counts
    ["reg of half an entry", [["/dev@1000", "reg", 0x1000n]],
      "error", "cell-count", "/dev@1000", /reg has 8 bytes.*0x2 \+ #size-cells 0x2 of \//],
    ["an empty reg", [["/dev@1000", "reg", true]],
      "error", "cell-count", "/dev@1000", /reg has 0 bytes/],
    ["a cell count of eight bytes", [["/cpus", "#size-cells", 0n]],
      "error", "cell-count", "/cpus", /#size-cells has 8 bytes/],
    ["ranges of half an entry", [["/bus@1", "ranges", [1n, 1n]]],
      "error", "cell-count", "/bus@1", /ranges has 16 bytes.*0x2 child \+ 0x2 parent \+ 0x1 size/],
    ["empty ranges over other cells", [["/bus", "ranges", true], ["/bus", "#address-cells", 1]],
      "error", "cell-count", "/bus", /ranges is empty/],
    ["empty dma-ranges over other cells", [["/bus", "dma-ranges", true], ["/bus", "#address-cells", 1]],
      "error", "cell-count", "/bus", /dma-ranges is empty/],
    ["cells left to the default", [["/bus", "#address-cells", 2], ["/bus/d@1", "reg", [1n, 1]]],
      "warning", "default-cells", "/bus", /#size-cells is not given, but its child d@1/],
    // 2.3.3: phandles
    ["a phandle twice", [["/dev@1000", "phandle", 2]],
      "error", "phandle", "/dev@1000", /0x2 is also that of \/clock/],
    ["phandle 0", [["/dev@1000", "phandle", 0]],
      "error", "phandle", "/dev@1000", /0x0 is reserved/],
    ["phandle -1", [["/dev@1000", "phandle", 0xffff_ffff]],
      "error", "phandle", "/dev@1000", /0xffff_ffff is reserved/],
    ["a phandle of two cells", [["/dev@1000", "phandle", 9n]],
      "error", "phandle", "/dev@1000", /has 8 bytes/],
    ["a clock that is not there", [["/dev@1000", "clocks", [9, 0]]],
      "error", "dangling-phandle", "/dev@1000", /clocks refers to phandle 0x9/],
    ["a clock that is no clock", [["/dev@1000", "clocks", [3, 0]]],
      "error", "provider-cells", "/dev@1000", /\/its, which has no #clock-cells/],
    ["a clock without its cell", [["/dev@1000", "clocks", 2]],
      "error", "cell-count", "/dev@1000", /needs 1 more/],
    ["clocks as text", [["/dev@1000", "clocks", "clk24"]],
      "error", "cell-count", "/dev@1000", /not made of cells/],
    ["a GPIO that is not there", [["/dev@1000", "reset-gpios", [9, 1, 0]]],
      "error", "dangling-phandle", "/dev@1000", /reset-gpios/],
    ["an msi-map to nowhere", [["/dev@1000", "msi-map", [0, 9, 0, 0x1_0000]]],
      "error", "dangling-phandle", "/dev@1000", /msi-map refers to phandle 0x9/],
    ["an msi-map cut short", [["/dev@1000", "msi-map", [0]]],
      "error", "cell-count", "/dev@1000", /msi-map ends inside an entry/],
    // 2.4: interrupts
    ["no interrupt parent", [["/", "interrupt-parent", undefined]],
      "error", "interrupt-parent", "/dev@1000", /leads to a controller/],
    ["an interrupt parent without cells", [["/gic@8000000", "#interrupt-cells", undefined]],
      "error", "interrupt-cells", "/gic@8000000", /controller without/],
    ["interrupts of two cells", [["/dev@1000", "interrupts", [1, 4]]],
      "error", "interrupt-cells", "/dev@1000", /8 bytes, #interrupt-cells of \/gic@8000000 is 0x3/],
    ["empty interrupts", [["/dev@1000", "interrupts", true]],
      "error", "interrupt-cells", "/dev@1000", /0 bytes/],
    ["#interrupt-cells 0", [["/gic@8000000", "#interrupt-cells", 0]],
      "error", "interrupt-cells", "/dev@1000", /is 0x0/],
    ["interrupts-extended to nowhere", [["/dev@1000", "interrupts-extended", [9, 0, 1, 4]]],
      "error", "dangling-phandle", "/dev@1000", /interrupts-extended/],
    ["interrupts-extended to a clock", [["/dev@1000", "interrupts-extended", [2, 1]]],
      "error", "interrupt-cells", "/dev@1000", /\/clock, which has no #interrupt-cells/],
    ["interrupts-extended cut short", [["/dev@1000", "interrupts-extended", [1, 0, 1]]],
      "error", "interrupt-cells", "/dev@1000", /ends inside a specifier/],
    ["an interrupt-map to nowhere", [["/pci", "#interrupt-cells", 1], ["/pci", "interrupt-map", [0, 0, 1, 9, 0, 1, 4]]],
      "error", "dangling-phandle", "/pci", /interrupt-map/],
    ["an interrupt-map without its cells", [["/pci", "interrupt-map", [0, 0, 1]]],
      "error", "interrupt-cells", "/pci", /needs #interrupt-cells/],
    ["an interrupt-map cut short", [["/pci", "#interrupt-cells", 1], ["/pci", "interrupt-map", [0, 0, 1, 1, 0, 1]]],
      "error", "interrupt-cells", "/pci", /ends inside a specifier/],
    ["a mask of another length", [["/pci", "#interrupt-cells", 1], ["/pci", "interrupt-map", MAP], ["/pci", "interrupt-map-mask", [0, 7]]],
      "error", "interrupt-cells", "/pci", /mask has 2 cells.*0x3/],
    // bindings arm,gic and arm,gic-v3
    ["a falling edge SPI", [["/dev@1000", "interrupts", [0, 1, 2]]],
      "error", "interrupt-trigger", "/dev@1000", /SPI 1 has trigger 0x2, a GIC knows/],
    ["a low level SPI in interrupts-extended", [["/dev@1000", "interrupts-extended", [1, 0, 1, 8]]],
      "error", "interrupt-trigger", "/dev@1000", /interrupts-extended: SPI 1/],
    ["a low level SPI in an interrupt-map", [["/pci", "#interrupt-cells", 1], ["/pci", "interrupt-map", [0, 0, 1, 1, 0, 3, 8]]],
      "error", "interrupt-trigger", "/pci", /interrupt-map: SPI 3/],
    ["no trigger", [["/dev@1000", "interrupts", [0, 1, 0]]],
      "warning", "interrupt-trigger", "/dev@1000", /no trigger/],
    ["two triggers at once", [["/dev@1000", "interrupts", [1, 1, 5]]],
      "error", "interrupt-trigger", "/dev@1000", /0x5, which is more than one/],
    ["SPI 988", [["/dev@1000", "interrupts", [0, 988, 4]]],
      "error", "interrupt-number", "/dev@1000", /SPI 988 is beyond SPI 987/],
    ["PPI 16", [["/dev@1000", "interrupts", [1, 16, 4]]],
      "error", "interrupt-number", "/dev@1000", /PPI 16 is beyond PPI 15/],
    ["interrupt type 4", [["/dev@1000", "interrupts", [4, 0, 4]]],
      "error", "interrupt-number", "/dev@1000", /no interrupt type 0x4/],
    ["an extended SPI on a GICv2", [["/gic@8000000", "compatible", "arm,gic-400"], ["/dev@1000", "interrupts", [2, 0, 4]]],
      "error", "interrupt-number", "/dev@1000", /no interrupt type 0x2/],
    // 3.1 to 3.6
    ["no model", [["/", "model", undefined]],
      "warning", "required-node", "/", /no model/],
    ["no memory", [["/memory@40000000", "device_type", undefined]],
      "warning", "required-node", "/", /no memory node/],
    ["an alias to nowhere", [["/aliases", "net0", "/eth"]],
      "warning", "path-reference", "/aliases", /alias net0 leads to \/eth/],
    ["a console that is not there", [["/chosen", "stdout-path", "/uart:115200"]],
      "error", "path-reference", "/chosen", /"\/uart", which is neither/],
    ["a console alias that is not there", [["/chosen", "stdout-path", "serial1"]],
      "error", "path-reference", "/chosen", /"serial1"/],
  ];

  it.each(ROWS)("finds %s", (_, edits, severity, rule, path, message) => {
    const findings = lintDeviceTree(edited(edits));
    expect(findings).toContainEqual({ severity, rule, path, message: expect.stringMatching(message) });
    // The one trouble is not reported as several, but for a GIC that has lost what its devices need.
    if (path !== "/gic@8000000") expect(findings).toHaveLength(1);
  });

  const FINE: readonly (readonly [string, readonly Edit[]])[] = [
    ["a low level PPI: old boards' timers say so", [["/dev@1000", "interrupts", [1, 13, 8]]]],
    ["a PPI with a CPU mask (GICv2)", [["/dev@1000", "interrupts", [1, 13, 0xf04]]]],
    ["extended SPIs and PPIs of a GICv3", [["/dev@1000", "interrupts", [2, 1023, 4, 3, 63, 1]]]],
    ["an entry left empty in a list of GPIOs", [["/dev@1000", "cs-gpios", [0, 0]]]],
    ["GPIO hogs, whose gpios are no phandles", [["/hog", "gpio-hog", true], ["/hog", "gpios", [6, 0]]]],
    ["msi-parent to a controller without #msi-cells", [["/dev@1000", "msi-parent", 2]]],
    ["a second /dev told apart by its address", [["/dev@2000", "reg", [0x2000n, 1n]]]],
  ];

  it.each(FINE)("accepts %s", (_, edits) => {
    expect(lintDeviceTree(edited(edits))).toEqual([]);
  });

  it("finds a phandle that leads nowhere in interrupt-parent, on its holder and on whom it hits", () => {
    expect(lintDeviceTree(edited([["/", "interrupt-parent", 9]])).map(({ rule, path }) => [rule, path])).toEqual([
      ["dangling-phandle", "/"],
      ["interrupt-parent", "/dev@1000"],
    ]);
  });

  it("finds names no parser would refuse", () => {
    const tree = good();
    tree.root.children.push({ name: "clock", properties: [], children: [] }, { name: "0x", properties: [], children: [] });
    tree.root.properties.push({ name: "model", value: new Uint8Array(0) }, { name: "a*b", value: new Uint8Array(0) });
    const label = { name: "a_label_of_more_than_thirty_one_characters", value: new Uint8Array(0) };
    tree.root.children.push({ name: "__symbols__", properties: [label], children: [] });
    expect(lintDeviceTree(tree).map(({ rule, path }) => [rule, path])).toEqual([
      ["duplicate-node", "/"],
      ["duplicate-property", "/"],
      ["property-name", "/"],
      ["node-name", "/0x"],
    ]);
  });
});
