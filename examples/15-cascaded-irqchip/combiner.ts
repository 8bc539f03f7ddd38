/**
 * An interrupt combiner: eight level inputs, one output into another chip's interrupt. It is an irqchip, so routes, irqfds and
 * devices can lead to its inputs, but it drives no vCPU: its output is a line like that of any device.
 *
 *     0x0 STATUS   RO  inputs that are high and enabled      0x4 RAW     RO  inputs that are high
 *     0x8 ENABLE   RW  inputs that count
 */
import {
  compileRegisters,
  definePlugin,
  DELIVERED,
  type Deferred,
  HIGH,
  IGNORED,
  type Irqchip,
  type IrqchipCapabilities,
  IrqchipToken,
  irqchipWires,
  type LevelLine,
  lo32,
  type PinState,
  type PlainData,
  type PluginDefinition,
  provide,
  provideAlso,
  type RegisterBank,
  RegisterFrame,
  token,
  type WireOrder,
} from "@trapline/core";

const INPUTS = 8;

const registers: RegisterBank<Combiner> = compileRegisters<Combiner>("COMBINER", 0x1000, [
  { name: "STATUS", offset: 0x0, access: "RO", read: (chip) => chip.status },
  { name: "RAW", offset: 0x4, access: "RO", read: (chip) => chip.lines },
  { name: "ENABLE", offset: 0x8, access: "RW", read: (chip) => chip.enabled, write: (chip, value) => chip.enable(lo32(value)) },
]);

export class Combiner implements Irqchip, Deferred {
  readonly name = "combiner";
  readonly pinCount: number = INPUTS;
  readonly capabilities: IrqchipCapabilities = { msi: false, completions: true, synchronous: true };
  readonly pins$: Irqchip["pins$"];
  readonly privateLines$: Irqchip["privateLines$"];
  readonly msi$: Irqchip["msi$"];
  readonly vcpuLines$: Irqchip["vcpuLines$"];
  readonly completions$: Irqchip["completions$"];
  /** Into the next chip. */
  output: LevelLine = { high: false, set: () => {} };
  lines = 0;
  enabled = 0;
  deferred = false;
  private readonly order: WireOrder;

  constructor(order: WireOrder) {
    this.order = order;
    const wires = irqchipWires(order, this.name);
    ({
      pins$: this.pins$,
      privateLines$: this.privateLines$,
      msi$: this.msi$,
      vcpuLines$: this.vcpuLines$,
      completions$: this.completions$,
    } = wires);
    this.pins$.own(this.name, (pin, signal) => {
      if (!(pin >= 0 && pin < INPUTS)) return IGNORED;
      this.lines = signal === HIGH ? this.lines | (1 << pin) : this.lines & ~(1 << pin);
      order.defer(this); // several inputs that change at once are one change of the output
      return DELIVERED;
    });
  }

  get status(): number {
    return this.lines & this.enabled;
  }

  enable(mask: number): void {
    this.enabled = mask & ((1 << INPUTS) - 1);
    this.order.defer(this);
  }

  evaluate(): void {
    this.output.set(this.status !== 0);
  }

  /** The guest is done with the combined interrupt, and so with every input that was in it. */
  parentCompleted(): void {
    for (let pin = 0; pin < INPUTS; pin++) if ((this.status & (1 << pin)) !== 0) this.completions$.emit(pin);
  }

  describePin(pin: number): string {
    return `combiner input ${pin}`;
  }

  peekPin(pin: number): PinState | undefined {
    if (!(pin >= 0 && pin < INPUTS)) return undefined;
    const line = (this.lines & (1 << pin)) !== 0;
    return { line, pending: line, active: false, enabled: (this.enabled & (1 << pin)) !== 0 };
  }

  reset(): void {
    this.enable(0);
  }

  save(): PlainData {
    return { lines: this.lines, enabled: this.enabled };
  }

  restore(state: PlainData): void {
    ({ lines: this.lines, enabled: this.enabled } = state as { lines: number; enabled: number });
  }
}

const CombinerToken = token<Combiner>("example/Combiner");

/** @param options `gsi`: where its output goes, in the router's numbering */
export function combiner(options: { readonly base: number; readonly gsi: number }): PluginDefinition {
  return definePlugin({
    name: "combiner",
    fingerprint: { ...options },
    provides: [provide(CombinerToken, (vmm) => new Combiner(vmm.order)), provideAlso(IrqchipToken, (vmm) => vmm.get(CombinerToken))],
    create(vmm) {
      const chip = vmm.get(CombinerToken);
      chip.output = vmm.router.line(options.gsi, "combiner");
      return {
        attach(scope) {
          scope.add(vmm.bus.claim({ name: "combiner", base: options.base, size: registers.frameSize }, new RegisterFrame(chip, registers)));
          scope.add(vmm.router.onCompletion(options.gsi, () => chip.parentCompleted()));
        },
      };
    },
  });
}
