/** A PL061 as a plugin: eight GPIO pins, which others drive through GpioToken or, as pins of an irqchip, through GSI routes. */
import { definePlugin, IrqchipToken, type PluginDefinition, provide, provideAlso, RegisterFrame, token } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { placeOptions, primeCellNode } from "../prime-cell-node.ts";
import { GpioToken } from "../tokens.ts";
import { GpioIrqchip } from "./gpio-irqchip.ts";
import { pl061Registers } from "./pl061.registers.ts";
import { Pl061 } from "./pl061.ts";

/** Where the GPIO block is, and which GSI it drives; the defaults are those of QEMU's `virt` board. */
export interface Pl061Options {
  /** Unique in its machine. Default "gpio". */
  readonly name?: string;
  /** Default 0x0903_0000. */
  readonly base?: number;
  /** Default 7. */
  readonly gsi?: number;
  /** Default: the GSI. */
  readonly spi?: number;
  /** Is one of the machine's irqchips, its inputs the pins. List it after the GIC, which has to be the first. Default false. */
  readonly irqchip?: boolean;
}

/** A GPIO block where QEMU's `virt` board has it. */
export function pl061(options: Pl061Options = {}): PluginDefinition {
  const { name = "gpio", base = 0x0903_0000, gsi = 7, spi = gsi, irqchip = false } = options;
  const device = token<Pl061>(`Gpio/${name}`);
  const chip = token<GpioIrqchip>(`GpioIrqchip/${name}`);
  return definePlugin({
    name,
    fingerprint: { base, gsi, irqchip },
    provides: [
      provide(device, (vmm) => new Pl061(name, vmm.router.line(gsi, name))),
      provideAlso(GpioToken, (vmm) => vmm.get(device)),
      provide(chip, (vmm) => new GpioIrqchip(vmm.get(device), vmm.order)),
      ...(irqchip ? [provideAlso(IrqchipToken, (vmm) => vmm.get(chip))] : []),
    ],
    create(vmm) {
      const gpio = vmm.get(device);
      return {
        attach(scope) {
          scope.add(vmm.bus.claim({ name, base, size: pl061Registers.frameSize }, new RegisterFrame(gpio, pl061Registers)));
          if (irqchip) scope.add(() => vmm.get(chip).close());
        },
        reset: () => gpio.reset(),
        save: () => gpio.save(),
        restore: (state) => gpio.restore(state),
        deviceTree(tree) {
          primeCellNode(tree, "pl061", name, { base, gsi, spi }).label(name).set("gpio-controller", true).set("#gpio-cells", 2);
        },
      };
    },
  });
}

/** What may be written in a machine file: {@link Pl061Options} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ...placeOptions("0x0903_0000", 7),
    irqchip: { type: "boolean", description: "its inputs are pins of an irqchip, which routes can name; default false" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<Pl061Options> = (given, { name }) => pl061(name === undefined ? given : { ...given, name });
