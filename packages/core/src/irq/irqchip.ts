/**
 * The contract of an interrupt controller (docs/adr/0003-gsi-pin-intid.md). Whoever writes a PLIC, an IOAPIC or a cascaded
 * combiner needs this file, the conformance suite in @trapline/testkit and one example.
 *
 * An irqchip *owns* `pins$`, `privateLines$` and `msi$`, and *emits* `vcpuLines$` and `completions$`. It latches what
 * comes in and decides at the boundary: ask `WireOrder.defer` to re-evaluate, and emit `vcpuLines$` only for lines that
 * changed. Acknowledges and ends of interrupt, being guest accesses, are answered in place from current state.
 *
 * With a kernel's irqchip behind the contract some of this cannot be seen or comes later: see {@link IrqchipCapabilities}.
 */
import type { PlainData, Stateful } from "../plain-data.ts";
import type { U64 } from "../u64.ts";
import type { Wire } from "../wire/wire.ts";
import type { CompletionEvent, MsiEvent, PinEvent, PrivateLineEvent, VcpuLineEvent } from "./irq-event.ts";
import type { IrqResult, IrqSignal, VcpuLine } from "./irq-signal.ts";
import type { KvmIrqchip } from "./kvm-irqchip.ts";

/** What routers, irqfds and tests may expect of a chip. */
export interface IrqchipCapabilities {
  /** It has inputs for message-signalled interrupts. */
  readonly msi: boolean;
  /** It tells when the guest finished a pin, so level interrupts can be resampled. */
  readonly completions: boolean;
  /** Signals have taken effect when the emission returns, and every line change and completion can be tapped. False in a kernel. */
  readonly synchronous: boolean;
}

/** What travels on `pins$`: an input, any number, and what it did. */
export type PinArgs = readonly [pin: number, signal: IrqSignal];
/** What travels on `privateLines$`: the level of one INTID of one vCPU. */
export type PrivateLineArgs = readonly [vcpu: number, intid: number, level: boolean];
/** What travels on `msi$`: where the message was written, its 32 bits, and who sent it (NO_DEVICE_ID: nobody knows). */
export type MsiArgs = readonly [address: U64, data: number, deviceId: number];
/** What travels on `vcpuLines$`: IRQ or FIQ of a vCPU changed to that level. */
export type VcpuLineArgs = readonly [vcpu: number, line: VcpuLine, level: boolean];
/** What travels on `completions$`: the input that the guest is done with. */
export type CompletionArgs = readonly [pin: number];

/** `deviceId` of an MSI whose sender has none. */
export const NO_DEVICE_ID = -1;

export interface Irqchip extends Stateful {
  /** Unique in its machine. */
  readonly name: string;
  /** Inputs, numbered 0 … pinCount − 1. A pin the chip does not implement swallows its signals (result IGNORED). */
  readonly pinCount: number;
  readonly capabilities: IrqchipCapabilities;
  /** The chip as KVM's ioctls see it. A chip that is no GIC leaves it out. */
  readonly kvm?: KvmIrqchip;

  /**
   * Router → chip. The owner must take any pin number and ignore what it does not have. For an edge-configured pin every
   * HIGH is an edge, also one that follows another without a LOW between them: Linux's fast path of irqfd never sends a LOW.
   */
  readonly pins$: Wire<PinArgs, IrqResult, PinEvent>;
  /** In-machine per-vCPU sources (timers, PMU) → chip, by INTID; no GSI, the same in every routing profile. */
  readonly privateLines$: Wire<PrivateLineArgs, void, PrivateLineEvent>;
  /** Router → chip. Result: 1 delivered, 0 blocked, negative: not for this chip, or the negated errno of KVM_SIGNAL_MSI. */
  readonly msi$: Wire<MsiArgs, IrqResult, MsiEvent>;
  /** Chip → vCPU. Emitted only on change. */
  readonly vcpuLines$: Wire<VcpuLineArgs, void, VcpuLineEvent>;
  /** Chip → router: the guest deactivated pin n. */
  readonly completions$: Wire<CompletionArgs, void, CompletionEvent>;

  /**
   * The vCPU was switched on (PSCI CPU_ON): its CPU interface, where that is part of the vCPU, takes its reset state; what is
   * pending or active for it stays. Left out by chips whose registers a CPU_ON does not touch.
   */
  resetVcpu?(vcpu: number): void;
  /** What the guest calls a pin, for dumps: "SPI 1 (INTID 33)". */
  describePin(pin: number): string;
  /** State of one pin for monitors and tests, without side effects. Undefined for a pin it does not have. */
  peekPin(pin: number): PinState | undefined;
  /**
   * Why an interrupt, by the number the guest has for it, is or is not signalled to a vCPU now; changes nothing. Left out by chips
   * that cannot tell, and by those whose guests have no such numbers.
   */
  explain?(intid: number, vcpu: number): IrqExplanation;
}

/** What decides whether an interrupt is signalled, in the chip's own order and words. */
export interface IrqExplanation {
  /** The vCPU's line is high because of it. */
  readonly signalled: boolean;
  readonly steps: readonly { readonly check: string; readonly passed: boolean; readonly text: string }[];
  /** The steps that failed, or that it is signalled, as a paragraph. */
  readonly text: string;
}

/** What can be told of a pin on any irqchip; chips add fields of their own. Dumps show a field `vcpu`: who would get it. */
export interface PinState {
  /** Level of the wire. */
  readonly line: boolean;
  /** Waiting for a vCPU to take it. */
  readonly pending: boolean;
  /** Taken and not finished. */
  readonly active: boolean;
  readonly enabled: boolean;
  readonly [key: string]: PlainData;
}
