/** ioeventfd as a plugin. */
import { definePlugin, IoeventfdsToken, type PluginDefinition, provide, type Vmm } from "@trapline/core";
import type { JsonSchema } from "@trapline/core/machine-file";
import { DoorbellIoeventfds } from "./doorbell-ioeventfds.ts";

/**
 * Gives the machine ioeventfds, under `IoeventfdsToken`.
 * @example
 * machine.get(IoeventfdsToken).assign({ eventFd: kick, space: "mmio", address: 0x0a00_0050, length: 4, datamatch: 0 });
 */
export function ioeventfd(): PluginDefinition {
  return definePlugin({
    name: "ioeventfd",
    provides: [
      provide(IoeventfdsToken, (vmm) => new DoorbellIoeventfds({ mmio: { bus: vmm.bus, otherClaims: () => ram(vmm) }, pio: { bus: vmm.ports, otherClaims: () => 0 } })),
    ],
    create(vmm) {
      const ioeventfds = vmm.get(IoeventfdsToken) as DoorbellIoeventfds;
      return {
        attach: (scope) => scope.add(() => ioeventfds.close()),
        save: () => ioeventfds.save(),
        restore: (state) => ioeventfds.restore(state),
      };
    },
  });
}

/** RAM is claimed on our bus; KVM's buses know devices only. */
function ram(vmm: Vmm): number {
  return vmm.memory.regions.length;
}

/** For machine files: it takes no options. */
export const options: JsonSchema = { type: "object", additionalProperties: false };
export { ioeventfd as plugin };
