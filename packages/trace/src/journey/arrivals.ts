/**
 * The first half of a journey: signals of sources on their way to an interrupt's input, and what becomes of them there. A signal that is
 * delivered begins a journey, unless one waits already: then it is merged into that.
 */
import type { TraceEvents } from "@trapline/core";
import { beginJourney, type Sent } from "./begin-journey.ts";
import type { Raise } from "./causes.ts";
import type { SgiEvent, TranslationEvent } from "./cpu-step.ts";
import type { InterruptLine } from "./interrupt-lines.ts";
import type { Moment } from "./journey.ts";
import { type JourneyBook, momentOf } from "./journey-book.ts";

/** INTIDs of shared interrupts, which a message without an ITS names by itself. */
const FIRST_SPI = 32;
const LAST_SPI = 1019;

export class Arrivals {
  private readonly book: JourneyBook;

  constructor(book: JourneyBook) {
    this.book = book;
  }

  /** A message at the router, or at the chip that takes it. */
  messageSent(event: TraceEvents["msi"]): void {
    const { causes } = this.book;
    if (event.at === "router") return causes.raised(event);
    if (causes.ofMessage(event) === undefined) causes.raised(event);
    const raise = causes.ofMessage(event);
    if (raise === undefined || event.result < 0) return;
    raise.irqchip = event.at;
    raise.result = event.result;
  }

  pinDriven(event: TraceEvents["pin"]): void {
    const { irqchip, pin, signal, result } = event;
    const line = this.book.lines.ofPin(irqchip, pin);
    if (line === undefined) return;
    const at = momentOf(event);
    if (signal === "low") return this.lowered(line, at);
    const raise = this.book.causes.ofPin(event, this.book.wiring);
    if (raise !== undefined) raise.arrived = true;
    line.level ||= signal === "high";
    line.byEventFd = raise?.signal !== undefined;
    line.gsi = raise?.gsi ?? line.gsi;
    this.arrive(line, { origin: signal === "pulse" ? "edge" : "line", raise, at: raise?.at ?? at, pin: at, result });
  }

  privateLineDriven(event: TraceEvents["private-line"]): void {
    if (!this.takesPrivateLines(event.irqchip)) return;
    const line = this.book.lines.ofPrivateLine(event.irqchip, event.intid, event.vcpu);
    if (line === undefined) return;
    if (!event.level) return this.lowered(line, momentOf(event));
    line.level = true;
    line.byEventFd = false;
    this.arrive(line, { origin: "private-line", at: momentOf(event), vcpu: event.vcpu, result: 1 });
  }

  sgiSent(event: SgiEvent): void {
    const line = this.book.lines.ofIntid(event.irqchip, event.intid, event.target);
    if (line !== undefined) this.arrive(line, { origin: "sgi", at: momentOf(event), sender: event.vcpu, vcpu: event.target, result: 1 });
  }

  /** The ITS said which LPI a message is. */
  translated({ seq, atNs, eventId, intid, vcpu, result }: TranslationEvent): void {
    const { causes, wiring, lines } = this.book;
    const raise = causes.ofTranslation(eventId);
    if (raise !== undefined) raise.arrived = true;
    const irqchip = raise?.irqchip ?? wiring.irqchips[0]?.name;
    const line = irqchip === undefined || intid === undefined ? undefined : lines.ofIntid(irqchip, intid, vcpu ?? 0);
    const sent: Sent = { origin: "message", raise, at: raise?.at ?? { seq, atNs }, vcpu, result };
    if (line === undefined) this.ignored(undefined, sent);
    else this.arrive(line, sent);
  }

  /** A signal of which no arrival was seen before the machine went on. */
  unmet(raise: Raise): void {
    const { message, irqchip, edge, at, result, gsi } = raise;
    const sent: Sent = { origin: message !== undefined ? "message" : edge ? "edge" : "line", raise, at, result };
    // A frame of GICv2m, or GICD_SETSPI_NSR: the message is the INTID (Arm IHI 0069, GICD_SETSPI_NSR, bits 9:0).
    const intid = message === undefined ? -1 : message.data & 0x3ff;
    const named = irqchip !== undefined && intid >= FIRST_SPI && intid <= LAST_SPI;
    const line = named ? this.book.lines.ofIntid(irqchip, intid, 0) : undefined;
    if (line !== undefined) return this.arrive(line, sent);
    if (result < 0) return this.ignored(undefined, sent);
    if (result > 0 || gsi === undefined) return;
    const same = this.book.lines.all.find((other) => other.gsi === gsi && (other.pending ?? other.active) !== undefined);
    const journey = same?.pending ?? same?.active;
    if (journey !== undefined) journey.merged++;
  }

  /** A level went down before anybody took it; an edge would have been latched. */
  isWithdrawn({ pending, edge, level }: InterruptLine): boolean {
    const byLevel = pending?.origin === "line" || pending?.origin === "private-line" || pending?.origin === "held";
    return byLevel && edge !== true && !level && pending.steps.lower !== undefined;
  }

  /** An interrupt's input got a signal. */
  private arrive(line: InterruptLine, sent: Sent): void {
    const { pending, active } = line;
    const { result, origin } = sent;
    if (result < 0) return this.ignored(line, sent);
    if (pending !== undefined && !(result > 0 && this.isWithdrawn(line))) return void pending.merged++;
    if (result === 0 && active !== undefined) return void active.merged++;
    if (result === 0 && origin === "message") return this.ignored(line, sent);
    if (pending !== undefined) this.book.tell(pending, "withdrawn");
    line.pending = beginJourney(line, this.book.nextNumber(), sent);
    this.book.vcpuLines.mayRaise(line.pending);
    this.book.listener.began?.(line.pending);
  }

  private ignored(line: InterruptLine | undefined, sent: Sent): void {
    this.book.tell(beginJourney(line, this.book.nextNumber(), sent), "ignored");
  }

  private lowered(line: InterruptLine, at: Moment): void {
    line.level = false;
    for (const journey of [this.book.endingOf(line), line.active, line.pending]) if (journey !== undefined) journey.steps.lower ??= at;
  }

  /** A vCPU tells all chips of its private lines; those without INTIDs beside one that has them do not listen. */
  private takesPrivateLines(irqchip: string): boolean {
    const { wiring } = this.book;
    return wiring.hasIntids(irqchip) || !wiring.irqchips.some(({ name }) => wiring.hasIntids(name));
  }
}
