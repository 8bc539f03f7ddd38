/** A machine's device tree is what core and its plugins contribute, in machine order. */
import { expect, it } from "vitest";
import {
  createMachine,
  definePlugin,
  findNode,
  gicSpi,
  lintDeviceTree,
  parseDtb,
  type PluginDefinition,
  printDts,
  readCells,
  ref,
  writeDtb,
} from "../index.ts";

function gic(cells = 3): PluginDefinition {
  return definePlugin({
    name: "gic",
    create: () => ({
      deviceTree(tree) {
        tree.node("/", "gic").set("interrupt-parent", ref("gic"));
        const node = tree.node("/intc@8000000", "gic");
        node.compatible("arm,gic-v3").set("interrupt-controller", true).set("#interrupt-cells", cells).label("gic");
        node.reg({ base: 0x0800_0000, size: 0x1_0000 });
      },
    }),
  });
}

const uart = definePlugin({
  name: "uart",
  create: () => ({
    deviceTree(tree) {
      const node = tree.node("/serial@9000000", "uart").compatible("arm,pl011");
      node.reg({ base: 0x0900_0000, size: 0x1000 }).interrupts(gicSpi(1, "level-high"));
    },
  }),
});

it("holds memory from core and a node from each plugin, and survives the trip through a blob", async () => {
  const machine = await createMachine({
    memory: [{ base: 0x4000_0000, size: 0x1000_0000 }, { name: "rom", base: 0, size: 0x1_0000, readOnly: true }],
    plugins: [gic(), uart],
  });
  const tree = machine.deviceTree();
  await machine.close();

  expect(tree.root.children.map(({ name }) => name)).toEqual(["memory@40000000", "intc@8000000", "serial@9000000"]);
  expect(readCells(findNode(tree, "/memory@40000000")!, "reg")).toEqual([0, 0x4000_0000, 0, 0x1000_0000]);
  expect(lintDeviceTree(tree).filter(({ severity }) => severity === "error")).toEqual([]);
  expect(printDts(parseDtb(writeDtb(tree)))).toBe(printDts(tree));
});

it("refuses plugins that contradict each other, naming both", async () => {
  const other = definePlugin({
    name: "other-gic",
    create: () => ({ deviceTree: (tree) => void tree.node("/intc@8000000", "other-gic").set("#interrupt-cells", 1) }),
  });
  const machine = await createMachine({ plugins: [gic(), other] });
  expect(() => machine.deviceTree()).toThrow(/#interrupt-cells of \/intc@8000000 is <0x3> for gic and <0x1> for other-gic/);
  await machine.close();
});
