/**
 * An irqchip that is no GIC, from the contract alone: eight level inputs into one vCPU. The guest reads TAKE for the lowest
 * input that is high (8 when there is none) and writes END when it is done with it.
 */
import {
  compileRegisters,
  type Deferred,
  definePlugin,
  DELIVERED,
  HIGH,
  IGNORED,
  IRQ_LINE,
  type Irqchip,
  IrqchipToken,
  type IrqchipWires,
  irqchipWires,
  lo32,
  type PinState,
  type PlainData,
  type PluginDefinition,
  provideAlso,
  type RegisterBank,
  RegisterFrame,
  type WireOrder,
} from "@trapline/core";

const INPUTS = 8;

export const inputRegisters: RegisterBank<InputChip> = compileRegisters<InputChip>("INPUT", 0x1000, [
  { name: "TAKE", offset: 0x0, access: "RO", read: (chip) => chip.take(), peek: (chip) => chip.best() },
  { name: "END", offset: 0x4, access: "WO", write: (chip, value) => chip.end(lo32(value)) },
]);

export class InputChip implements Irqchip, Deferred {
  readonly name = "inputs";
  readonly pinCount: number = INPUTS;
  readonly capabilities = { msi: false, completions: true, synchronous: true } as const;
  readonly pins$: IrqchipWires["pins$"];
  readonly privateLines$: IrqchipWires["privateLines$"];
  readonly msi$: IrqchipWires["msi$"];
  readonly vcpuLines$: IrqchipWires["vcpuLines$"];
  readonly completions$: IrqchipWires["completions$"];
  deferred = false;
  private readonly order: WireOrder;
  private lines = 0;
  private active = 0;
  private irq = false;

  constructor(order: WireOrder) {
    this.order = order;
    const wires = irqchipWires(order, this.name);
    this.pins$ = wires.pins$;
    this.privateLines$ = wires.privateLines$;
    this.msi$ = wires.msi$;
    this.vcpuLines$ = wires.vcpuLines$;
    this.completions$ = wires.completions$;
    this.pins$.own(this.name, (pin, signal) => {
      if (pin >= INPUTS) return IGNORED;
      this.change(signal === HIGH ? this.lines | (1 << pin) : this.lines & ~(1 << pin), this.active);
      return DELIVERED;
    });
  }

  best(): number {
    const ready = this.lines & ~this.active;
    return ready === 0 ? INPUTS : 31 - Math.clz32(ready & -ready);
  }

  take(): number {
    const pin = this.best();
    if (pin < INPUTS) this.change(this.lines, this.active | (1 << pin));
    return pin;
  }

  /** Its own work first, then it tells: that is what resampling hangs on. */
  end(pin: number): void {
    if (pin >= INPUTS || (this.active & (1 << pin)) === 0) return;
    this.change(this.lines, this.active & ~(1 << pin));
    this.completions$.emit(pin);
  }

  evaluate(): void {
    const irq = this.best() < INPUTS;
    if (irq !== this.irq) this.vcpuLines$.emit(0, IRQ_LINE, (this.irq = irq));
  }

  reset(): void {
    this.change(this.lines, 0);
  }

  save(): PlainData {
    return { lines: this.lines, active: this.active, irq: this.irq };
  }

  restore(state: PlainData): void {
    const saved = state as { lines: number; active: number; irq: boolean };
    this.lines = saved.lines;
    this.active = saved.active;
    this.irq = saved.irq;
  }

  describePin(pin: number): string {
    return `input ${pin}`;
  }

  peekPin(pin: number): PinState | undefined {
    if (pin >= INPUTS) return undefined;
    const line = (this.lines & (1 << pin)) !== 0;
    return { line, pending: line, active: (this.active & (1 << pin)) !== 0, enabled: true };
  }

  private change(lines: number, active: number): void {
    this.lines = lines;
    this.active = active;
    this.order.defer(this);
  }
}

export function inputChip(base: number): PluginDefinition {
  return definePlugin({
    name: "inputs",
    provides: [provideAlso(IrqchipToken, (vmm) => new InputChip(vmm.order))],
    create: (vmm) => ({
      attach(scope) {
        const chip = vmm.irqchips.find((irqchip) => irqchip.name === "inputs") as InputChip;
        scope.add(vmm.bus.claim({ name: "inputs", base, size: inputRegisters.frameSize }, new RegisterFrame(chip, inputRegisters)));
      },
    }),
  });
}
