/** The module: what the machine file names. The door's line is a pin of the board's GPIO block, which has the interrupt. */
import { ConfigError, definePlugin, type PluginDefinition, ref, RegisterFrame, type Vmm } from "@trapline/core";
import type { JsonSchema, PluginContext } from "@trapline/core/machine-file";
import { type GpioInputs, GpioToken } from "@trapline/devices";
import { doorRegisters } from "./door.registers.ts";
import { Door } from "./door.ts";

export interface DoorOptions {
  readonly base: number;
  readonly gpio: string;
  readonly pin: number;
  readonly code: number;
}

export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, multipleOf: 0x1000, description: "guest-physical address of its 4 KiB frame" },
    gpio: { type: "string", description: "name of the GPIO block" },
    pin: { type: "integer", minimum: 0, maximum: 7, description: "of the GPIO block: high while the door is open" },
    code: { type: "integer", minimum: 0, maximum: 0xffff_ffff, description: "opens the door" },
  },
  required: ["base", "gpio", "pin", "code"],
  additionalProperties: false,
};

export default function door(given: DoorOptions, { name = "door" }: Pick<PluginContext, "name"> = {}): PluginDefinition {
  const { base, gpio, pin, code } = given;
  return definePlugin({
    name,
    fingerprint: { base, gpio, pin },
    create(vmm) {
      const pins = findGpio(vmm, name, gpio);
      const device = new Door(vmm.clock, (high) => pins.set(pin, high), code);
      const frame = new RegisterFrame(device, doorRegisters);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: doorRegisters.frameSize }, frame)),
        reset: () => device.reset(),
        save: () => device.save(),
        restore: (state) => device.restore(state),
        deviceTree(tree) {
          const node = tree.node(`/door@${base.toString(16)}`, name).compatible("trapline,door");
          node.reg({ base, size: doorRegisters.frameSize }).set("open-gpios", [ref(gpio), pin, 0]);
        },
      };
    },
  });
}

function findGpio(vmm: Vmm, name: string, wanted: string): GpioInputs {
  const found = vmm.getAll(GpioToken).find((block) => block.name === wanted);
  if (found !== undefined) return found;
  throw new ConfigError(`${name} wants GPIO block ${wanted}, and the machine has none of that name`, {
    subject: name,
    other: wanted,
    remedy: "list a pl061 of that name",
  });
}
