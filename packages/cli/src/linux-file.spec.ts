/** examples/linux.yaml is the `virt` board as a wiring diagram: its devices are the board's, at the same places, on the same interrupts. */
import { fileURLToPath } from "node:url";
import { createMachine, type DeviceTree, type DeviceTreeNode, findProperty, lintDeviceTree } from "@trapline/core";
import { loadMachineFile } from "@trapline/core/machine-file";
import { expect, it } from "vitest";
import { virt } from "./board/virt.ts";
import { catalogueWith } from "./catalogue.ts";

const FILE = fileURLToPath(new URL("../../../examples/linux.yaml", import.meta.url));

/** What a driver goes by: names, what they are compatible with, places and interrupts. Phandles may be counted otherwise. */
function devices({ root }: DeviceTree): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const visit = (node: DeviceTreeNode, path: string): void => {
    found[path] = ["compatible", "reg", "interrupts", "stdout-path"].map((name) => findProperty(node, name)?.value);
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(root, "");
  return found;
}

it("has the devices of the virt board", async () => {
  const file = await createMachine(await loadMachineFile(FILE, { catalogue: catalogueWith(() => Promise.resolve(undefined)) }));
  const board = await createMachine(virt());
  expect(devices(board.deviceTree())).toMatchObject(devices(file.deviceTree()));
  expect(lintDeviceTree(file.deviceTree())).toEqual([]);
  await Promise.all([file.close(), board.close()]);
});
