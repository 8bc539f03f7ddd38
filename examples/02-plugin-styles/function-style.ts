/** The LED as a plugin in function style: one function, no container in sight. */
import { definePlugin, type PluginDefinition, RegisterFrame } from "@trapline/core";
import { Led, ledRegisters } from "./led.ts";

export function ledPlugin(options: { readonly name: string; readonly base: number; readonly show: (on: boolean) => void }): PluginDefinition {
  const { name, base, show } = options;
  return definePlugin({
    name,
    create(vmm) {
      const led = new Led(show);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: ledRegisters.frameSize }, new RegisterFrame(led, ledRegisters))),
        reset: () => led.set(false),
        save: () => led.save(),
        restore: (state) => led.restore(state),
      };
    },
  });
}
