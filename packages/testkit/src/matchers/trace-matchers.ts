/** Expectations about what a TraceRecorder holds: `toHaveRaised` about lines, `toHaveSeen` about events of any kind. */
import { formatTrace, type TraceEvent } from "@trapline/core";
import type { TraceRecorder } from "../trace/trace-recorder.ts";
import { type MatcherAnswer, refuse } from "./answer.ts";

/** A line, by its place on the way of an interrupt. What is left out may be any. */
export type RaisedLine =
  | { readonly gsi: number }
  | { readonly pin: number; readonly irqchip?: string }
  /** An input of a vCPU. Default: either. */
  | { readonly vcpu: number; readonly line?: "irq" | "fiq" }
  /** A private line of a vCPU. */
  | { readonly intid: number; readonly vcpu?: number };

/** Any recorder; which kinds it records is its own business. */
// A recorder of some kinds is none of all kinds: `of` takes fewer. Only its events are looked at here.
export type AnyRecorder = Pick<TraceRecorder, "lost"> & { readonly events: readonly TraceEvent[] };

const MAX_SHOWN = 20;

/** Went high, or had an edge: `times` times, or at least once. */
export function toHaveRaised(recorder: AnyRecorder, what: RaisedLine, times: number | undefined): MatcherAnswer {
  checkRecorder("toHaveRaised", recorder);
  const isRise = risesOf(what);
  const rises = recorder.events.filter(isRise);
  return counted(
    recorder,
    rises,
    times,
    `${describeLine(what)} to rise`,
    recorder.events.filter((event) => isLineEvent(event)),
  );
}

/** Has an event with those fields, among others: `times` times, or at least once. */
export function toHaveSeen(
  recorder: AnyRecorder,
  matches: (event: TraceEvent) => boolean,
  wanted: object,
  times: number | undefined,
): MatcherAnswer {
  checkRecorder("toHaveSeen", recorder);
  const kind = (wanted as Partial<TraceEvent>).kind;
  const alike = kind === undefined ? recorder.events : recorder.events.filter((event) => event.kind === kind);
  return counted(recorder, recorder.events.filter(matches), times, `an event with ${JSON.stringify(wanted, bigintAsText)}`, alike);
}

function counted(
  recorder: AnyRecorder,
  found: readonly TraceEvent[],
  times: number | undefined,
  what: string,
  alike: readonly TraceEvent[],
): MatcherAnswer {
  const pass = times === undefined ? found.length > 0 : found.length === times;
  const wanted = times === undefined ? "" : times === 1 ? " once" : ` ${times} times`;
  const shown = alike.slice(0, MAX_SHOWN).map((event) => `  ${formatTrace(event)}`);
  if (alike.length > MAX_SHOWN) shown.push(`  … and ${alike.length - MAX_SHOWN} more`);
  const recorded =
    alike.length === 0 ? `nothing of the kind was recorded (${recorder.events.length} events in all)` : `recorded:\n${shown.join("\n")}`;
  const lost = recorder.lost === 0 ? "" : `\n${recorder.lost} events came when the recorder was full`;
  return {
    pass,
    message: () =>
      `expected ${what}${pass && times === undefined ? " never" : wanted}; it was seen ${found.length} times\n${recorded}${lost}`,
  };
}

function risesOf(what: RaisedLine): (event: TraceEvent) => boolean {
  if ("gsi" in what) return (event) => event.kind === "gsi" && event.gsi === what.gsi && event.signal !== "low";
  if ("pin" in what)
    return (event) =>
      event.kind === "pin" && event.pin === what.pin && event.signal !== "low" && (what.irqchip ?? event.irqchip) === event.irqchip;
  if ("intid" in what)
    return (event) =>
      event.kind === "private-line" && event.intid === what.intid && event.level && (what.vcpu ?? event.vcpu) === event.vcpu;
  return (event) => event.kind === "vcpu-line" && event.vcpu === what.vcpu && event.level && (what.line ?? event.line) === event.line;
}

function describeLine(what: RaisedLine): string {
  if ("gsi" in what) return `GSI ${what.gsi}`;
  if ("pin" in what) return `pin ${what.pin}${what.irqchip === undefined ? "" : ` of ${what.irqchip}`}`;
  if ("intid" in what) return `private line ${what.intid}${what.vcpu === undefined ? "" : ` of vCPU ${what.vcpu}`}`;
  return `${what.line?.toUpperCase() ?? "a line"} of vCPU ${what.vcpu}`;
}

function isLineEvent({ kind }: TraceEvent): boolean {
  return kind === "gsi" || kind === "pin" || kind === "vcpu-line" || kind === "private-line";
}

function checkRecorder(matcher: string, recorder: AnyRecorder): void {
  if (!Array.isArray((recorder as Partial<AnyRecorder> | null | undefined)?.events))
    refuse(matcher, "what recordTrace(machine) gives", recorder);
}

const bigintAsText = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `0x${value.toString(16)}` : value);
