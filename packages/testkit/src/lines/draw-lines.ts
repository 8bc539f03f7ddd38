/**
 * The way back from a trace to marbles: what each GSI, pin and vCPU line did, in the notation of `lineScript`, so that a test can
 * compare columns. A tick in which a line did several things is `*`: then a shorter tick tells more.
 */
import { ConfigError, type TraceEvent } from "@trapline/core";

/** How time becomes columns, nanoseconds. */
export interface DrawOptions {
  /** As in `lineScript`. Default 1000. */
  readonly tickNs?: number;
  /** Time of the first column. Default 0. */
  readonly fromNs?: number;
}

/** Columns of the longest drawing. */
export const MAX_COLUMNS = 10_000;

/**
 * By name ("GSI 1", "gic pin 1", "IRQ of vcpu0", "private line 27 of vcpu0"), in the order in which they first did something. A
 * line ends with what it did last.
 *
 * @throws ConfigError for a drawing of more than 10 000 columns
 *
 * @example
 * expect(drawLines(trace.events)).toEqual({ "GSI 1": "--h--l", "gic pin 1": "--h--l", "IRQ of vcpu0": "--h-l" });
 */
export function drawLines(events: Iterable<TraceEvent>, { tickNs = 1000, fromNs = 0 }: DrawOptions = {}): Readonly<Record<string, string>> {
  const rows = new Map<string, string[]>();
  for (const event of events) {
    const mark = markOf(event);
    const tick = Math.floor((event.atNs - fromNs) / tickNs);
    if (mark === undefined || tick < 0) continue;
    if (tick >= MAX_COLUMNS) {
      throw new ConfigError(`a drawing of ${tick + 1} columns`, {
        subject: "drawLines",
        value: tick + 1,
        limit: MAX_COLUMNS,
        remedy: "use a longer tick, or a later fromNs",
      });
    }
    const [name, character] = mark;
    const row = rows.get(name) ?? [];
    row[tick] = row[tick] === undefined ? character : "*";
    rows.set(name, row);
  }
  return Object.fromEntries([...rows].map(([name, row]) => [name, Array.from(row, (character) => character ?? "-").join("")]));
}

const CHARACTERS = { high: "h", low: "l", pulse: "p" } as const;
const level = (high: boolean): string => (high ? "h" : "l");

function markOf(event: TraceEvent): readonly [name: string, character: string] | undefined {
  switch (event.kind) {
    case "gsi":
      return [`GSI ${event.gsi}`, CHARACTERS[event.signal]];
    case "pin":
      return [`${event.irqchip} pin ${event.pin}`, CHARACTERS[event.signal]];
    case "vcpu-line":
      return [`${event.line.toUpperCase()} of vcpu${event.vcpu}`, level(event.level)];
    case "private-line":
      return [`private line ${event.intid} of vcpu${event.vcpu}`, level(event.level)];
    default:
      return undefined;
  }
}
