/**
 * One interrupt, from the signal of its source to the end in the guest (docs/glossary.md):
 *
 *     signal → raise → pin → line → acknowledge → endOfInterrupt → deactivate → completion → resample
 *     eventfd  GSI     chip  vCPU   ICC_IAR       ICC_EOIR         or ICC_DIR   to the       resamplefd
 *              or MSI        IRQ                                                router
 *
 * Every step that the trace shows has its moment; the others are undefined. What a chip does not tell (a PLIC has no deactivation, an
 * LPI no pin) is no step. Signals that meet one still waiting are merged into it, as the hardware merges them.
 */

/** A place in the one order of a machine, and its time. */
export interface Moment {
  readonly seq: number;
  readonly atNs: number;
}

/**
 * How it began.
 * - `line`, `edge`: a source drove its GSI, or pulsed it
 * - `message`: an MSI
 * - `private-line`: a timer or PMU of a vCPU; `sgi`: a vCPU asked another
 * - `held`: the line was still high when the interrupt before it ended
 * - `unseen`: a vCPU took it, and the trace does not show why: it began later, or the guest set it pending
 */
export type JourneyOrigin = "line" | "edge" | "message" | "private-line" | "sgi" | "held" | "unseen";

/**
 * How it went out.
 * - `completed`: the guest ended it
 * - `withdrawn`: the line fell before a vCPU took it
 * - `ignored`: no route, no such pin, a pulse on a level-sensitive input, a blocked message: nothing stayed of it
 * - `reset`: the machine was reset, or restored from a snapshot, meanwhile
 * - `pending`, `active`: it waits to be taken, or ended, where the trace ends
 */
export type JourneyOutcome = "completed" | "withdrawn" | "ignored" | "reset" | "pending" | "active";

/**
 * The steps of a journey in the order of the drawing above; that of time may differ: a guest may end an interrupt before it serves the
 * device.
 */
export const JOURNEY_STEPS = [
  "signal",
  "raise",
  "pin",
  "line",
  "acknowledge",
  "lower",
  "endOfInterrupt",
  "deactivate",
  "completion",
  "resample",
] as const;
/** One of JOURNEY_STEPS. */
export type JourneyStep = (typeof JOURNEY_STEPS)[number];

export interface Journey {
  /** In the order in which they began, from 1. */
  readonly number: number;
  readonly origin: JourneyOrigin;
  readonly outcome: JourneyOutcome;
  /** The eventfd of an irqfd. */
  readonly eventFd: string | undefined;
  readonly gsi: number | undefined;
  readonly message: { readonly address: number | bigint; readonly data: number; readonly deviceId: number | undefined } | undefined;
  readonly irqchip: string | undefined;
  readonly pin: number | undefined;
  /** The guest's number for it: an INTID of a GIC, or a number of the chip's own. */
  readonly intid: number | undefined;
  /** The chip is no GIC: its `intid` has no name as SGI, PPI or SPI. */
  readonly ownNumbers: boolean;
  /** An interrupt that each vCPU has for itself. */
  readonly private: boolean;
  /** Who sent an SGI. */
  readonly sender: number | undefined;
  /** Who took it, or whose line went up for it. */
  readonly vcpu: number | undefined;
  readonly priority: number | undefined;
  /** Signals that came while it waited, and were merged into it. */
  readonly merged: number;
  /** The input senses edges, by what the guest wrote to ICFGR in this trace; undefined before it wrote there. */
  readonly edge: boolean | undefined;
  readonly steps: Readonly<Partial<Record<JourneyStep, Moment>>>;
}

/** A journey under way. */
export type OpenJourney = { -readonly [K in keyof Journey]: Journey[K] } & { steps: Partial<Record<JourneyStep, Moment>> };

/** Where it began. */
export const beginningOf = ({ steps }: Journey): Moment => steps.signal ?? steps.raise ?? steps.pin ?? steps.acknowledge!;

/** Where the guest was done with it; undefined when it never was. */
export const endOf = ({ steps }: Journey): Moment | undefined => steps.deactivate ?? steps.endOfInterrupt ?? steps.completion;

/** Between beginning and acknowledge; undefined when it was not taken. */
export function waitedNs(journey: Journey): number | undefined {
  const { acknowledge } = journey.steps;
  return acknowledge === undefined || journey.origin === "unseen" ? undefined : acknowledge.atNs - beginningOf(journey).atNs;
}

/** Between acknowledge and end. */
export function handledNs(journey: Journey): number | undefined {
  const { acknowledge } = journey.steps;
  const end = endOf(journey);
  return acknowledge === undefined || end === undefined ? undefined : end.atNs - acknowledge.atNs;
}
