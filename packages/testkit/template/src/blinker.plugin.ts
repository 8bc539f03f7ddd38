/** The module: what a machine file names. `options` is checked before the function is called; editors complete from it. */
import { definePlugin, type PluginDefinition, RegisterFrame } from "@trapline/core";
import type { JsonSchema, PluginContext } from "@trapline/core/machine-file";
import { blinkerRegisters } from "./blinker.registers.ts";
import { Blinker } from "./blinker.ts";

export interface BlinkerOptions {
  readonly base: number;
  readonly gsi: number;
}

export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, description: "guest-physical address of its 4 KiB frame" },
    gsi: { type: "integer", minimum: 0, description: "high while a blink waits for ACK" },
  },
  required: ["base", "gsi"],
  additionalProperties: false,
};

export default function blinker({ base, gsi }: BlinkerOptions, { name = "blinker" }: Pick<PluginContext, "name"> = {}): PluginDefinition {
  return definePlugin({
    name,
    fingerprint: { base, gsi },
    create(vmm) {
      const device = new Blinker(vmm.clock, vmm.router.line(gsi, name));
      const frame = new RegisterFrame(device, blinkerRegisters);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: blinkerRegisters.frameSize }, frame)),
        reset: () => device.reset(),
        save: () => device.save(),
        restore: (state) => device.restore(state),
      };
    },
  });
}
