/**
 * What the parts of a JourneyTracker share: the interrupts, the numbers of journeys, what has ended and may still be completed, and who
 * is told.
 */
import type { WireEvent } from "@trapline/core";
import { Wiring, type WiringEvent } from "../wiring.ts";
import { Causes } from "./causes.ts";
import { type InterruptLine, InterruptLines } from "./interrupt-lines.ts";
import type { Journey, JourneyOutcome, Moment, OpenJourney } from "./journey.ts";
import { VcpuLines } from "./vcpu-lines.ts";

/** Who is told. Journeys are read, not kept: they change until they have ended. */
export interface JourneyListener {
  /** It is over, or the trace is. Called once for each. */
  ended(journey: Journey): void;
  /** It waits to be taken. */
  began?(journey: Journey): void;
  acknowledged?(journey: Journey): void;
  /** The guest is done with it. Its completion may follow; `ended` comes after that. */
  done?(journey: Journey): void;
  /** It turned out to be the beginning of one that was told of as `unseen`, and goes on in that. */
  joined?(beginning: Journey, rest: Journey): void;
  /** A vCPU read IAR and there was nothing to take. */
  spurious?(vcpu: number, at: Moment): void;
}

/** Several listeners as one: each is told, in order. */
export function listeners(...each: readonly JourneyListener[]): JourneyListener {
  return {
    ended: (journey) => each.forEach((one) => one.ended(journey)),
    began: (journey) => each.forEach((one) => one.began?.(journey)),
    acknowledged: (journey) => each.forEach((one) => one.acknowledged?.(journey)),
    done: (journey) => each.forEach((one) => one.done?.(journey)),
    joined: (beginning, rest) => each.forEach((one) => one.joined?.(beginning, rest)),
    spurious: (vcpu, at) => each.forEach((one) => one.spurious?.(vcpu, at)),
  };
}

/** The guest is done with it; what the router does because of that is still under way. */
export interface Ending {
  readonly line: InterruptLine;
  readonly journey: OpenJourney;
}

export class JourneyBook {
  readonly listener: JourneyListener;
  readonly causes: Causes = new Causes();
  readonly vcpuLines: VcpuLines = new VcpuLines();
  lines: InterruptLines;
  ending: Ending[] = [];
  private count = 0;

  constructor(listener: JourneyListener, wiring: WiringEvent | undefined) {
    this.listener = listener;
    this.lines = new InterruptLines(new Wiring(wiring));
  }

  get wiring(): Wiring {
    return this.lines.wiring;
  }

  /** A trace tells its wiring; what is followed already stays. */
  rewire(event: WiringEvent): void {
    if (this.lines.all.length === 0) this.lines = new InterruptLines(new Wiring(event));
    else this.lines.wiring = new Wiring(event);
  }

  nextNumber(): number {
    return ++this.count;
  }

  endingOf(line: InterruptLine): OpenJourney | undefined {
    return this.ending.find((entry) => entry.line === line)?.journey;
  }

  tell(journey: OpenJourney, outcome: JourneyOutcome): void {
    journey.outcome = outcome;
    this.listener.ended(journey);
  }
}

export const momentOf = ({ seq, atNs }: WireEvent): Moment => ({ seq, atNs });
