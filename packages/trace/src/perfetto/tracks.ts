/**
 * The rows of the picture: a process of the format for each kind of thing (vCPUs, sources, chips, interrupts), a thread for each of them.
 * Made, and named in the file, when something first happens there. Bounded: MAX_TRACKS; what comes later shares one row.
 */
import type { JsonEvents, Track } from "./json-events.ts";

/** Rows with a name of their own. */
export const MAX_TRACKS = 8192;

/** Processes in the order in which they are shown. */
export const PROCESS = { interrupts: 1, vcpus: 2, eventFds: 3, sources: 4, chips: 5 } as const;

export class Tracks {
  private readonly events: JsonEvents;
  private readonly machine: () => string;
  private readonly tracks = new Map<string, Track>();
  private readonly processes = new Map<string, number>();

  constructor(events: JsonEvents, machine: () => string) {
    this.events = events;
    this.machine = machine;
  }

  /** The row of that name; its place among its neighbours is `order`. */
  of(process: string, name: string, order: number): Track {
    const key = `${process}\n${name}`;
    const known = this.tracks.get(key);
    if (known !== undefined) return known;
    const pid = this.process(process);
    const full = this.tracks.size >= MAX_TRACKS;
    const other = full ? this.tracks.get(`${process}\n${OTHERS}`) : undefined;
    if (other !== undefined) return other;
    const track = { pid, tid: this.tracks.size + 1 };
    this.tracks.set(full ? `${process}\n${OTHERS}` : key, track);
    this.events.metadata(track, "thread_name", full ? OTHERS : name);
    this.events.metadata(track, "thread_sort_index", full ? Number.MAX_SAFE_INTEGER : order);
    return track;
  }

  /** The number of a process. */
  process(name: string): number {
    const known = this.processes.get(name);
    if (known !== undefined) return known;
    const pid = name === "vCPUs" ? PROCESS.vcpus : (SHOWN[name] ?? PROCESS.chips + this.processes.size);
    this.processes.set(name, pid);
    this.events.metadata({ pid, tid: 0 }, "process_name", `${this.machine()}: ${name}`);
    this.events.metadata({ pid, tid: 0 }, "process_sort_index", pid);
    return pid;
  }
}

const OTHERS = "others";
const SHOWN: Readonly<Record<string, number>> = {
  interrupts: PROCESS.interrupts,
  vCPUs: PROCESS.vcpus,
  eventfds: PROCESS.eventFds,
  sources: PROCESS.sources,
};
