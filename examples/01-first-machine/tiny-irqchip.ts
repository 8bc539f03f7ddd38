/**
 * An irqchip in one screen, written only from the contract: 32 level inputs, a pending and an enable word, one vCPU.
 * The guest reads CLAIM to take the lowest pending pin and writes DONE to finish it.
 */
import {
  COALESCED,
  compileRegisters,
  definePlugin,
  DELIVERED,
  HIGH,
  IGNORED,
  IRQ_LINE,
  type Irqchip,
  IrqchipToken,
  irqchipWires,
  lo32,
  type PinState,
  type PlainData,
  type PluginDefinition,
  provide,
  provideAlso,
  PULSE,
  type RegisterBank,
  RegisterFrame,
  token,
  type WireOrder,
} from "@trapline/core";

export const tinyRegisters: RegisterBank<TinyIrqchip> = compileRegisters<TinyIrqchip>("TINY", 0x1000, [
  { name: "PENDING", offset: 0x00, access: "RO", read: (chip) => chip.pending },
  { name: "ENABLE", offset: 0x04, access: "RW", read: (chip) => chip.enabled, write: (chip, value) => chip.enable(lo32(value)) },
  { name: "CLAIM", offset: 0x08, access: "RO", read: (chip) => chip.claim(), peek: (chip) => chip.best() },
  { name: "DONE", offset: 0x0c, access: "WO", write: (chip, value) => chip.finish(lo32(value)) },
]);

/** What CLAIM reads when nothing is pending. */
const NONE = 0xffff_ffff;

export class TinyIrqchip implements Irqchip {
  readonly name = "tiny";
  readonly pinCount = 32;
  readonly capabilities = { msi: false, completions: true, synchronous: true } as const;
  readonly pins$: Irqchip["pins$"];
  readonly privateLines$: Irqchip["privateLines$"];
  readonly msi$: Irqchip["msi$"];
  readonly vcpuLines$: Irqchip["vcpuLines$"];
  readonly completions$: Irqchip["completions$"];
  enabled = 0;
  private lines = 0;
  private latches = 0;
  private active = 0;
  private irq = false;
  private readonly order: WireOrder;
  private readonly evaluation = { deferred: false, evaluate: (): void => this.drive() };

  constructor(order: WireOrder) {
    this.order = order;
    const wires = irqchipWires(order, this.name);
    ({ pins$: this.pins$, privateLines$: this.privateLines$, msi$: this.msi$, vcpuLines$: this.vcpuLines$, completions$: this.completions$ } = wires);
    this.pins$.own(this.name, (pin, signal) => {
      if (pin < 0 || pin >= this.pinCount) return IGNORED;
      const before = this.pending;
      if (signal === PULSE) this.latches |= 1 << pin;
      else this.lines = signal === HIGH ? this.lines | (1 << pin) : this.lines & ~(1 << pin);
      order.defer(this.evaluation);
      return signal === PULSE && this.pending === before ? COALESCED : DELIVERED;
    });
  }

  get pending(): number {
    return (this.lines | this.latches) >>> 0;
  }

  best(): number {
    const ready = this.pending & this.enabled & ~this.active;
    return ready === 0 ? NONE : 31 - Math.clz32(ready & -ready);
  }

  claim(): number {
    const pin = this.best();
    if (pin !== NONE) {
      this.active |= 1 << pin;
      this.latches &= ~(1 << pin);
      this.order.defer(this.evaluation);
    }
    return pin;
  }

  finish(pin: number): void {
    if (pin >= this.pinCount || (this.active & (1 << pin)) === 0) return;
    this.active &= ~(1 << pin);
    this.completions$.emit(pin);
    this.order.defer(this.evaluation);
  }

  enable(mask: number): void {
    this.enabled = mask;
    this.order.defer(this.evaluation);
  }

  reset(): void {
    this.enabled = 0;
    this.latches = 0;
    this.active = 0;
    this.order.defer(this.evaluation);
  }

  save(): PlainData {
    const { enabled, lines, latches, active, irq } = this;
    return { enabled, lines, latches, active, irq };
  }

  restore(state: PlainData): void {
    const saved = state as { enabled: number; lines: number; latches: number; active: number; irq: boolean };
    this.enabled = saved.enabled;
    this.lines = saved.lines;
    this.latches = saved.latches;
    this.active = saved.active;
    this.irq = saved.irq;
  }

  describePin(pin: number): string {
    return `input ${pin}`;
  }

  peekPin(pin: number): PinState | undefined {
    if (pin < 0 || pin >= this.pinCount) return undefined;
    const has = (word: number): boolean => ((word >>> pin) & 1) === 1;
    return { line: has(this.lines), pending: has(this.pending), active: has(this.active), enabled: has(this.enabled) };
  }

  private drive(): void {
    const irq = this.best() !== NONE;
    if (irq === this.irq) return;
    this.irq = irq;
    this.vcpuLines$.emit(0, IRQ_LINE, irq);
  }
}

const TinyIrqchipToken = token<TinyIrqchip>("example/TinyIrqchip");

export function tinyIrqchip(options: { readonly base: number }): PluginDefinition {
  return definePlugin({
    name: "tiny-irqchip",
    provides: [
      provide(TinyIrqchipToken, (vmm) => new TinyIrqchip(vmm.order)),
      provideAlso(IrqchipToken, (vmm) => vmm.get(TinyIrqchipToken)),
    ],
    create: (vmm) => ({
      attach(scope) {
        const frame = new RegisterFrame(vmm.get(TinyIrqchipToken), tinyRegisters);
        scope.add(vmm.bus.claim({ name: "tiny-irqchip", base: options.base, size: tinyRegisters.frameSize }, frame));
      },
    }),
  });
}
