/** The power button of QEMU's `virt` board as a plugin: pin 3 of the GPIO block, which Linux's gpio-keys driver takes for KEY_POWER. */
import { ConfigError, definePlugin, type PluginDefinition, provide, ref, type Vmm } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { GpioToken, PowerButtonToken } from "../tokens.ts";
import { GPIO_PINS, type GpioInputs } from "./pl061.ts";
import { GpioButton } from "./power-button.ts";

/** linux/input-event-codes.h. */
const KEY_POWER = 116;

/** Which pin of which GPIO block the button is on. */
export interface PowerButtonOptions {
  /** Unique in its machine. Default "power-button". */
  readonly name?: string;
  /** Which GPIO block. Default "gpio". */
  readonly gpio?: string;
  /** Default 3. */
  readonly pin?: number;
}

/** A button that asks the guest to shut down: `machine.get(PowerButtonToken).press()`. */
export function powerButton(options: PowerButtonOptions = {}): PluginDefinition {
  const { name = "power-button", gpio = "gpio", pin = 3 } = options;
  return definePlugin({
    name,
    fingerprint: { gpio, pin },
    provides: [provide(PowerButtonToken, (vmm) => new GpioButton(name, findGpio(vmm, name, gpio, pin), pin, vmm.clock))],
    create(vmm) {
      const button = vmm.get(PowerButtonToken) as GpioButton;
      return {
        reset: () => button.reset(),
        save: () => button.save(),
        restore: (state) => button.restore(state),
        deviceTree(tree) {
          tree.node("/gpio-keys", name).compatible("gpio-keys");
          tree.node("/gpio-keys/poweroff", name).set("gpios", [ref(gpio), pin, 0]).set("linux,code", KEY_POWER).set("label", "GPIO Key Poweroff");
        },
      };
    },
  });
}

function findGpio(vmm: Vmm, name: string, wanted: string, pin: number): GpioInputs {
  const blocks = vmm.getAll(GpioToken);
  const found = blocks.find((block) => block.name === wanted);
  if (found === undefined) {
    throw new ConfigError(`${name} wants GPIO block ${wanted}, and the machine has ${blocks.length === 0 ? "none" : blocks.map((block) => block.name).join(", ")}`, {
      subject: name,
      other: wanted,
      remedy: "list a pl061 of that name",
    });
  }
  if (Number.isInteger(pin) && pin >= 0 && pin < GPIO_PINS) return found;
  throw new ConfigError(`${name} wants pin ${pin} of ${wanted}`, { subject: name, value: pin, limit: GPIO_PINS - 1, remedy: "use a pin from 0 to 7" });
}

/** What may be written in a machine file: {@link PowerButtonOptions} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    gpio: { type: "string", description: "name of the GPIO block; default gpio" },
    pin: { type: "integer", minimum: 0, maximum: GPIO_PINS - 1, description: "default 3" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<PowerButtonOptions> = (given, { name }) => powerButton(name === undefined ? given : { ...given, name });
