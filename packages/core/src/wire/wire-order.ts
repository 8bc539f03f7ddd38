/**
 * The one order of everything that happens in a machine: sequence numbers, nesting, and the boundary.
 *
 * All wires of a machine share one `WireOrder`. An emission takes its number before its owner runs. When the *outermost*
 * emission ends, three things happen, in this order: deferred evaluations run (an irqchip recomputes its vCPU lines,
 * once, however many pins changed), then the taps see the completed events in the order of their numbers, so a cause is
 * always seen before its effects. See docs/adr/0001-wires.md and 0002-latch-and-evaluate.md.
 *
 * Hot: `depth`, `sequence` and `busy` are touched by every emission. Nothing here allocates unless somebody taps.
 */
import type { Subscriber } from "rxjs";
import { InvariantError, messageOf, TapError, type TraplineError } from "../errors.ts";

/** An emission nested deeper than this is a cycle of wires, not a machine. */
export const MAX_DEPTH = 128;
/** MAX_DEPTH for this module: V8 compiles in a constant that is not exported, and looks up one that is. */
const DEEPEST = MAX_DEPTH;
/** Events that may wait for the outermost emission to end; more are dropped, counted and reported. */
export const MAX_QUEUED_EVENTS = 65_536;
/** Evaluations that one boundary may run before it is declared endless. */
export const MAX_BOUNDARY_STEPS = 1_000_000;
/** Bits of `work`: somebody waits to be evaluated; others do as well; there are events to deliver, or taps to complete. */
const ONE = 1;
const MORE = 2;
const EVENTS = 4;
/** Places whose memory is kept between boundaries. */
const KEPT_PLACES = 256;

/** What all events have; the payload is up to the wire. */
export interface WireEvent {
  /** Place in the machine's one order, from 1; taken whether or not anybody watches, so it does not depend on who does. */
  readonly seq: number;
  /** Machine time at which the emission began, in nanoseconds since power-on. */
  readonly atNs: number;
  /** Tag of the union in trace/trace-event.ts. */
  readonly kind: string;
}

/** Something to evaluate once at the next boundary; {@link WireOrder.defer} keeps it from being queued twice. */
export interface Deferred {
  /** Set by the order while queued; start with false. */
  deferred: boolean;
  evaluate(): void;
}

/** A wire as the order knows it: enough to watch it without knowing what it carries. */
export interface WatchableWire {
  readonly name: string;
  watch(tap: Subscriber<unknown>): void;
  unwatch(tap: Subscriber<unknown>): void;
  complete(): void;
}

/** What an evaluation threw; an object, since anything may be thrown, undefined too. */
interface Failure {
  readonly cause: unknown;
}

export class WireOrder {
  /** Emissions that have begun and not ended. */
  depth = 0;
  /** The number most recently taken. */
  sequence = 0;
  /** What `settle` has to do at the boundary: ONE, MORE, EVENTS; 0 for nothing. */
  private work = 0;
  private readonly now: () => number;
  private readonly report: (error: TraplineError) => void;
  private readonly wires = new Set<WatchableWire>();
  private readonly watchers = new Set<Subscriber<unknown>>();
  /**
   * The queue, as two arrays that are kept and overwritten: a place costs no object. An event stays undefined while its
   * owner runs, and for good if the owner threw: what was not completed is not shown. The taps are those at the time the
   * number was taken, so who subscribes later sees later events only.
   */
  private readonly events: (WireEvent | undefined)[] = [];
  private readonly tapsOf: (readonly Subscriber<unknown>[])[] = [];
  private queued = 0;
  /** Who waits for the boundary first (with ONE), and those after it; the array is kept, so that waiting allocates nothing. */
  private first: Deferred | undefined = undefined;
  private readonly others: Deferred[] = [];
  private otherCount = 0;
  private delivering = false;
  /** Taps of wires that completed while events were under way. */
  private readonly endings: Subscriber<unknown>[] = [];
  private lostEvents = 0;
  private closed = false;

  /**
   * @param now machine time in nanoseconds; read only for events somebody sees
   * @param report where failing taps and lost events go (`machine.errors$`)
   */
  constructor(now: () => number = () => 0, report: (error: TraplineError) => void = () => {}) {
    this.now = now;
    this.report = report;
  }

  /** True when the boundary has work to do. */
  get busy(): boolean {
    return this.work !== 0;
  }

  /** Runs `task.evaluate()` once when the outermost emission ends; at once when nothing is being emitted. */
  defer(task: Deferred): void {
    if (task.deferred) return;
    task.deferred = true;
    if (this.work !== 0 || this.depth === 0) return this.deferAlso(task);
    this.first = task;
    this.work = ONE;
  }

  /** An emission begins and takes its number; false, and nothing done, when it would be nested too deep. */
  begin(): boolean {
    if (this.depth >= DEEPEST) return false;
    this.sequence++;
    this.depth++;
    return true;
  }

  /** As `begin`, for who has looked that `depth`, which is the order's, is below MAX_DEPTH: small enough (27 bytes of bytecode) for V8 to inline always. */
  beginAt(depth: number): void {
    this.sequence++;
    this.depth = depth + 1;
  }

  /** As `endAnswered`, for who kept `depth` from before `begin` and so need not read back what was just written. */
  endAt(depth: number): void {
    this.depth = depth;
    if (depth === 0 && this.work !== 0) this.settle();
  }

  /** The owner answered: the emission is over. After an exception it is `endFailed`. */
  endAnswered(): void {
    if (--this.depth === 0 && this.work !== 0) this.settle();
  }

  /**
   * Called by the wire whose emission was outermost. @throws what an evaluation threw, after the others ran and the taps saw
   * what led there.
   */
  settle(): void {
    // Nearly every boundary: one chip evaluates and nobody watches. Told apart, it costs half of what the loops below do.
    if (this.work !== ONE) return this.settleAll(0, undefined);
    const task = this.first!;
    task.deferred = false;
    this.work = 0;
    this.depth = 1; // what an evaluation emits is part of this boundary, not a boundary of its own
    try {
      task.evaluate();
    } catch (cause) {
      this.depth = 0;
      return this.settleAll(1, { cause });
    }
    this.depth = 0;
    if (this.work !== 0) this.settleAll(1, undefined);
  }

  /** Called by a wire whose owner threw. The emitter gets that exception; one that follows from it is only reported. */
  endFailed(): void {
    if (--this.depth > 0 || this.work === 0) return;
    try {
      this.settle();
    } catch (cause) {
      this.evaluationFailed(cause);
    }
  }

  /** Completes a tap, now or when what was emitted before has been shown to it. */
  end(tap: Subscriber<unknown>): void {
    if (this.depth > 0 || this.delivering) {
      this.endings.push(tap);
      this.work |= EVENTS;
    } else {
      this.complete(tap);
    }
  }

  /** Takes a place in the queue before the owner runs, so that nested events line up behind their cause; −1 when it is full. */
  reserve(taps: readonly Subscriber<unknown>[]): number {
    const place = this.queued;
    if (place >= MAX_QUEUED_EVENTS) {
      this.lostEvents++;
      return -1;
    }
    this.events[place] = undefined;
    this.tapsOf[place] = taps;
    this.queued = place + 1;
    this.work |= EVENTS;
    return place;
  }

  /** Fills a place taken with `reserve`. Frozen when several taps share it; a single tap can only fool itself, and freezing costs 45 ns. */
  fill(place: number, event: WireEvent): void {
    this.events[place] = this.tapsOf[place]!.length > 1 ? Object.freeze(event) : event;
  }

  nowNs(): number {
    return this.now();
  }

  /** A tap of `wire` failed: the wire has unsubscribed it, the machine hears of it. */
  tapFailed(wire: string, cause: unknown): void {
    this.report(
      new TapError(`a tap of ${wire} threw and was unsubscribed: ${messageOf(cause)}`, {
        subject: wire,
        remedy: "catch inside the subscriber; the machine and the other taps go on",
        cause,
      }),
    );
  }

  /** An event of `wire` could not be built: watching must not change what the emitter gets. */
  undescribed(wire: string, cause: unknown): void {
    this.report(
      new TapError(`an event of ${wire} could not be described and was not shown: ${messageOf(cause)}`, {
        subject: wire,
        remedy: "correct `describe` of the wire, or what it asks of the device",
        cause,
      }),
    );
  }

  tooDeep(wire: string): InvariantError {
    return new InvariantError(`${wire} is nested ${MAX_DEPTH} emissions deep`, {
      subject: wire,
      value: this.depth,
      limit: MAX_DEPTH,
      remedy: "look for owners that emit to each other in a circle",
    });
  }

  /** Makes a wire known to those who watch all of them (`machine.trace$`). */
  register(wire: WatchableWire): void {
    this.wires.add(wire);
    for (const tap of this.watchers) wire.watch(tap);
  }

  unregister(wire: WatchableWire): void {
    this.wires.delete(wire);
  }

  /** Taps every wire there is and every wire to come; completes at once when the order is closed. Returns the undo. */
  watchAll(tap: Subscriber<unknown>): () => void {
    if (this.closed) tap.complete();
    else this.watchers.add(tap);
    for (const wire of this.wires) wire.watch(tap);
    return () => {
      this.watchers.delete(tap);
      for (const wire of this.wires) wire.unwatch(tap);
    };
  }

  /** Ends everything: wires still open complete, and so do those who watch all of them. */
  close(): void {
    this.closed = true;
    for (const tap of [...this.watchers]) this.end(tap);
    this.watchers.clear();
    for (const wire of [...this.wires]) wire.complete();
  }

  /** As `defer`, where something waits for the boundary already, or the boundary is now. */
  private deferAlso(task: Deferred): void {
    if ((this.work & ONE) === 0) this.first = task;
    else this.others[this.otherCount++] = task;
    this.work |= (this.work & ONE) === 0 ? ONE : MORE;
    if (this.depth === 0) this.settle();
  }

  /** The boundary as a whole. @param steps evaluations that ran already, and `failure` what became of them */
  private settleAll(steps: number, before: Failure | undefined): void {
    const failure = (this.work & ONE) === 0 ? before : this.evaluateAll(steps, before);
    if (!this.delivering && (this.queued > 0 || this.endings.length > 0)) this.deliver();
    if (this.queued === 0 && this.endings.length === 0) this.work &= ~EVENTS; // otherwise a delivery under way comes to them
    if (failure !== undefined) throw failure.cause;
  }

  /** Runs what waits, all of it: one chip's bug is no reason to leave another's lines as they were. Returns the first failure. */
  private evaluateAll(steps: number, before: Failure | undefined): Failure | undefined {
    this.depth = 1; // as in settle
    let failure = this.evaluate(this.first!, before);
    // The count is read each time: an evaluation may ask for another (a cascaded irqchip, say).
    let next = 0;
    for (; next < this.otherCount && steps + 1 + next < MAX_BOUNDARY_STEPS; next++) failure = this.evaluate(this.others[next]!, failure);
    if (next < this.otherCount) failure ??= { cause: this.endless() };
    for (; next < this.otherCount; next++) this.others[next]!.deferred = false;
    if (this.otherCount > KEPT_PLACES) this.others.length = KEPT_PLACES;
    this.otherCount = 0;
    this.work &= EVENTS;
    this.depth = 0;
    return failure;
  }

  private evaluate(task: Deferred, before: Failure | undefined): Failure | undefined {
    task.deferred = false;
    try {
      task.evaluate();
      return before;
    } catch (cause) {
      if (before === undefined) return { cause };
      this.evaluationFailed(cause);
      return before;
    }
  }

  private deliver(): void {
    this.delivering = true;
    try {
      // The count is read each time: a tap may emit, and what it emits is seen after what caused it. A tap that emits
      // whenever it is told of its own effect fills the queue and then loses events: it cannot keep us here.
      let i = 0;
      do {
        for (; i < this.queued; i++) {
          const event = this.events[i];
          if (event === undefined) continue;
          this.events[i] = undefined; // keeps no event alive
          const taps = this.tapsOf[i]!;
          for (let t = 0; t < taps.length; t++) {
            try {
              taps[t]!.next(event);
            } catch (cause) {
              this.expel(taps[t]!, event.kind, cause);
            }
          }
        }
        const tap = this.endings.shift();
        if (tap !== undefined) this.complete(tap);
      } while (i < this.queued || this.endings.length > 0);
    } finally {
      if (this.queued > KEPT_PLACES) this.events.length = this.tapsOf.length = KEPT_PLACES; // a burst's memory is given back
      this.queued = 0;
      this.delivering = false;
      if (this.lostEvents > 0) this.reportLost();
    }
  }

  private complete(tap: Subscriber<unknown>): void {
    try {
      tap.complete();
    } catch (cause) {
      this.expel(tap, "a wire that ended", cause);
    }
  }

  /** A tap that no guard stands before: an operator whose teardown throws, a subscriber of another copy of rxjs. */
  private expel(tap: Subscriber<unknown>, wire: string, cause: unknown): void {
    this.tapFailed(wire, cause);
    try {
      tap.unsubscribe();
    } catch (second) {
      this.tapFailed(wire, second);
    }
  }

  private reportLost(): void {
    const lost = this.lostEvents;
    this.lostEvents = 0;
    this.report(
      new TapError(`${lost} events were not shown to taps: one emission caused more than ${MAX_QUEUED_EVENTS}`, {
        value: lost,
        limit: MAX_QUEUED_EVENTS,
        remedy: "tap fewer wires, or let the owner do its work in smaller steps",
      }),
    );
  }

  /** An exception that has no caller to go to, because an earlier one is on its way there. */
  private evaluationFailed(cause: unknown): void {
    this.report(
      new InvariantError(`an evaluation threw after something else had failed: ${messageOf(cause)}`, {
        remedy: "look at the first failure first",
        cause,
      }),
    );
  }

  private endless(): InvariantError {
    return new InvariantError(`a boundary did not end after ${MAX_BOUNDARY_STEPS} evaluations`, {
      limit: MAX_BOUNDARY_STEPS,
      remedy: "look for a feedback loop: an evaluation that asks for itself again whenever it runs",
    });
  }
}
