/** How a journey begins: from a signal of a source, or because a line was still high when the interrupt before it had ended. */
import type { Raise } from "./causes.ts";
import type { InterruptLine } from "./interrupt-lines.ts";
import type { JourneyOrigin, Moment, OpenJourney } from "./journey.ts";

/** A signal that came to an interrupt's input. */
export interface Sent {
  readonly origin: JourneyOrigin;
  /** From the source, where it was seen. */
  readonly raise?: Raise | undefined;
  readonly at: Moment;
  readonly pin?: Moment;
  readonly sender?: number;
  /** Whose it is, where that is known before anybody takes it. */
  readonly vcpu?: number | undefined;
  /** As the wires have it: positive delivered, 0 merged, negative ignored. */
  readonly result: number;
}

/** @param line undefined for a signal that reached none */
export function beginJourney(line: InterruptLine | undefined, number: number, { origin, raise, at, pin, sender, vcpu }: Sent): OpenJourney {
  const journey: OpenJourney = {
    number,
    origin,
    outcome: "pending",
    eventFd: raise?.signal?.eventFd,
    gsi: raise?.gsi,
    message: raise?.message,
    irqchip: line?.irqchip ?? raise?.irqchip,
    pin: line?.pin,
    intid: line?.intid,
    ownNumbers: line?.ownNumbers ?? false,
    private: line?.vcpu !== undefined,
    sender,
    vcpu: vcpu ?? line?.vcpu,
    priority: undefined,
    merged: 0,
    edge: line?.edge,
    steps: {},
  };
  if (raise?.signal !== undefined) journey.steps.signal = { seq: raise.signal.seq, atNs: raise.signal.atNs };
  if (origin !== "unseen") journey.steps.raise = at;
  if (pin !== undefined) journey.steps.pin = pin;
  return journey;
}

/** The line is high as before: pending again from the moment of its end. */
export function continueHeld(line: InterruptLine, number: number): OpenJourney {
  const journey = beginJourney(line, number, { origin: "held", at: line.lastEnd!, result: 1 });
  journey.gsi = line.gsi;
  return journey;
}
