/**
 * A platform-level interrupt controller (RISC-V PLIC specification 1.0.0) under Trapline's irqchip contract. Pin n is source n;
 * pin 0 is no source. A context is the interrupt input of a vCPU: the specification leaves to the platform which one.
 *
 * Written from the contract (irq/irqchip.ts of core) and the specification alone. Not modelled: MSIs, more than eight contexts,
 * priorities of more than three bits, hardwired bits.
 */
import {
  COALESCED,
  DELIVERED,
  type Deferred,
  FIQ_LINE,
  HIGH,
  IGNORED,
  IRQ_LINE,
  type Irqchip,
  type IrqchipCapabilities,
  type IrqchipWires,
  irqchipWires,
  type IrqExplanation,
  type IrqResult,
  type IrqSignal,
  LOW,
  type PinState,
  type PlainData,
  Wire,
  type WireOrder,
} from "@trapline/core";
import { explainPlic } from "./explain-plic.ts";
import { Gateways } from "./gateway.ts";
import { WORDS } from "./limits.ts";
import type { PlicAcknowledge } from "./plic-event.ts";
import { checkSavedPlic } from "./saved-plic.ts";

export interface PlicOptions {
  readonly name: string;
  /** Ids 1 … sources. */
  readonly sources: number;
  /** Ids of the edge-triggered ones. */
  readonly edge: readonly number[];
  /** The vCPU that each context interrupts. */
  readonly contexts: readonly number[];
  readonly line: "irq" | "fiq";
}

/** Three bits of priority. */
const PRIORITY_MASK = 7;

export class Plic implements Irqchip, Deferred {
  readonly name: string;
  readonly pinCount: number;
  readonly capabilities: IrqchipCapabilities = { msi: false, completions: true, synchronous: true };
  readonly pins$: Irqchip["pins$"];
  readonly privateLines$: Irqchip["privateLines$"];
  readonly msi$: Irqchip["msi$"];
  readonly vcpuLines$: Irqchip["vcpuLines$"];
  readonly completions$: Irqchip["completions$"];
  readonly acknowledges$: Wire<readonly [context: number, id: number], void, PlicAcknowledge>;
  readonly options: PlicOptions;
  readonly gateways: Gateways;
  deferred = false;
  private readonly wires: IrqchipWires;
  private readonly order: WireOrder;
  private readonly priorities: Uint8Array;
  private readonly enables: Uint32Array;
  private readonly thresholds: Uint8Array;
  /** What each context's target was last told. */
  private readonly driven: boolean[];

  constructor(order: WireOrder, options: PlicOptions) {
    const { name, sources, edge, contexts } = options;
    this.order = order;
    this.options = options;
    this.name = name;
    this.pinCount = sources + 1;
    this.gateways = new Gateways(new Set(edge));
    this.priorities = new Uint8Array(sources + 1);
    this.enables = new Uint32Array(WORDS * contexts.length);
    this.thresholds = new Uint8Array(contexts.length);
    this.driven = contexts.map(() => false);
    const wires = (this.wires = irqchipWires(order, name));
    ({ pins$: this.pins$, privateLines$: this.privateLines$, msi$: this.msi$ } = wires);
    ({ vcpuLines$: this.vcpuLines$, completions$: this.completions$ } = wires);
    this.acknowledges$ = new Wire<readonly [context: number, id: number], void, PlicAcknowledge>(order, {
      name: `${name}.acknowledges`,
      unowned: undefined,
      describe: (seq, atNs, _answer, context, id) => ({
        ...{ seq, atNs, kind: "plic.acknowledge", irqchip: name, context },
        ...{ vcpu: contexts[context]!, intid: id },
      }),
    });
    this.pins$.own(name, (pin, signal) => this.accept(pin, signal));
  }

  // ------------------------------------------------------------------------------------------------------------- registers

  priority(id: number): number {
    return this.priorities[id] ?? 0;
  }

  setPriority(id: number, value: number): void {
    if (!this.hasSource(id)) return;
    this.priorities[id] = value & PRIORITY_MASK;
    this.order.defer(this);
  }

  pendingWord(word: number): number {
    return wordOf(this.gateways.pending, word);
  }

  enableWord(context: number, word: number): number {
    return context < this.thresholds.length ? this.enables[WORDS * context + word]! : 0;
  }

  setEnableWord(context: number, word: number, value: number): void {
    if (context >= this.thresholds.length) return;
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) if (this.hasSource(32 * word + bit)) bits |= value & (1 << bit);
    this.enables[WORDS * context + word] = bits;
    this.order.defer(this);
  }

  threshold(context: number): number {
    return this.thresholds[context] ?? 0;
  }

  setThreshold(context: number, value: number): void {
    if (context >= this.thresholds.length) return;
    this.thresholds[context] = value & PRIORITY_MASK;
    this.order.defer(this);
  }

  /** The source that a claim would give: the highest priority, then the lowest id; 0 for none. The threshold does not count. */
  best(context: number): number {
    let best = 0;
    for (const id of this.gateways.pending) {
      if (!this.isEnabled(context, id) || this.priority(id) === 0) continue;
      const order = this.priority(id) - this.priority(best);
      if (best === 0 || order > 0 || (order === 0 && id < best)) best = id;
    }
    return best;
  }

  claim(context: number): number {
    const id = context < this.thresholds.length ? this.best(context) : 0;
    if (id === 0) return 0;
    this.gateways.claim(id);
    this.order.defer(this);
    this.acknowledges$.emit(context, id);
    return id;
  }

  /** Ignored for a source that is not enabled for the context; whether it was the one claimed there is not checked. */
  complete(context: number, id: number): void {
    if (!this.isEnabled(context, id) || !this.gateways.complete(id)) return;
    // First whoever resamples, who may lower the line; then the gateway looks at it. The other way round the request would stay.
    this.completions$.emit(id);
    this.gateways.resample(id);
    this.order.defer(this);
  }

  // -------------------------------------------------------------------------------------------------------------- contract

  isEnabled(context: number, id: number): boolean {
    return this.hasSource(id) && (this.enableWord(context, id >> 5) & (1 << (id & 31))) !== 0;
  }

  describePin(pin: number): string {
    return this.hasSource(pin) ? `source ${pin}` : `no source (${pin})`;
  }

  peekPin(pin: number): PinState | undefined {
    if (!this.hasSource(pin)) return undefined;
    const { lines, pending, claimed } = this.gateways;
    const enabled = this.options.contexts.some((_, context) => this.isEnabled(context, pin)) && this.priority(pin) !== 0;
    return { line: lines.has(pin), pending: pending.has(pin), active: claimed.has(pin), enabled, priority: this.priority(pin) };
  }

  /** Why a source does, or does not, interrupt a vCPU. */
  explain(id: number, vcpu: number): IrqExplanation {
    return explainPlic(this, id, vcpu);
  }

  evaluate(): void {
    const { contexts, line } = this.options;
    for (const [context, vcpu] of contexts.entries()) {
      const high = this.priority(this.best(context)) > this.threshold(context);
      if (this.driven[context] === high) continue;
      this.driven[context] = high;
      this.vcpuLines$.emit(vcpu, line === "irq" ? IRQ_LINE : FIQ_LINE, high);
    }
  }

  reset(): void {
    for (const words of [this.priorities, this.enables, this.thresholds]) words.fill(0);
    this.gateways.reset();
    this.order.defer(this);
  }

  save(): PlainData {
    const { priorities, enables, thresholds, driven, gateways } = this;
    const words = { priorities: [...priorities], enables: [...enables], thresholds: [...thresholds] };
    return { ...words, driven: [...driven], gateways: { ...gateways.save() } };
  }

  restore(state: PlainData): void {
    const saved = checkSavedPlic(this.name, this.save(), state);
    this.priorities.set(saved.priorities);
    this.enables.set(saved.enables);
    this.thresholds.set(saved.thresholds);
    for (const [context, high] of saved.driven.entries()) this.driven[context] = high;
    this.gateways.restore(saved.gateways);
  }

  close(): void {
    this.wires.close();
    this.acknowledges$.complete();
  }

  private accept(pin: number, signal: IrqSignal): IrqResult {
    if (!this.hasSource(pin)) return IGNORED;
    const isNew = signal === LOW || this.gateways.rise(pin);
    if (signal !== HIGH) this.gateways.fall(pin);
    this.order.defer(this);
    return isNew ? DELIVERED : COALESCED;
  }

  private hasSource(id: number): boolean {
    return id >= 1 && id <= this.options.sources;
  }
}

/** The bits of sources 32·word … 32·word + 31. */
function wordOf(ids: ReadonlySet<number>, word: number): number {
  let bits = 0;
  for (const id of ids) if (id >> 5 === word) bits |= 1 << (id & 31);
  return bits >>> 0;
}
