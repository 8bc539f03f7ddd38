/**
 * Follows every interrupt of a machine through its trace: give it the events in order, and it tells each journey when it is over. What a
 * signal led to is joined by cause (causes.ts, arrivals.ts), what a vCPU did by INTID (cpu-steps.ts).
 *
 * Total: an event that makes no sense is passed over, an interrupt whose beginning was not seen has the origin `unseen`. Bounded: see
 * MAX_LINES; each has at most two journeys under way, one that waits and one that is active.
 */
import type { TraceEvent, TraceEvents, WireEvent } from "@trapline/core";
import type { Wiring, WiringEvent } from "../wiring.ts";
import { Arrivals } from "./arrivals.ts";
import { continueHeld } from "./begin-journey.ts";
import { type CpuStepEvent, cpuStepOf, type SgiEvent, type TranslationEvent } from "./cpu-step.ts";
import { CpuSteps } from "./cpu-steps.ts";
import { configuredTriggers, isSpurious } from "./guest-registers.ts";
import type { InterruptLine } from "./interrupt-lines.ts";
import type { Journey } from "./journey.ts";
import { JourneyBook, type JourneyListener, momentOf } from "./journey-book.ts";

export class JourneyTracker {
  private readonly book: JourneyBook;
  private readonly arrivals: Arrivals;
  private readonly cpuSteps: CpuSteps;

  /** @param wiring of the machine; without one, a `wiring` event at the beginning of the trace tells it */
  constructor(listener: JourneyListener, wiring?: WiringEvent) {
    this.book = new JourneyBook(listener, wiring);
    this.arrivals = new Arrivals(this.book);
    this.cpuSteps = new CpuSteps(this.book);
  }

  get wiring(): Wiring {
    return this.book.wiring;
  }

  /** Events left out because there were more pins and INTIDs than are followed. */
  get left(): number {
    return this.book.lines.left;
  }

  /** Journeys under way: those that wait, and those that are active. */
  *open(): Generator<Journey, void, undefined> {
    for (const { pending, active } of this.book.lines.all) {
      if (active !== undefined) yield active;
      if (pending !== undefined) yield pending;
    }
  }

  next(given: WireEvent): void {
    const event = given as TraceEvent;
    switch (event.kind) {
      case "wiring":
        return this.book.rewire(event);
      case "signal":
        return this.signalled(event);
      case "gsi":
        return this.book.causes.raised(event);
      case "msi":
        return this.arrivals.messageSent(event);
      case "pin":
        return this.arrivals.pinDriven(event);
      case "private-line":
        return this.arrivals.privateLineDriven(event);
      case "vcpu-line":
        this.settle(event);
        return this.book.vcpuLines.driven(event);
      case "completion":
        return this.cpuSteps.completed(event);
      case "exit":
        return this.settle(undefined);
      case "access":
      case "sysreg":
        return this.accessed(event);
      case "machine":
        return this.machineDid(event);
      default:
        return this.chipDid(event as WireEvent);
    }
  }

  /** The trace is over: what is under way is told as it stands, and so are lines that nobody has taken again. */
  finish(): void {
    this.settle(undefined);
    for (const line of this.book.lines.all) {
      if (line.active !== undefined) this.book.tell(line.active, "active");
      if (line.pending !== undefined) this.book.tell(line.pending, this.arrivals.isWithdrawn(line) ? "withdrawn" : "pending");
      else if (isHeld(line)) this.book.tell(continueHeld(line, this.book.nextNumber()), "pending");
      line.active = line.pending = undefined;
    }
  }

  private signalled(event: TraceEvents["signal"]): void {
    const { causes, ending } = this.book;
    causes.signalled(event);
    const resampled = ending.find(({ journey }) => journey.steps.completion !== undefined && causes.hasLowered(journey.gsi));
    if (resampled !== undefined) resampled.journey.steps.resample ??= momentOf(event);
  }

  private chipDid(event: WireEvent): void {
    if (event.kind === "gic.sgi") return this.arrivals.sgiSent(event as SgiEvent);
    if (event.kind === "its.translation") return this.arrivals.translated(event as TranslationEvent);
    const step = cpuStepOf(event.kind);
    if (step === undefined) return;
    if (step !== "deactivate") this.settle(undefined);
    this.cpuSteps.step(step, event as CpuStepEvent);
  }

  private accessed(event: TraceEvents["access"] | TraceEvents["sysreg"]): void {
    const { listener, lines, wiring } = this.book;
    if (isSpurious(event)) listener.spurious?.(event.vcpu, momentOf(event));
    const triggers = event.kind === "access" ? configuredTriggers(event) : [];
    if (triggers.length === 0) return;
    const gic = wiring.irqchips.find(({ inputs }) => inputs.length > 0)?.name ?? lines.all[0]?.irqchip;
    for (const [intid, edge] of gic === undefined ? [] : triggers) {
      const line = lines.ofIntid(gic!, intid, 0);
      if (line !== undefined) line.edge = edge;
    }
  }

  private machineDid(event: TraceEvents["machine"]): void {
    this.settle(undefined);
    if (event.what !== "reset" && event.what !== "restoring") return;
    for (const line of this.book.lines.all) {
      for (const journey of [line.active, line.pending]) if (journey !== undefined) this.book.tell(journey, "reset");
      line.active = line.pending = line.edge = undefined;
      // Wires outlast a reset; how they are in a snapshot is not seen.
      line.level &&= event.what === "reset";
      line.lastEnd = line.level ? momentOf(event) : undefined;
    }
    this.book.vcpuLines.reset();
  }

  /** What went on is over. @param because the line of a vCPU that changed with it */
  private settle(because: TraceEvents["vcpu-line"] | undefined): void {
    const { book } = this;
    for (const raise of book.causes.end()) this.arrivals.unmet(raise);
    book.vcpuLines.settle(because);
    if (book.ending.length === 0) return;
    for (const { journey } of book.ending.splice(0)) book.tell(journey, "completed");
  }
}

/** Still high after its end, by a source that would lower it, and not taken again. */
const isHeld = ({ active, level, lastEnd, byEventFd }: InterruptLine): boolean =>
  active === undefined && level && lastEnd !== undefined && !byEventFd;
