/** `machine.trace$` and what to do with it: select, and write as JSON Lines. Costs nothing until subscribed. */
import { filter, type MonoTypeOperatorFunction, type Observable, type OperatorFunction } from "rxjs";
import { TapObservable } from "../wire/tap-observable.ts";
import type { WireEvent, WireOrder } from "../wire/wire-order.ts";
import type { TraceEvent, TraceEvents, TraceKind } from "./trace-event.ts";

/**
 * All events of all wires of one machine, present and future, in the order of their numbers. Hot and synchronous;
 * completes never by itself: unsubscribe, or close the machine.
 *
 * @param report told of a subscriber that threw
 */
export function traceOf(order: WireOrder, report: (cause: unknown) => void): Observable<TraceEvent> {
  return new TapObservable<TraceEvent>(report, (subscriber) => order.watchAll(subscriber as never));
}

/** Keeps the events of the given kinds, with their type: `trace$.pipe(ofKind("gsi", "pin"))`. */
export function ofKind<K extends TraceKind>(...kinds: readonly K[]): OperatorFunction<TraceEvent, TraceEvents[K]> {
  const wanted = new Set<string>(kinds);
  return filter((event): event is TraceEvents[K] => wanted.has(event.kind));
}

/** Keeps events from a moment of machine time on. */
export function since<T extends WireEvent>(atNs: number): MonoTypeOperatorFunction<T> {
  return filter((event) => event.atNs >= atNs);
}

/** One line of JSON, without the newline. 64-bit values above 2^53 − 1 are written as hexadecimal strings. */
export function toJsonLine(event: WireEvent): string {
  return JSON.stringify(event, (_key, value: unknown) => (typeof value === "bigint" ? `0x${value.toString(16)}` : value));
}
