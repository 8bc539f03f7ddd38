import { describe, expect, it } from "vitest";
import { isTraplineError } from "../errors.ts";
import {
  addAlias,
  addCpu,
  addMemory,
  DeviceTreeBuilder,
  findNode,
  gicEppi,
  gicEspi,
  gicPpi,
  gicSpi,
  printDts,
  readCells,
  ref,
  type DeviceTree,
  type PropertyInput,
} from "./index.ts";

const cells = (tree: DeviceTree, path: string, name: string): number[] | undefined => readCells(findNode(tree, path)!, name);

/** A root of two address and one size cells, which is what section 2.3.5 says for one without. */
function builderWithGic(): DeviceTreeBuilder {
  const builder = new DeviceTreeBuilder();
  builder.node("/", "board").set("interrupt-parent", ref("gic"));
  builder.node("/gic@8000000", "vgic").label("gic").set("#interrupt-cells", 3).reg({ base: 0x0800_0000, size: 0x1000 });
  return builder;
}

describe("values", () => {
  //  written as                              bytes, as DTS prints them
  const VALUES: readonly (readonly [PropertyInput, string])[] = [
    [true,                                    "x;"],
    [7,                                       "x = <0x7>;"],
    [0xffff_ffff,                             "x = <0xffffffff>;"],
    [7n,                                      "x = <0x0 0x7>;"],
    [0x0123_4567_89ab_cdefn,                  "x = <0x1234567 0x89abcdef>;"],
    ["okay",                                  'x = "okay";'],
    [["a", "b c"],                            'x = "a", "b c";'],
    ["grün",                                  "x = [67 72 c3 bc 6e 00];"],
    [[1, 2n, 3],                              "x = <0x1 0x0 0x2 0x3>;"],
    [new Uint8Array([1, 2, 3]),               "x = [01 02 03];"],
    [new Uint8Array(0),                       "x;"],
    [ref("gic"),                              "x = <0x1>;"],
    [[ref("gic"), 0, ref("gic")],             "x = <0x1 0x0 0x1>;"],
  ];

  it.each(VALUES.map(([value, text]) => [text, value] as const))("are encoded: %s", (text, value) => {
    const builder = builderWithGic();
    builder.node("/a", "test").set("x", value);
    expect(printDts(builder.build())).toContain(`\t\t${text}\n`);
  });

  //  written as                              the message says
  const REFUSED: readonly (readonly [unknown, RegExp])[] = [
    [-1,                                      /x of \/a \(test\): -0x1 does not fit 1 cell/],
    [1.5,                                     /1\.5 does not fit/],
    [0x1_0000_0000,                           /0x1_0000_0000 does not fit 1 cell\(s\) of 32 bits; use a whole number/],
    [1n << 64n,                               /0x1_0000_0000_0000_0000 does not fit 2 cell/],
    [-1n,                                     /-0x1 does not fit 2 cell/],
    [[],                                      /x of \/a \(test\) is an empty list; write true/],
    ["a\0b",                                  /a NUL \(0x0\) inside/],
    [["a", 1],                                /has a value of type string among its cells/],
    [[[1n]],                                  /has a value of type object among its cells/],
    [undefined,                               /has a value of type undefined among its cells/],
    [null,                                    /has null among its cells/],
  ];

  it.each(REFUSED.map(([value, message]) => [message, value] as const))("are refused: %s", (message, value) => {
    const builder = builderWithGic();
    builder.node("/a", "test").set("x", value as PropertyInput);
    expect(() => builder.build()).toThrow(message);
  });
});

describe("nodes", () => {
  it("are made once, with their ancestors, in order of first mention", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/soc/b", "one");
    builder.node("/a", "two");
    builder.node("/soc/c", "two");
    builder.node("/soc/b", "two").set("x", 1);
    const { root } = builder.build();
    expect(root.children.map(({ name }) => name)).toEqual(["soc", "a"]);
    expect(root.children[0]!.children.map(({ name }) => name)).toEqual(["b", "c"]);
  });

  it.each(["soc", "/a b", "/1st", "/a@", "/@1", "/a@b@c", `/${"n".repeat(32)}`])("refuses the path %s, naming the contributor", (path) => {
    expect(() => new DeviceTreeBuilder().node(path, "pl011")).toThrow(path.startsWith("/") ? /pl011\) is no node name/ : /not absolute/);
  });

  it("refuses more than 64 levels, the root counted", () => {
    const builder = new DeviceTreeBuilder();
    expect(() => builder.node("/a".repeat(63), "test")).not.toThrow();
    expect(() => builder.node("/a".repeat(64), "test")).toThrow(/deeper than 64/);
  });

  it.each(["", "a b", "a".repeat(32), "a@b"])("refuses the property name %j", (name) => {
    expect(() => new DeviceTreeBuilder().node("/a", "pl011").set(name, 1)).toThrow(/in \/a \(pl011\) is no property name/);
  });
});

describe("two contributors", () => {
  it("may say the same, in different words", () => {
    const builder = builderWithGic();
    builder.node("/a@10", "one").reg({ base: 0x10, size: 4 });
    builder.node("/a@10", "two").set("reg", [0, 0x10, 4]);
    expect(cells(builder.build(), "/a", "reg")).toEqual([0, 0x10, 4]);
  });

  it("may not contradict each other: the error names both and both values", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/uart", "pl011").set("status", "okay");
    builder.node("/uart", "board").set("status", "disabled");
    const error = failure(() => builder.build());
    expect(error).toMatchObject({ fault: "conflict", kind: "config", facts: { subject: "pl011", other: "board" } });
    expect(String(error)).toMatch(/status of \/uart is "okay" for pl011 and "disabled" for board; let one of them set it/);
    expect(isTraplineError(error, "config")).toBe(true);
  });

  it("may not claim one label for two nodes", () => {
    const builder = builderWithGic();
    expect(() => builder.node("/other", "plic").label("gic")).toThrow(
      /label "gic" is given to \/gic@8000000 by vgic and to \/other by plic; rename/,
    );
    expect(() => builder.node("/gic@8000000", "board").label("gic").label("intc")).not.toThrow();
  });

  it("may not reserve the same memory", () => {
    const builder = new DeviceTreeBuilder();
    builder.reserve(0x1000, 0x1000, "firmware");
    builder.reserve(0x2000, 0x1000, "loader");
    expect(() => builder.reserve(0x1fff, 2, "tpm")).toThrow(
      /tpm reserves 0x1fff\+0x2, which overlaps 0x1000\+0x1000 of firmware; reservations shall not/,
    );
    expect(() => builder.reserve(1.5, 2, "tpm")).toThrow(/which is no range/);
    expect(() => builder.reserve(0x8000, 0, "tpm")).toThrow(/which is no range/);
    expect(() => builder.reserve(0xffff_ffff_ffff_f000n, 0x1001, "tpm")).toThrow(/which is no range/);
    expect(builder.build().reservations).toEqual([{ address: 0x1000, size: 0x1000 }, { address: 0x2000, size: 0x1000 }]);
  });

  it("have to agree on the boot CPU", () => {
    const builder = new DeviceTreeBuilder();
    builder.bootCpuid(0x100, "cpu");
    builder.bootCpuid(0x100, "board");
    expect(() => builder.bootCpuid(0, "psci")).toThrow(/boot CPU is 0x100 for cpu and 0x0 for psci/);
    expect(() => new DeviceTreeBuilder().bootCpuid(-1, "cpu")).toThrow(/cpu gives boot CPU id -1/);
    expect(builder.build().bootCpuidPhys).toBe(0x100);
  });
});

describe("phandles", () => {
  it("go to the nodes that are referred to, in tree order, the reference coming first or last", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/user", "test").set("uses", [ref("b"), ref("a")]);
    builder.node("/a", "test").label("a");
    builder.node("/unused", "test").label("unused");
    builder.node("/b", "test").label("b");
    const tree = builder.build();
    expect(["/a", "/b", "/unused"].map((path) => cells(tree, path, "phandle"))).toEqual([[1], [2], undefined]);
    expect(cells(tree, "/user", "uses")).toEqual([2, 1]);
  });

  it("leave numbers alone that a contributor chose", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/a", "test").label("a").set("self", ref("a"));
    builder.node("/fixed", "test").label("fixed").set("phandle", 1).set("self", ref("fixed"));
    const tree = builder.build();
    expect([cells(tree, "/a", "self"), cells(tree, "/fixed", "self")]).toEqual([[2], [1]]);
  });

  it("refuse unknown labels, naming who asked and what there is", () => {
    const builder = builderWithGic();
    builder.node("/uart", "pl011").set("clocks", [ref("clk")]);
    expect(() => builder.build()).toThrow(/clocks of \/uart \(pl011\) refers to label "clk", which no node has \(known labels: gic\)/);
  });

  it("refuse two equal numbers, and impossible ones", () => {
    const twice = new DeviceTreeBuilder();
    twice.node("/a", "one").set("phandle", 5);
    twice.node("/b", "two").set("phandle", 5);
    expect(() => twice.build()).toThrow(/phandle 0x5 is set on \/a \(one\) and on \/b \(two\)/);
    for (const value of [0, 0xffff_ffff, "x"]) {
      const builder = new DeviceTreeBuilder();
      builder.node("/a", "one").set("phandle", value);
      expect(() => builder.build()).toThrow(/phandle of \/a \(one\) is no number from 0x1/);
    }
  });
});

describe("reg and ranges", () => {
  //  #address-cells  #size-cells   base                     size         reg
  const REG = [
    [undefined,       undefined,    0x1000,                  0x20,        [0, 0x1000, 0x20]], // 2.3.5: 2 and 1
    [1,               1,            0x1000,                  0x20,        [0x1000, 0x20]],
    [2,               2,            0x12_3456_789a,          0x1_0000_0000, [0x12, 0x3456_789a, 1, 0]],
    [2,               2,            0xffff_ffff_ffff_f000n,  0x1000,      [0xffff_ffff, 0xffff_f000, 0, 0x1000]],
    [1,               0,            0x1000,                  undefined,   [0x1000]],
    [3,               2,            0x1000,                  1,           [0, 0, 0x1000, 0, 1]],
  ] as const;

  it.each(REG)("follow the parent: #address-cells %s, #size-cells %s", (addressCells, sizeCells, base, size, reg) => {
    const builder = new DeviceTreeBuilder();
    // The child speaks first: cell counts hold whenever they are set.
    builder.node(`/bus/dev@${base.toString(16)}`, "dev").reg(size === undefined ? { base } : { base, size });
    if (addressCells !== undefined) builder.node("/bus", "bus").set("#address-cells", addressCells).set("#size-cells", sizeCells!);
    expect(cells(builder.build(), "/bus/dev", "reg")).toEqual(reg);
  });

  it("use the node's own cells, its parent's, and its own size cells for ranges", () => {
    const builder = new DeviceTreeBuilder();
    const bus = builder.node("/bus@40", "bus").ranges({ child: 1, parent: 0x40, size: 3 }).set("#address-cells", 1);
    bus.set("#size-cells", 2);
    const node = findNode(builder.build(), "/bus")!;
    expect(readCells(node, "ranges")).toEqual([1, 0, 0x40, 0, 3]);
    expect(node.properties.map(({ name }) => name)).toEqual(["ranges", "#address-cells", "#size-cells"]);
  });

  it("refuse what does not fit", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/bus", "bus").set("#address-cells", 1);
    builder.node("/bus/dev@100000000", "dev").reg({ base: 0x1_0000_0000, size: 1 });
    expect(() => builder.build()).toThrow(/reg of \/bus\/dev@100000000 \(dev\): 0x1_0000_0000 does not fit 1 cell/);
    const huge = new DeviceTreeBuilder();
    huge.node("/bus", "bus").set("#address-cells", 0x1000_0000);
    huge.node("/bus/dev@1", "dev").reg({ base: 1, size: 1 });
    expect(() => huge.build()).toThrow(/would need 0x1000_0000 cells, as #address-cells of bus says; set #address-cells to at most 4/);
    expect(() => new DeviceTreeBuilder().node("/a", "dev").reg()).toThrow(/dev gives \/a an empty reg/);
    const root = new DeviceTreeBuilder();
    root.node("/", "board").reg({ base: 0 });
    expect(() => root.build()).toThrow(/the root node has no parent/);
  });

  it("refuse a unit address that is not the first address, naming both", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/uart@9000000", "board").set("status", "okay");
    builder.node("/uart@9000000", "pl011").reg({ base: 0x0901_0000, size: 0x1000 });
    expect(() => builder.build()).toThrow(
      /unit address 9000000 of \/uart@9000000 \(board\) is not the first address 0x901_0000 of its reg \(pl011\); name the node/,
    );
  });

  it("leave PCI's own unit addresses alone", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/pci", "pci").set("device_type", "pci").set("#address-cells", 3).set("#size-cells", 2);
    builder.node("/pci/ethernet@1,0", "net").set("reg", [0x800, 0, 0, 0, 0]);
    builder.node("/pci/bridge@2", "net").set("reg", [0x1000, 0, 0, 0, 0]);
    builder.node("/pcie@10000000", "host").set("device_type", "pci").reg({ base: 0x3f00_0000, size: 0x100_0000 });
    expect(() => builder.build()).not.toThrow();
  });
});

describe("interrupts", () => {
  it("are the cells of the GIC bindings: type, number, flags", () => {
    expect(gicSpi(1, "level-high")).toEqual([0, 1, 4]);
    expect(gicSpi(987, "edge-rising")).toEqual([0, 987, 1]);
    expect(gicPpi(14, "level-low")).toEqual([1, 14, 8]);
    expect(gicPpi(14, "level-high", 0xff)).toEqual([1, 14, 0xff04]);
    expect(gicEspi(1023, "level-high")).toEqual([2, 1023, 4]);
    expect(gicEppi(63, "edge-falling")).toEqual([3, 63, 2]);
    const high = "level-high";
    for (const wrong of [() => gicSpi(988, high), () => gicPpi(16, high), () => gicSpi(-1, high), () => gicPpi(1, high, 256)]) {
      expect(wrong).toThrow(/is out of range; use a whole number from 0 to .*SPI n is INTID 32 \+ n/);
    }
  });

  it("have to be as long as the controller says, each of them", () => {
    const builder = builderWithGic();
    builder.node("/uart", "pl011").interrupts([0, 1], [0, 2, 4, 0]);
    expect(() => builder.build()).toThrow(/an interrupt of \/uart \(pl011\) has 2 cells, #interrupt-cells of \/gic@8000000 is 3/);
  });

  it("find their controller through the nearest interrupt-parent, also past nodes that only pass the question on", () => {
    const builder = builderWithGic();
    builder.node("/bus", "bus").label("bus");
    builder.node("/bus/dev", "dev").interrupts(gicSpi(1, "level-high"));
    builder.node("/far", "dev").set("interrupt-parent", ref("bus")).interrupts(gicSpi(2, "level-high"));
    expect(cells(builder.build(), "/far", "interrupts")).toEqual([0, 2, 4]);
  });

  it("need a controller", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/uart", "pl011").interrupts(gicSpi(1, "level-high"));
    expect(() => builder.build()).toThrow(/\/uart \(pl011\) has interrupts but no interrupt parent; set "interrupt-parent"/);
    const circle = new DeviceTreeBuilder();
    circle.node("/a", "one").label("a").set("interrupt-parent", ref("b")).interrupts([1]);
    circle.node("/b", "two").label("b").set("interrupt-parent", ref("a"));
    expect(() => circle.build()).toThrow(/no interrupt parent/);
  });
});

describe("standard nodes", () => {
  it("are spelled as chapter 3 wants them", () => {
    const builder = new DeviceTreeBuilder();
    builder.node("/", "board").set("#address-cells", 2).set("#size-cells", 2);
    addMemory(builder, { base: 0x4000_0000, size: 0x800_0000 }, "board");
    addCpu(builder, { mpidr: 0, compatible: ["arm,cortex-a53"], enableMethod: "psci" }, "cpu");
    addCpu(builder, { mpidr: 0x101, compatible: ["arm,cortex-a53"] }, "cpu");
    addAlias(builder, "serial0", "/uart", "pl011");
    expect(printDts(builder.build())).toBe(`/dts-v1/;

/ {
	#address-cells = <0x2>;
	#size-cells = <0x2>;

	memory@40000000 {
		device_type = "memory";
		reg = <0x0 0x40000000 0x0 0x8000000>;
	};

	cpus {
		#address-cells = <0x1>;
		#size-cells = <0x0>;

		cpu@0 {
			device_type = "cpu";
			compatible = "arm,cortex-a53";
			reg = <0x0>;
			enable-method = "psci";
		};

		cpu@101 {
			device_type = "cpu";
			compatible = "arm,cortex-a53";
			reg = <0x101>;
		};
	};

	aliases {
		serial0 = "/uart";
	};
};
`);
  });
});

function failure(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
