/**
 * Reads a trace-event file as its documentation says ("Trace Event Format": JSON Object Format, Complete, Instant, Counter, Flow and
 * Metadata Events; Perfetto's FAQ: slices of a thread nest perfectly), and finds what a viewer would drop. Knows nothing of the writer.
 */

export interface Event {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly name: string;
  readonly cat?: string;
  readonly id?: number;
  readonly s?: string;
  readonly bp?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Fields that each phase has to have, and their types; all have ph, pid and tid. */
const REQUIRED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  X: { name: "string", ts: "number", dur: "number" },
  i: { name: "string", ts: "number", s: "string" },
  C: { name: "string", ts: "number", args: "object" },
  s: { name: "string", cat: "string", id: "number", ts: "number" },
  t: { name: "string", cat: "string", id: "number", ts: "number" },
  f: { name: "string", cat: "string", id: "number", ts: "number", bp: "string" },
  M: { name: "string", args: "object" },
};
const METADATA: Readonly<Record<string, string>> = { process_name: "name", process_sort_index: "sort_index", thread_name: "name", thread_sort_index: "sort_index" };

/** Times are compared as whole nanoseconds. */
const ns = (micros: number): number => Math.round(micros * 1000);

/** A slice with its place: how deep it lies in its row. */
export interface Slice {
  readonly track: string;
  readonly name: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly depth: number;
  readonly args: Event["args"];
}

export interface Picture {
  readonly events: readonly Event[];
  /** By row, "process/thread", parents before children. */
  readonly slices: readonly Slice[];
  /** Each flow as the slices it goes through. */
  readonly flows: ReadonlyMap<number, readonly string[]>;
  /** What is wrong; empty for a good file. */
  readonly faults: readonly string[];
}

export function readPicture(json: string): Picture {
  const { displayTimeUnit, traceEvents: events } = JSON.parse(json) as { readonly displayTimeUnit: unknown; readonly traceEvents: readonly Event[] };
  const faults = events.flatMap((event) => schemaFaults(event));
  if (displayTimeUnit !== "ns") faults.push("times below a microsecond are rounded");
  const names = new Map<string, string>();
  for (const { ph, name, pid, tid, args } of events) if (ph === "M" && METADATA[name] === "name") names.set(name === "process_name" ? `${pid}` : `${pid}/${tid}`, String(args["name"]));
  const trackOf = ({ pid, tid }: Event): string => `${names.get(`${pid}`)}/${names.get(`${pid}/${tid}`)}`;
  for (const event of events) if (!["M", "C"].includes(event.ph) && trackOf(event).includes("undefined")) faults.push(`${event.name}: its row has no name`);
  const slices = nested(events.filter(({ ph }) => ph === "X"), trackOf, faults);
  return { events, slices, flows: flowsOf(events, trackOf, slices, faults), faults };
}

function schemaFaults(event: Event): string[] {
  const fields = REQUIRED[event.ph];
  if (fields === undefined) return [`no such phase: ${event.ph}`];
  const bad = Object.entries({ pid: "number", tid: "number", ...fields }).filter(([field, type]) => typeof event[field as keyof Event] !== type);
  const faults = bad.map(([field]) => `${event.ph} ${event.name}: ${field} is ${JSON.stringify(event[field as keyof Event])}`);
  if (event.ph === "M" && METADATA[event.name] === undefined) faults.push(`no such metadata: ${event.name}`);
  if (event.ph === "C" && !Object.values(event.args).every((value) => typeof value === "number")) faults.push(`${event.name}: a counter counts`);
  if (event.ph === "i" && !["g", "p", "t"].includes(event.s!)) faults.push(`${event.name}: scope ${event.s}`);
  if (event.ph === "X" && !(event.dur >= 0)) faults.push(`${event.name}: lasts ${event.dur}`);
  return faults;
}

/** As an importer does it: by time, those of one time in the order of the file, then a stack for each row. */
function nested(events: readonly Event[], trackOf: (event: Event) => string, faults: string[]): Slice[] {
  const stacks = new Map<string, Slice[]>();
  return [...events].sort((a, b) => ns(a.ts) - ns(b.ts)).map((event) => {
    const track = trackOf(event);
    const [startNs, endNs] = [ns(event.ts), ns(event.ts) + ns(event.dur)];
    const stack = stacks.get(track) ?? [];
    stacks.set(track, stack);
    while (stack.length > 0 && stack.at(-1)!.endNs <= startNs) stack.pop();
    const parent = stack.at(-1);
    if (parent !== undefined && endNs > parent.endNs) faults.push(`${track}: ${event.name} ${startNs}–${endNs} crosses ${parent.name} ${parent.startNs}–${parent.endNs}`);
    const slice = { track, name: event.name, startNs, endNs, depth: stack.length, args: event.args };
    stack.push(slice);
    return slice;
  });
}

/** A point of a flow binds to the innermost slice of its row that is open at its time. */
function flowsOf(events: readonly Event[], trackOf: (event: Event) => string, slices: readonly Slice[], faults: string[]): Map<number, string[]> {
  const flows = new Map<number, string[]>();
  const last = new Map<number, Event>();
  for (const event of events.filter(({ ph }) => ["s", "t", "f"].includes(ph))) {
    const { id, ph, ts } = event as Event & { id: number };
    const [track, atNs] = [trackOf(event), ns(ts)];
    const inside = slices.filter((slice) => slice.track === track && slice.startNs <= atNs && atNs < slice.endNs).sort((a, b) => b.depth - a.depth)[0];
    if (inside === undefined) faults.push(`flow ${id}: no slice of ${track} is open at ${atNs}`);
    const before = last.get(id);
    if ((ph === "s") !== (before === undefined)) faults.push(`flow ${id}: ${ph} after ${before?.ph}`);
    if (before !== undefined && (before.ph === "f" || ns(before.ts) > atNs)) faults.push(`flow ${id}: goes on after its end, or back in time`);
    last.set(id, event);
    flows.set(id, [...(flows.get(id) ?? []), `${track}: ${inside?.name}`]);
  }
  for (const [id, { ph }] of last) if (ph !== "f") faults.push(`flow ${id}: has no end`);
  return flows;
}
