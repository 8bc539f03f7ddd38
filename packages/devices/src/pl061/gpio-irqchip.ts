/**
 * A PL061 under the irqchip contract: eight pins in front of one line of the next chip. Whoever can raise a pin of an irqchip
 * (a GSI route, an irqfd) can so raise a GPIO input. Its state is the device's: this is a view.
 *
 * Completions: the guest ends an edge with GPIOIC; for a pin that senses levels there is no such moment.
 */
import { DELIVERED, HIGH, IGNORED, type Irqchip, type IrqchipCapabilities, irqchipWires, type IrqchipWires, LOW, type PinState, type PlainData, type WireOrder } from "@trapline/core";
import { GPIO_PINS, type Pl061 } from "./pl061.ts";

export class GpioIrqchip implements Irqchip {
  readonly name: string;
  readonly pinCount: number = GPIO_PINS;
  readonly capabilities: IrqchipCapabilities = { msi: false, completions: true, synchronous: true };
  readonly pins$: Irqchip["pins$"];
  readonly privateLines$: Irqchip["privateLines$"];
  readonly msi$: Irqchip["msi$"];
  readonly vcpuLines$: Irqchip["vcpuLines$"];
  readonly completions$: Irqchip["completions$"];
  private readonly gpio: Pl061;
  private readonly wires: IrqchipWires;

  constructor(gpio: Pl061, order: WireOrder) {
    this.gpio = gpio;
    this.name = gpio.name;
    this.wires = irqchipWires(order, gpio.name);
    this.pins$ = this.wires.pins$;
    this.privateLines$ = this.wires.privateLines$;
    this.msi$ = this.wires.msi$;
    this.vcpuLines$ = this.wires.vcpuLines$;
    this.completions$ = this.wires.completions$;
    this.pins$.own(gpio.name, (pin, signal) => {
      if (pin < 0 || pin >= GPIO_PINS) return IGNORED;
      if (signal !== LOW) gpio.set(pin, true);
      if (signal !== HIGH) gpio.set(pin, false);
      return DELIVERED;
    });
    this.privateLines$.own(gpio.name, () => {});
    this.msi$.own(gpio.name, () => IGNORED);
    gpio.completed = (pin) => this.completions$.emit(pin);
  }

  describePin(pin: number): string {
    return `${this.name} input ${pin}`;
  }

  peekPin(pin: number): PinState | undefined {
    if (!Number.isInteger(pin) || pin < 0 || pin >= GPIO_PINS) return undefined;
    const has = (word: number): boolean => (word & (1 << pin)) !== 0;
    return { line: has(this.gpio.inputs), pending: has(this.gpio.ris), active: false, enabled: has(this.gpio.ie) };
  }

  /** The plugin resets, saves and restores the device. */
  reset(): void {}

  save(): PlainData {
    return null;
  }

  restore(): void {}

  close(): void {
    this.wires.close();
  }
}
