/**
 * A trace as a picture for Perfetto (https://ui.perfetto.dev) or chrome://tracing: give it the events in order. Rows: interrupts, vCPUs
 * (exits, lines, handlers), eventfds, sources, pins; arrows follow each interrupt; counters tell how many wait and are handled.
 *
 * The file is whole after every piece that is written; what is under way then is not in it yet. Memory: the rows, and interrupts under way.
 */
import type { TraceEvent, WireEvent } from "@trapline/core";
import type { Journey } from "../journey/journey.ts";
import { JourneyTracker } from "../journey/journey-tracker.ts";
import { SteadyTime } from "../steady-time.ts";
import type { TraceOutput } from "../trace-output.ts";
import type { WiringEvent } from "../wiring.ts";
import { ExitSlices } from "./exit-slices.ts";
import { JourneySlices } from "./journey-slices.ts";
import { JsonEvents } from "./json-events.ts";
import { Tracks } from "./tracks.ts";

export class PerfettoWriter {
  private readonly events: JsonEvents;
  private readonly time = new SteadyTime();
  private readonly tracker: JourneyTracker;
  private readonly tracks: Tracks;
  private readonly exits: ExitSlices;
  private readonly interrupts: JourneySlices;
  private readonly waiting = new Set<Journey>();
  private readonly active = new Set<Journey>();
  /** What was counted last, and when. */
  private counted = { waiting: 0, handled: 0 };
  private countedNs = 0;

  /** @param wiring of the machine, where the trace does not begin with it */
  constructor(output: TraceOutput, wiring?: WiringEvent) {
    this.events = new JsonEvents(output);
    this.tracks = new Tracks(this.events, () => this.tracker.wiring.machine);
    this.exits = new ExitSlices(this.events, this.tracks, this.time);
    this.interrupts = new JourneySlices(this.events, this.tracks, this.time);
    this.tracker = new JourneyTracker(
      {
        began: (journey) => void this.waiting.add(journey),
        acknowledged: (journey) => void (this.waiting.delete(journey), this.active.add(journey)),
        done: (journey) => this.forget(journey),
        joined: (journey) => this.forget(journey),
        ended: (journey) => {
          this.forget(journey);
          this.interrupts.journey(journey, this.tracker.wiring);
        },
        spurious: (vcpu, { atNs }) => this.spurious(vcpu, atNs),
      },
      wiring,
    );
  }

  next(given: WireEvent): void {
    const event = given as TraceEvent;
    const nowNs = this.time.at(event.atNs);
    if (nowNs > this.countedNs) this.count();
    this.tracker.next(event);
    switch (event.kind) {
      case "exit":
        return this.exits.exit(event);
      case "access":
      case "sysreg":
        return this.exits.reached(event);
      case "doorbell":
        return this.exits.rang(event);
      case "vcpu-line":
        if (event.level) this.exits.woke(event.vcpu);
        return this.interrupts.wire(event, this.tracker.wiring);
      case "gsi":
      case "pin":
      case "signal":
        return this.interrupts.wire(event, this.tracker.wiring);
      case "machine":
        return this.events.instant(this.tracks.of("vCPUs", "machine", -1), `machine ${event.what}`, "machine", nowNs, "g", {
          reset: event.reset,
        });
      default:
        return;
    }
  }

  /** Writes what was collected: the file is then whole. */
  flush(): void {
    this.events.flush();
  }

  /** The trace is over: what is under way is written as it stands. */
  finish(): void {
    this.tracker.finish();
    this.exits.end();
    this.interrupts.end();
    this.count();
    this.events.end();
  }

  private forget(journey: Journey): void {
    this.waiting.delete(journey);
    this.active.delete(journey);
  }

  private count(): void {
    const now = { waiting: this.waiting.size, handled: this.active.size };
    const changed = now.waiting !== this.counted.waiting || now.handled !== this.counted.handled;
    if (changed) this.events.counter(this.tracks.process("interrupts"), "interrupts", this.countedNs, now);
    this.counted = now;
    this.countedNs = this.time.nowNs;
  }

  private spurious(vcpu: number, atNs: number): void {
    if (vcpu >= 0)
      this.events.instant(this.tracks.of("vCPUs", `vcpu${vcpu} handles`, 10 * vcpu + 3), "spurious", "handler", this.time.of(atNs));
  }
}
