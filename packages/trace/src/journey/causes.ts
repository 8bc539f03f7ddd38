/**
 * What brought an event about. Events carry no cause, but their order tells it: an emission takes its number before its owner runs, so
 * a pin's event comes after that of the GSI that drove it, and before anything that the machine does next (docs/adr/0001-wires.md). A
 * context is what may still be going on: the signals since the last exit, acknowledge or change of a vCPU's line.
 *
 * Bounded: the last MAX_RAISES signals of one context.
 */
import type { TraceEvents } from "@trapline/core";
import type { Wiring } from "../wiring.ts";
import type { Moment } from "./journey.ts";

/** Signals of one context that are remembered. */
const MAX_RAISES = 256;

/** A source's signal on its way. */
export interface Raise {
  readonly at: Moment;
  /** Its own name for what it did: a pulse, or a level that went up. */
  readonly edge: boolean;
  readonly gsi: number | undefined;
  readonly signal: TraceEvents["signal"] | undefined;
  message: { readonly address: number | bigint; readonly data: number; readonly deviceId: number | undefined } | undefined;
  /** The chip that took the message. */
  irqchip: string | undefined;
  result: number;
  /** A pin, or the ITS, was seen to get it. */
  arrived: boolean;
}

export class Causes {
  private raises: Raise[] = [];
  private signal: TraceEvents["signal"] | undefined;
  /** GSIs that went low. */
  private readonly lowered = new Set<number>();

  /** The context is over. @returns the signals that nothing was seen to get */
  end(): readonly Raise[] {
    if (this.raises.length === 0 && this.signal === undefined && this.lowered.size === 0) return NONE;
    const left = this.raises.filter(({ arrived }) => !arrived);
    this.raises = [];
    this.signal = undefined;
    this.lowered.clear();
    return left;
  }

  signalled(event: TraceEvents["signal"]): void {
    this.signal = event;
  }

  /** A GSI or an MSI at the router. A message that a GSI is routed to is the same signal. */
  raised(event: TraceEvents["gsi"] | TraceEvents["msi"]): void {
    const { seq, atNs, result } = event;
    if (event.kind === "msi") {
      const before = this.raises.at(-1);
      const message = { address: event.address, data: event.data, deviceId: event.deviceId };
      if (before?.gsi !== undefined && before.at.seq === seq - 1 && before.message === undefined) {
        before.message = message;
        return;
      }
      return this.add({
        at: { seq, atNs },
        edge: true,
        gsi: undefined,
        signal: this.before(seq),
        message,
        irqchip: undefined,
        result,
        arrived: false,
      });
    }
    if (event.signal === "low") return void this.lowered.add(event.gsi);
    const edge = event.signal === "pulse";
    this.add({
      at: { seq, atNs },
      edge,
      gsi: event.gsi,
      signal: this.before(seq),
      message: undefined,
      irqchip: undefined,
      result,
      arrived: false,
    });
  }

  /** Did that GSI go low in this context? */
  hasLowered(gsi: number | undefined): boolean {
    return gsi !== undefined && this.lowered.has(gsi);
  }

  /** The signal that a pin event comes from: the last one of its sort, those first that are wired there. */
  ofPin({ irqchip, pin, signal }: TraceEvents["pin"], wiring: Wiring): Raise | undefined {
    const candidates = this.raises.filter(
      (raise) => raise.gsi !== undefined && raise.message === undefined && raise.edge === (signal === "pulse"),
    );
    if (candidates.length < 2) return candidates[0];
    return candidates.findLast(({ gsi }) => wiring.leadsTo(gsi!, irqchip, pin)) ?? candidates.at(-1);
  }

  /** The signal that a chip's message comes from. */
  ofMessage({ address, data }: TraceEvents["msi"]): Raise | undefined {
    return this.raises.findLast(({ message }) => message !== undefined && message.address === address && message.data === data);
  }

  /** The message that was translated: the last one of that event that no other translation has taken. */
  ofTranslation(eventId: number): Raise | undefined {
    return this.raises.findLast(({ message, arrived }) => message?.data === eventId && !arrived);
  }

  /** A message that no router saw: it is one all the same. */
  add(raise: Raise): void {
    if (this.raises.length >= MAX_RAISES) this.raises.shift();
    this.raises.push(raise);
  }

  /** The eventfd that was signalled directly before: its irqfd raised. */
  private before(seq: number): TraceEvents["signal"] | undefined {
    return this.signal?.seq === seq - 1 ? this.signal : undefined;
  }
}

const NONE: readonly Raise[] = [];
