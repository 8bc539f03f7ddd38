/**
 * What happened in a machine, kept to be looked at: the events of the kinds that were asked for, as data and as lines. Bounded: of
 * more than `limit` events the first ones are kept and the others counted, since the beginning of a story explains its end.
 */
import { formatTrace, ofKind, type TraceEvent, type TraceEvents, type TraceKind } from "@trapline/core";
import type { Observable, Subscription } from "rxjs";

/** Events kept unless said otherwise. */
export const RECORDED_EVENTS = 100_000;

/** A machine, or whatever else has a trace. */
export interface Traced {
  readonly trace$: Observable<TraceEvent>;
}

/** How much is kept. */
export interface RecordOptions {
  /** Most events that are kept, 1 and up. Default 100 000. */
  readonly limit?: number;
}

/** How events are written as lines. */
export interface LineOptions {
  /** With the number of each event in the machine's order, and its time. Default true. */
  readonly numbered?: boolean;
}

export class TraceRecorder<K extends TraceKind = TraceKind> {
  /** In the order of the machine. */
  readonly events: TraceEvents[K][] = [];
  /** Events that came when there was no more room. */
  lost = 0;
  private readonly limit: number;
  private readonly tap: Subscription;

  /** Use {@link recordTrace}. */
  constructor(source: Observable<TraceEvents[K]>, { limit = RECORDED_EVENTS }: RecordOptions = {}) {
    this.limit = limit;
    this.tap = source.subscribe((event) => {
      if (this.events.length < this.limit) this.events.push(event);
      else this.lost++;
    });
  }

  /** The events of those kinds alone, with their type. */
  of<W extends K>(...kinds: readonly W[]): readonly TraceEvents[W][] {
    return this.events.filter((event): event is TraceEvents[W] => (kinds as readonly string[]).includes(event.kind));
  }

  /** What came since the last call, and forgets it. */
  take(): readonly TraceEvents[K][] {
    return this.events.splice(0);
  }

  /** One line for each event, as people read it. */
  lines({ numbered = true }: LineOptions = {}): readonly string[] {
    const lines = this.events.map((event) => formatTrace(event));
    return numbered ? lines : lines.map((line) => line.replace(/^#\d+ +[\d.]+ µs {2}/, ""));
  }

  /** The lines as one text, with a last one for what was lost. */
  text(options: LineOptions = {}): string {
    return [...this.lines(options), ...(this.lost === 0 ? [] : [`… and ${this.lost} more`])].join("\n");
  }

  /** Stops watching: from now on the trace costs the machine nothing. What was recorded stays. */
  stop(): void {
    this.tap.unsubscribe();
  }
}

/**
 * Records from now on. Without kinds, everything.
 *
 * @example
 * const trace = recordTrace(machine, "pin", "vcpu-line");
 * await machine.run();
 * expect(trace.lines({ numbered: false })).toEqual(["gic pin 1 high", "gic drives IRQ of vcpu0 high"]);
 */
export function recordTrace<K extends TraceKind = TraceKind>(traced: Traced, ...kinds: readonly K[]): TraceRecorder<K> {
  return recordTraceWith<K>(traced, {}, ...kinds);
}

/** As `recordTrace`, with options. */
export function recordTraceWith<K extends TraceKind = TraceKind>(
  { trace$ }: Traced,
  options: RecordOptions,
  ...kinds: readonly K[]
): TraceRecorder<K> {
  return new TraceRecorder<K>(kinds.length === 0 ? (trace$ as Observable<TraceEvents[K]>) : trace$.pipe(ofKind(...kinds)), options);
}
