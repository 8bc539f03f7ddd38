/** The boot loader as a plugin. It changes RAM before the vCPUs start, at every reset. */
import { definePlugin, type DeviceTree, type Machine, type PluginDefinition, provide } from "@trapline/core";
import { BootLoader, type BootValues } from "./boot-loader.ts";
import type { BootPlan } from "./boot-plan.ts";
import { BootLoaderToken } from "./tokens.ts";

/** Puts a boot plan into the machine's RAM at each reset; whoever makes the vCPUs asks it where the first one starts. */
export function bootLoader(plan: BootPlan, values: BootValues = {}): PluginDefinition {
  return definePlugin({
    name: "boot-loader",
    provides: [provide(BootLoaderToken, (vmm) => new BootLoader(vmm.memory, plan, values))],
    create: (vmm) => {
      const loader = vmm.get(BootLoaderToken);
      return { reset: () => loader.load() };
    },
  });
}

/** Gives the loader of a machine just made its device tree: the machine's own, or another. A machine without a loader needs none. */
export function installDeviceTree(machine: Machine, tree: DeviceTree = machine.deviceTree()): void {
  machine.find(BootLoaderToken)?.install(tree);
}

/** Whoever made images of files that can be read again waits for this before the machine runs; see `BootLoader.finish`. */
export async function finishLoading(machine: Machine): Promise<void> {
  await machine.find(BootLoaderToken)?.finish();
}
