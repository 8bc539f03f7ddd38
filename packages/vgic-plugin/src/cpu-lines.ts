/**
 * Plain IRQ and FIQ lines for machines whose interrupt controller lives elsewhere: in another process, in a device of the
 * machine, or nowhere. KVM calls it an out-of-kernel GIC (KVM_IRQ_LINE type 0; kvm-irq-abi.md B.2).
 *
 * An irqchip of two pins a vCPU: pin 2·v is IRQ of vCPU v, pin 2·v + 1 its FIQ. A pin's level is the line's level, nothing is
 * latched, prioritised or acknowledged, so an edge leaves nothing behind and there are no completions.
 */
import {
  COALESCED,
  type Deferred,
  definePlugin,
  DELIVERED,
  FIQ_LINE,
  HIGH,
  IGNORED,
  IRQ_LINE,
  type Irqchip,
  type IrqchipCapabilities,
  IrqchipToken,
  type IrqchipWires,
  irqchipWires,
  type IrqResult,
  type IrqSignal,
  type PinState,
  type PlainData,
  type PluginDefinition,
  provideAlso,
  PULSE,
  type WireOrder,
} from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { SavedState } from "./saved-state.ts";

export class CpuLines implements Irqchip, Deferred {
  readonly name: string;
  readonly pinCount: number;
  readonly capabilities: IrqchipCapabilities = { msi: false, completions: false, synchronous: true };
  readonly pins$: IrqchipWires["pins$"];
  readonly privateLines$: IrqchipWires["privateLines$"];
  readonly msi$: IrqchipWires["msi$"];
  readonly vcpuLines$: IrqchipWires["vcpuLines$"];
  readonly completions$: IrqchipWires["completions$"];
  deferred = false;

  private readonly wires: IrqchipWires;
  private readonly order: WireOrder;
  /** Level of each pin, and as last driven. */
  private readonly levels: Uint8Array;
  private readonly driven: Uint8Array;

  constructor(vcpuCount: number, order: WireOrder, name = "cpu-lines") {
    this.name = name;
    this.order = order;
    this.pinCount = 2 * vcpuCount;
    this.levels = new Uint8Array(this.pinCount);
    this.driven = new Uint8Array(this.pinCount);
    this.wires = irqchipWires(order, name);
    ({ pins$: this.pins$, privateLines$: this.privateLines$, msi$: this.msi$, vcpuLines$: this.vcpuLines$, completions$: this.completions$ } = this.wires);
    this.pins$.own(name, (pin, signal) => this.signal(pin, signal));
    this.privateLines$.own(name, () => {}); // a vCPU's timer has nowhere to go without a controller
  }

  /** Drives what changed. Called by the wire order. */
  evaluate(): void {
    for (let pin = 0; pin < this.pinCount; pin++) {
      if (this.driven[pin] === this.levels[pin]) continue;
      this.driven[pin] = this.levels[pin]!;
      this.vcpuLines$.emit(pin >> 1, (pin & 1) === 0 ? IRQ_LINE : FIQ_LINE, this.driven[pin] === 1);
    }
  }

  /** Wires stay as they are driven: there is nothing else. */
  reset(): void {}

  save(): PlainData {
    return { levels: this.levels.slice() };
  }

  /** Silent: the vCPUs restore their own view of the lines. */
  restore(state: PlainData): void {
    const levels = new SavedState(this.name, state).bytes("levels", this.pinCount);
    for (const [pin, level] of levels.entries()) this.levels[pin] = this.driven[pin] = level & 1;
  }

  describePin(pin: number): string {
    return this.hasPin(pin) ? `${(pin & 1) === 0 ? "IRQ" : "FIQ"} of vCPU ${pin >> 1}` : `no pin ${pin}`;
  }

  peekPin(pin: number): PinState | undefined {
    if (!this.hasPin(pin)) return undefined;
    const line = this.levels[pin] === 1;
    return { line, pending: line, active: false, enabled: true, vcpu: pin >> 1 };
  }

  close(): void {
    this.wires.close();
  }

  private hasPin(pin: number): boolean {
    return Number.isInteger(pin) && pin >= 0 && pin < this.pinCount;
  }

  private signal(pin: number, signal: IrqSignal): IrqResult {
    if (!this.hasPin(pin) || signal === PULSE) return IGNORED;
    const level = signal === HIGH ? 1 : 0;
    if (this.levels[pin] === level) return COALESCED;
    this.levels[pin] = level;
    this.order.defer(this);
    return DELIVERED;
  }
}

/**
 * The plugin: `machine.router.line(2 * vcpu, …)` is then that vCPU's IRQ.
 *
 * @example
 * createMachine({ plugins: [scripted(...), cpuLines(), myInterruptController()] })
 */
export function cpuLines(name = "cpu-lines"): PluginDefinition {
  return definePlugin({
    name,
    provides: [provideAlso(IrqchipToken, (vmm) => new CpuLines(vmm.topology.count, vmm.order, name))],
    create: (vmm) => ({
      attach: (scope) => scope.add(() => (vmm.irqchips.find((irqchip) => irqchip.name === name) as CpuLines).close()),
    }),
  });
}

/** For machine files: it takes no options. */
export const options: JsonSchema = { type: "object", additionalProperties: false };
/** `cpuLines()` for machine files; it has no options. */
export const plugin: PluginFactory<object> = (_given, { name }) => cpuLines(name);
