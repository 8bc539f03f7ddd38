import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  addAlias,
  addCpu,
  addMemory,
  chosenNode,
  DeviceTreeBuilder,
  findNode,
  gicPpi,
  gicSpi,
  lintDeviceTree,
  parseDtb,
  printDts,
  readCells,
  ref,
  setProperty,
  writeDtb,
  type Cell,
  type DeviceTree,
} from "./index.ts";

/** The tree of a board laid out like QEMU's virt, contributed the way plugins do. */
function virtBoard(cpus = 4, virtioSlots = 32): DeviceTreeBuilder {
  const builder = new DeviceTreeBuilder();
  const root = builder.node("/", "board");
  root.compatible("linux,dummy-virt").set("model", "linux,dummy-virt").set("#address-cells", 2).set("#size-cells", 2);
  root.set("interrupt-parent", ref("gic")).set("dma-coherent", true);
  builder
    .node("/psci", "psci")
    .compatible("arm,psci-1.0", "arm,psci-0.2", "arm,psci")
    .set("method", "hvc")
    .set("cpu_suspend", 0xc400_0001)
    .set("cpu_off", 0x8400_0002)
    .set("cpu_on", 0xc400_0003)
    .set("migrate", 0xc400_0005);
  addMemory(builder, { base: 0x4000_0000, size: 0x1_0000_0000 }, "board");
  for (let mpidr = 0; mpidr < cpus; mpidr++) addCpu(builder, { mpidr, compatible: ["arm,cortex-a53"], enableMethod: "psci" }, "soft-cpu");
  builder
    .node("/timer", "soft-cpu")
    .compatible("arm,armv8-timer", "arm,armv7-timer")
    .set("always-on", true)
    .interrupts(gicPpi(13, "level-high"), gicPpi(14, "level-high"), gicPpi(11, "level-high"), gicPpi(10, "level-high"));
  builder
    .node("/intc@8000000", "vgic")
    .label("gic")
    .compatible("arm,gic-v3")
    .set("interrupt-controller", true)
    .set("#interrupt-cells", 3)
    .set("#address-cells", 2)
    .set("#size-cells", 2)
    .set("#redistributor-regions", 1)
    .ranges()
    .reg({ base: 0x0800_0000, size: 0x1_0000 }, { base: 0x080a_0000, size: 0xf6_0000 })
    .interrupts(gicPpi(9, "level-high"))
    .child("its@8080000")
    .label("its")
    .compatible("arm,gic-v3-its")
    .set("msi-controller", true)
    .set("#msi-cells", 1)
    .reg({ base: 0x0808_0000, size: 0x2_0000 });
  builder
    .node("/apb-pclk", "board")
    .label("apb_pclk")
    .compatible("fixed-clock")
    .set("#clock-cells", 0)
    .set("clock-frequency", 24_000_000)
    .set("clock-output-names", "clk24mhz");
  const uart = builder.node("/pl011@9000000", "pl011");
  uart.compatible("arm,pl011", "arm,primecell").reg({ base: 0x0900_0000, size: 0x1000 }).interrupts(gicSpi(1, "level-high"));
  uart.set("clocks", [ref("apb_pclk"), ref("apb_pclk")]).set("clock-names", ["uartclk", "apb_pclk"]);
  addAlias(builder, "serial0", uart.path, "pl011");
  chosenNode(builder, "board").set("stdout-path", uart.path);
  for (let slot = 0; slot < virtioSlots; slot++) {
    const base = 0x0a00_0000 + 0x200 * slot;
    const node = builder.node(`/virtio_mmio@${base.toString(16)}`, "virtio").compatible("virtio,mmio").set("dma-coherent", true);
    node.reg({ base, size: 0x200 }).interrupts(gicSpi(16 + slot, "edge-rising"));
  }
  pcie(builder);
  return builder;
}

function pcie(builder: DeviceTreeBuilder): void {
  const map: Cell[] = [];
  for (let device = 0; device < 4; device++) {
    for (let pin = 0; pin < 4; pin++) {
      map.push(device << 11, 0, 0, pin + 1, ref("gic"), 0, 0, ...gicSpi(3 + ((pin + device) % 4), "level-high"));
    }
  }
  const [io, mmio, mmio64] = [0x0100_0000n << 64n, 0x0200_0000n << 64n, 0x0300_0000n << 64n];
  builder
    .node("/pcie@4010000000", "pcie-host")
    .compatible("pci-host-ecam-generic")
    .set("device_type", "pci")
    .set("#address-cells", 3)
    .set("#size-cells", 2)
    .set("#interrupt-cells", 1)
    .set("linux,pci-domain", 0)
    .set("bus-range", [0, 0xff])
    .set("dma-coherent", true)
    .reg({ base: 0x40_1000_0000, size: 0x1000_0000 })
    .ranges(
      { child: io, parent: 0x3eff_0000, size: 0x1_0000 },
      { child: mmio | 0x1000_0000n, parent: 0x1000_0000, size: 0x2eff_0000 },
      { child: mmio64 | 0x80_0000_0000n, parent: 0x80_0000_0000, size: 0x80_0000_0000 },
    )
    .set("msi-map", [0, ref("its"), 0, 0x1_0000])
    .set("interrupt-map", map)
    .set("interrupt-map-mask", [0x1800, 0, 0, 7]);
}

/** The board of testdata/small-board.dts, through our builder. */
function smallBoard(): DeviceTree {
  const builder = new DeviceTreeBuilder();
  builder.reserve(0x4000_0000, 0x1_0000, "board");
  builder.reserve(0xffff_ffff_ffff_f000n, 0x1000, "board");
  const root = builder.node("/", "board").set("#address-cells", 2).set("#size-cells", 2).set("model", "trapline,small-board");
  root.compatible("trapline,small-board", "linux,dummy-virt").set("interrupt-parent", ref("gic"));
  for (const mpidr of [0, 0x100]) addCpu(builder, { mpidr, compatible: ["arm,cortex-a53"], enableMethod: "psci" }, "cpu");
  addMemory(builder, { base: 0x4000_0000, size: 0x1_0000_0000 }, "board");
  const gic = builder.node("/interrupt-controller@8000000", "vgic").label("gic").compatible("arm,gic-v3");
  gic.set("#interrupt-cells", 3).set("#address-cells", 0).set("interrupt-controller", true);
  gic.reg({ base: 0x0800_0000, size: 0x1_0000 }, { base: 0x080a_0000, size: 0xf6_0000 });
  const clock = builder.node("/apb-pclk", "board").label("clk").compatible("fixed-clock").set("#clock-cells", 0);
  clock.set("clock-frequency", 24_000_000).set("clock-output-names", "clk24mhz");
  const soc = builder.node("/soc@9000000", "board").compatible("simple-bus").set("#address-cells", 1).set("#size-cells", 1);
  soc.ranges({ child: 0, parent: 0x0900_0000, size: 0x0100_0000 });
  const serial = soc.child("serial@0").compatible("arm,pl011", "arm,primecell").reg({ base: 0, size: 0x1000 });
  serial.interrupts(gicSpi(1, "level-high")).set("clocks", [ref("clk"), ref("clk")]).set("clock-names", ["uartclk", "apb_pclk"]);
  serial.set("local-mac-address", new Uint8Array([2, 0, 0, 0, 0, 1])).set("trapline,seed", 0x0123_4567_89ab_cdefn);
  chosenNode(builder, "board").set("bootargs", 'console=ttyAMA0 quote="x\\y"').set("stdout-path", serial.path);
  return builder.build();
}

/** Order of properties and children is the compiler's choice, and so is the number of a phandle where it may choose. */
function meaning(tree: DeviceTree): unknown {
  type Shape = { properties: Record<string, string>; children: Record<string, Shape> };
  const shape = (node: DeviceTree["root"]): Shape => ({
    properties: Object.fromEntries(node.properties.map(({ name, value }) => [name, Buffer.from(value).toString("hex")])),
    children: Object.fromEntries(node.children.map((child) => [child.name, shape(child)])),
  });
  return { root: shape(tree.root), reservations: tree.reservations };
}

describe("a board like QEMU's virt", () => {
  it("has nothing for lint to find", () => {
    expect(lintDeviceTree(virtBoard().build())).toEqual([]);
    expect(lintDeviceTree(smallBoard())).toEqual([]);
  });

  it("is the same blob every time it is contributed", () => {
    expect(writeDtb(virtBoard().build())).toEqual(writeDtb(virtBoard().build()));
    const builder = virtBoard();
    expect(builder.build()).toEqual(builder.build());
  });

  it("survives writing and parsing", () => {
    const tree = virtBoard().build();
    expect(parseDtb(writeDtb(tree))).toEqual(tree);
  });

  it("numbers phandles in tree order, for the nodes somebody refers to", () => {
    const tree = virtBoard().build();
    const phandle = (path: string): number[] | undefined => readCells(findNode(tree, path)!, "phandle");
    expect([phandle("/intc"), phandle("/intc/its"), phandle("/apb-pclk"), phandle("/pcie")]).toEqual([[1], [2], [3], undefined]);
    expect(readCells(findNode(tree, "/pcie")!, "msi-map")).toEqual([0, 2, 0, 0x1_0000]);
  });

  it("writes PCI ranges with three child cells (IEEE 1275 PCI binding: space, high, low)", () => {
    // prettier-ignore
    expect(readCells(findNode(virtBoard().build(), "/pcie")!, "ranges")).toEqual([
      0x0100_0000, 0x00, 0,           0x00, 0x3eff_0000, 0x00, 0x1_0000,
      0x0200_0000, 0x00, 0x1000_0000, 0x00, 0x1000_0000, 0x00, 0x2eff_0000,
      0x0300_0000, 0x80, 0,           0x80, 0,           0x80, 0,
    ]);
  });

  it("takes 512 CPUs inside the limit of arm64 Linux", () => {
    expect(writeDtb(virtBoard(512).build()).length).toBeLessThan(0x2_0000);
  });
});

const hasDtc = spawnSync("dtc", ["--version"]).error === undefined;
const missing = hasDtc ? "" : " (skipped: dtc is not installed, apt-get install device-tree-compiler)";

describe.skipIf(!hasDtc)(`judged by dtc${missing}`, () => {
  function dtc(args: readonly string[], input: Uint8Array | string): { output: Buffer; warnings: string } {
    const { status, stdout, stderr } = spawnSync("dtc", args, { input });
    expect(`status ${status}: ${stderr.toString()}`).toMatch(/^status 0/);
    return { output: stdout, warnings: stderr.toString() };
  }

  it("accepts the virt blob without a warning", () => {
    const { output, warnings } = dtc(["-I", "dtb", "-O", "dts"], writeDtb(virtBoard().build()));
    expect(warnings).toBe("");
    expect(output.toString()).toContain("pcie@4010000000 {");
  });

  it("would warn: the same board with one interrupt cell too many", () => {
    const tree = virtBoard().build();
    setProperty(findNode(tree, "/pl011")!, "interrupts", [0, 1, 4, 0]);
    expect(dtc(["-I", "dtb", "-O", "dts"], writeDtb(tree)).warnings).toMatch(/interrupts_property/);
    expect(lintDeviceTree(tree).map(({ rule }) => rule)).toEqual(["interrupt-cells"]);
  });

  it("compiles our text back to our bytes", () => {
    for (const tree of [virtBoard().build(), smallBoard()]) {
      const { output, warnings } = dtc(["-I", "dts", "-O", "dtb"], printDts(tree));
      // A blob has no labels, so its text has numbers where dtc would like to see &label.
      expect(warnings.split("\n").filter((line) => line !== "" && !line.endsWith("is not a phandle reference"))).toEqual([]);
      expect(Buffer.from(writeDtb(tree)).equals(output)).toBe(true);
    }
  });

  it("makes of testdata/small-board.dts the tree our builder makes", () => {
    const source = readFileSync(new URL("../../testdata/small-board.dts", import.meta.url), "utf8");
    const { output, warnings } = dtc(["-I", "dts", "-O", "dtb"], source);
    expect(warnings).toBe("");
    expect(meaning(parseDtb(output))).toEqual(meaning(smallBoard()));
  });
});
