/** Step 3, the module: what a machine file can name. `options` says what may be written there, the default export makes the plugin. */
import { definePlugin, type PluginDefinition, RegisterFrame } from "@trapline/core";
import type { JsonSchema, PluginContext } from "@trapline/core/machine-file";
import { thermometerRegisters } from "./thermometer.registers.ts";
import { Thermometer } from "./thermometer.ts";

export interface ThermometerOptions {
  readonly base: number;
  readonly gsi: number;
  readonly roomTemperature?: number;
}

export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, description: "guest-physical address of its 4 KiB frame" },
    gsi: { type: "integer", minimum: 0, description: "goes high at the limit" },
    roomTemperature: { type: "integer", minimum: 0, maximum: 100_000, description: "thousandths of a degree; default 20_000" },
  },
  required: ["base", "gsi"],
  additionalProperties: false,
};

export default function thermometer(
  given: ThermometerOptions,
  { name = "thermometer" }: Pick<PluginContext, "name"> = {},
): PluginDefinition {
  const { base, gsi, roomTemperature = 20_000 } = given;
  return definePlugin({
    name,
    fingerprint: { base, gsi, roomTemperature },
    create(vmm) {
      const device = new Thermometer(vmm.clock, vmm.router.line(gsi, name), roomTemperature);
      const frame = new RegisterFrame(device, thermometerRegisters);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: thermometerRegisters.frameSize }, frame)),
        reset: () => device.reset(),
        save: () => device.save(),
        restore: (state) => device.restore(state),
      };
    },
  });
}
