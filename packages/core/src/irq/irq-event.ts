/** What taps of the interrupt wires see, in the order in which an interrupt travels. */
import type { U64 } from "../u64.ts";
import type { WireEvent } from "../wire/wire-order.ts";
import type { IrqResult, SignalName } from "./irq-signal.ts";

/** A source signalled its GSI. */
export interface GsiEvent extends WireEvent {
  readonly kind: "gsi";
  readonly gsi: number;
  readonly signal: SignalName;
  readonly result: IrqResult;
}

/** A message-signalled interrupt was sent. */
export interface MsiEvent extends WireEvent {
  readonly kind: "msi";
  /** "router", or the irqchip it reached. */
  readonly at: string;
  readonly address: U64;
  readonly data: number;
  /** Requester id for an ITS; undefined when the sender has none. */
  readonly deviceId?: number;
  readonly result: IrqResult;
}

/** An input of an irqchip changed. */
export interface PinEvent extends WireEvent {
  readonly kind: "pin";
  readonly irqchip: string;
  readonly pin: number;
  readonly signal: SignalName;
  readonly result: IrqResult;
}

/** A private line (timer, PMU) of one vCPU changed. */
export interface PrivateLineEvent extends WireEvent {
  readonly kind: "private-line";
  readonly irqchip: string;
  readonly vcpu: number;
  readonly intid: number;
  readonly level: boolean;
}

/** An irqchip raised or lowered a line of a vCPU. */
export interface VcpuLineEvent extends WireEvent {
  readonly kind: "vcpu-line";
  readonly irqchip: string;
  readonly vcpu: number;
  readonly line: "irq" | "fiq";
  readonly level: boolean;
}

/** The guest finished with a pin: deactivated it. */
export interface CompletionEvent extends WireEvent {
  readonly kind: "completion";
  readonly irqchip: string;
  readonly pin: number;
}
