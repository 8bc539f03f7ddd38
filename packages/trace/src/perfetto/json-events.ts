/**
 * The trace-event format that Perfetto and chrome://tracing read (Google, "Trace Event Format", JSON Object Format), as far as it is used
 * here, written so that the file is whole at any moment. Times are microseconds with three decimals: nanoseconds, exactly. With the unit
 * "ns" chrome://tracing compares them as such; otherwise all that happens in one microsecond would lie inside its first slice. Perfetto
 * takes the unit for a mere wish (importers/json of its trace processor).
 *
 * Events may stand in any order but for those of one track at one time: there a slice comes before those inside it.
 */
import { ClosedText, type TraceOutput } from "../trace-output.ts";

/** A process and a thread of the format: whatever has a row in the picture. */
export interface Track {
  readonly pid: number;
  readonly tid: number;
}

export type Args = Readonly<Record<string, string | number | boolean | undefined>>;

/** Phases: X a slice, i an instant, C a counter, s t f the arrows of a flow, M metadata. */
type Phase = "X" | "i" | "C" | "s" | "t" | "f" | "M";

export class JsonEvents {
  private readonly text: ClosedText;
  private first = true;

  constructor(output: TraceOutput) {
    this.text = new ClosedText(output, "\n]}\n");
    this.text.add('{"displayTimeUnit":"ns","traceEvents":[');
  }

  /** A slice of at least a nanosecond: shorter ones have no inside that an arrow could lead to. */
  slice(track: Track, name: string, category: string, startNs: number, endNs: number, args: Args = {}): void {
    this.add("X", track, { name, cat: category, ts: startNs, dur: Math.max(1, endNs - startNs), args });
  }

  /** A mark on one track, or on all of them. */
  instant(track: Track, name: string, category: string, atNs: number, scope: "t" | "g" = "t", args: Args = {}): void {
    this.add("i", track, { name, cat: category, ts: atNs, s: scope, args });
  }

  counter(pid: number, name: string, atNs: number, values: Readonly<Record<string, number>>): void {
    this.add("C", { pid, tid: 0 }, { name, ts: atNs, args: values });
  }

  /** One point of an arrow from slice to slice; each binds to the slice of its track that is open then. */
  flow(phase: "s" | "t" | "f", track: Track, id: number, atNs: number): void {
    this.add(phase, track, { name: "interrupt", cat: "flow", id, ts: atNs, ...(phase === "f" ? { bp: "e" } : {}) });
  }

  metadata(track: Track, name: "process_name" | "process_sort_index" | "thread_name" | "thread_sort_index", value: string | number): void {
    this.add("M", track, { name, args: typeof value === "string" ? { name: value } : { sort_index: value } });
  }

  flush(): void {
    this.text.flush();
  }

  end(): void {
    this.text.end();
  }

  private add(
    ph: Phase,
    { pid, tid }: Track,
    { ts, dur, ...rest }: { readonly ts?: number; readonly dur?: number; readonly [key: string]: unknown },
  ): void {
    const head = `{"ph":"${ph}","pid":${pid},"tid":${tid}${ts === undefined ? "" : `,"ts":${micros(ts)}`}${dur === undefined ? "" : `,"dur":${micros(dur)}`}`;
    this.text.add(`${this.first ? "" : ","}\n${head},${ascii(JSON.stringify(rest)).slice(1)}`);
    this.first = false;
  }
}

/** Nanoseconds as microseconds, without a detour over fractions. */
function micros(ns: number): string {
  const whole = Math.floor(ns / 1000);
  const rest = ns - whole * 1000;
  return rest === 0 ? String(whole) : `${whole}.${String(rest).padStart(3, "0")}`;
}

/** JSON with nothing but ASCII in it, so that its length is its size. */
const ascii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
