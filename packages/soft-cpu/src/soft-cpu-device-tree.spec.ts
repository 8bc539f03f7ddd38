/** /cpus, /psci and /timer: the properties that QEMU's `virt` board gives the same machines. */
import { defaultAffinity, DeviceTreeBuilder, findNode, findProperty, printDts, readCells, readString, readStrings, ref } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { describeSoftCpu, type SoftCpuFacts } from "./soft-cpu-device-tree.ts";

function treeOf(facts: Partial<SoftCpuFacts> & { count?: number } = {}): ReturnType<DeviceTreeBuilder["build"]> {
  const { count = 1, ...rest } = facts;
  const tree = new DeviceTreeBuilder();
  tree.node("/", "test").set("#address-cells", 2).set("#size-cells", 2).set("interrupt-parent", ref("intc"));
  tree.node("/intc", "test").label("intc").set("interrupt-controller", true).set("#interrupt-cells", 3);
  describeSoftCpu(tree, { contributor: "soft-cpu", topology: { count, affinity: defaultAffinity }, conduit: "hvc", gic: "v3", ...rest });
  return tree.build();
}
const node = (tree: ReturnType<typeof treeOf>, path: string): NonNullable<ReturnType<typeof findNode>> => findNode(tree, path)!;

describe("/cpus", () => {
  //   vCPUs  nodes
  it.each([
    [1, ["cpu@0"]],
    [3, ["cpu@0", "cpu@1", "cpu@2"]],
    [18, [...Array.from({ length: 16 }, (_, n) => `cpu@${n.toString(16)}`), "cpu@100", "cpu@101"]],
  ])("%d vCPUs stand under their affinity", (count, names) => {
    const cpus = node(treeOf({ count }), "/cpus");
    expect(cpus.children.map(({ name }) => name)).toEqual(names);
    expect(readCells(cpus.children.at(-1)!, "reg")).toEqual([Number.parseInt(names.at(-1)!.slice(4), 16)]);
  });

  it("only a machine of several starts them by PSCI", () => {
    expect(findProperty(node(treeOf(), "/cpus/cpu@0"), "enable-method")).toBeUndefined();
    expect(readString(node(treeOf({ count: 2 }), "/cpus/cpu@1"), "enable-method")).toBe("psci");
  });

  it("an affinity level 3 takes a second cell", () => {
    const cpu = node(treeOf({ topology: { count: 1, affinity: () => 0x0201_0003 } }), "/cpus/cpu@200010003");
    expect(readCells(cpu, "reg")).toEqual([2, 0x1_0003]);
  });
});

it("/psci has the conduit and the ids of PSCI 0.1", () => {
  const psci = node(treeOf({ conduit: "smc" }), "/psci");
  expect(readString(psci, "method")).toBe("smc");
  expect(readStrings(psci, "compatible")).toEqual(["arm,psci-1.0", "arm,psci-0.2", "arm,psci"]);
  const ids = ["cpu_suspend", "cpu_off", "cpu_on", "migrate"].map((name) => readCells(psci, name)?.[0]);
  expect(ids).toEqual([0xc400_0001, 0x8400_0002, 0xc400_0003, 0xc400_0005]);
});

describe("/timer", () => {
  //   GIC  vCPUs flags
  it.each([
    ["v3", 4, 0x4],
    ["v2", 1, 0x104],
    ["v2", 2, 0x304],
    ["v2", 8, 0xff04],
  ] as const)("GIC%s, %d vCPUs: flags %d", (gic, count, flags) => {
    const interrupts = [13, 14, 11, 10].flatMap((ppi) => [1, ppi, flags]);
    expect(readCells(node(treeOf({ gic, count }), "/timer"), "interrupts")).toEqual(interrupts);
  });

  it("is left out where there is no GIC", () => {
    expect(printDts(treeOf({ gic: undefined }))).not.toContain("timer");
  });
});
