/** irqfd as a plugin. It works on any router: core's fixed one too. */
import { definePlugin, IrqfdsToken, type PluginDefinition, provide } from "@trapline/core";
import type { JsonSchema } from "@trapline/core/machine-file";
import { RoutedIrqfds } from "./irqfds.ts";

/**
 * Gives the machine irqfds, under `IrqfdsToken`.
 * @example
 * machine.get(IrqfdsToken).assign({ eventFd: interrupt, gsi: 1 });
 */
export function irqfd(): PluginDefinition {
  return definePlugin({
    name: "irqfd",
    provides: [provide(IrqfdsToken, (vmm) => new RoutedIrqfds(vmm.router))],
    create(vmm) {
      const irqfds = vmm.get(IrqfdsToken) as RoutedIrqfds;
      return {
        attach: (scope) => scope.add(() => irqfds.close()),
        reset: () => irqfds.reset(),
        save: () => irqfds.save(),
        restore: (state) => irqfds.restore(state),
      };
    },
  });
}

/** For machine files: it takes no options. */
export const options: JsonSchema = { type: "object", additionalProperties: false };
export { irqfd as plugin };
