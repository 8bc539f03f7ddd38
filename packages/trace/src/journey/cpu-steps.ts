/** The second half of a journey: a vCPU takes the interrupt, ends and deactivates it, and the router is told that its pin is completed. */
import type { TraceEvents, WireEvent } from "@trapline/core";
import { beginJourney, continueHeld } from "./begin-journey.ts";
import type { CpuStep, CpuStepEvent } from "./cpu-step.ts";
import type { InterruptLine } from "./interrupt-lines.ts";
import type { Moment, OpenJourney } from "./journey.ts";
import { type JourneyBook, momentOf } from "./journey-book.ts";

/** LPIs begin here: they have no active state, so EOI ends them. */
const FIRST_LPI = 8192;

export class CpuSteps {
  private readonly book: JourneyBook;
  private lastDeactivate: { readonly seq: number; readonly line: InterruptLine } | undefined;

  constructor(book: JourneyBook) {
    this.book = book;
  }

  step(step: CpuStep, event: CpuStepEvent): void {
    const line = this.book.lines.ofIntid(event.irqchip, event.intid, event.vcpu);
    if (line === undefined) return;
    if (step === "acknowledge") this.acknowledged(line, event);
    else if (step === "eoi") this.endOfInterrupt(line, event);
    else this.deactivated(line, event);
  }

  completed(event: TraceEvents["completion"]): void {
    const { irqchip, pin, seq } = event;
    const { lastDeactivate, book } = this;
    if (lastDeactivate?.seq === seq - 1 && lastDeactivate.line.irqchip === irqchip) this.learn(pin, lastDeactivate.line);
    else this.guess(irqchip, pin);
    const line = book.lines.ofPin(irqchip, pin);
    if (line === undefined) return;
    const ended = book.endingOf(line);
    if (ended !== undefined) return void (ended.steps.completion ??= momentOf(event));
    // A chip that tells no more than this.
    const journey = line.active ?? line.pending ?? this.held(line);
    if (journey === undefined) return;
    if (journey === line.pending) line.pending = undefined;
    line.active = journey;
    journey.steps.completion = momentOf(event);
    this.end(line, momentOf(event));
  }

  /** A chip that tells of no deactivation: the one interrupt that was taken from it is the one that waits at the pin. */
  private guess(irqchip: string, pin: number): void {
    const waiting = this.book.lines.ofPin(irqchip, pin);
    const taken = waiting?.intid === undefined && waiting?.pending !== undefined ? this.book.lines.loneTaken(irqchip) : undefined;
    if (taken !== undefined) this.learn(pin, taken);
  }

  private acknowledged(line: InterruptLine, event: CpuStepEvent): void {
    const { book } = this;
    if (line.active !== undefined) book.tell(line.active, line.active.steps.endOfInterrupt === undefined ? "active" : "completed");
    const journey = line.pending ?? this.unannounced(line, event);
    line.pending = undefined;
    line.active = journey;
    journey.steps.acknowledge = momentOf(event);
    journey.vcpu = event.vcpu;
    journey.priority = event.priority;
    book.vcpuLines.taken(journey, event);
    book.listener.acknowledged?.(journey);
  }

  /** A vCPU takes what no signal was seen for: a line that is still high, or one does not know. */
  private unannounced(line: InterruptLine, event: WireEvent): OpenJourney {
    const unseen = { origin: "unseen", at: momentOf(event), result: 1 } as const;
    const journey = this.held(line) ?? beginJourney(line, this.book.nextNumber(), unseen);
    // It has a beginning for listeners, who look at its steps: the acknowledge is the only one an unseen journey has.
    journey.steps.acknowledge = momentOf(event);
    this.book.listener.began?.(journey);
    return journey;
  }

  /** The line is high as before; an irqfd may leave it so for good. */
  private held(line: InterruptLine): OpenJourney | undefined {
    const isHeld = line.level && line.lastEnd !== undefined && !line.byEventFd;
    return isHeld ? continueHeld(line, this.book.nextNumber()) : undefined;
  }

  private endOfInterrupt(line: InterruptLine, event: CpuStepEvent): void {
    const { active } = line;
    if (active === undefined) return;
    active.steps.endOfInterrupt ??= momentOf(event);
    if (event.intid >= FIRST_LPI) this.end(line, momentOf(event));
  }

  private deactivated(line: InterruptLine, event: WireEvent): void {
    this.lastDeactivate = { seq: event.seq, line };
    if (line.active === undefined) return;
    line.active.steps.deactivate = momentOf(event);
    this.end(line, momentOf(event));
  }

  /** The guest is done with the active one. */
  private end(line: InterruptLine, at: Moment): void {
    const journey = line.active!;
    this.book.ending.push({ line, journey });
    line.active = undefined;
    line.lastEnd = at;
    this.book.listener.done?.(journey);
  }

  /** Without a wiring, a completion tells which pin an INTID is, and so where the journey that ends had begun. */
  private learn(pin: number, line: InterruptLine): void {
    const { book } = this;
    const before = book.lines.learn(line.irqchip, pin, line);
    if (before === undefined) return;
    Object.assign(line, { level: before.level, byEventFd: before.byEventFd, gsi: before.gsi });
    const rest = book.endingOf(line) ?? (line.active?.origin === "unseen" ? line.active : undefined);
    const { pending } = before;
    if (rest === undefined || pending === undefined) return void (line.pending ??= pending);
    const { intid, vcpu, priority, steps } = rest;
    Object.assign(rest, pending, { intid, private: rest.private, vcpu, priority, steps: { ...steps, ...pending.steps } });
    book.listener.joined?.(pending, rest);
  }
}
