/** eventfds as a plugin: whoever needs one asks the machine for `EventFdFactoryToken`. */
import { definePlugin, EventFdFactoryToken, type PluginDefinition, provide } from "@trapline/core";
import type { JsonSchema } from "@trapline/core/machine-file";
import { EventFds } from "./event-fds.ts";

/**
 * Gives the machine eventfds, under `EventFdFactoryToken`; they are saved with it and closed with it.
 * @example
 * const machine = await createMachine({ plugins: [eventfd()] });
 * const kick = machine.get(EventFdFactoryToken).create({ name: "kick" });
 */
export function eventfd(): PluginDefinition {
  return definePlugin({
    name: "eventfd",
    provides: [provide(EventFdFactoryToken, (vmm) => new EventFds(vmm.order))],
    create(vmm) {
      const eventFds = vmm.get(EventFdFactoryToken) as EventFds;
      return {
        attach: (scope) => scope.add(() => eventFds.close()),
        save: () => eventFds.save(),
        restore: (state) => eventFds.restore(state),
      };
    },
  });
}

/** For machine files: it takes no options. */
export const options: JsonSchema = { type: "object", additionalProperties: false };
export { eventfd as plugin };
