/**
 * Interrupts as slices: from raise to end on a row of its own, with the time it waited and the time it was active inside, again on the row
 * of the vCPU that handled it, and arrows that follow it from its source over the pin to there.
 */
import type { TraceEvent } from "@trapline/core";
import { beginningOf, endOf, type Journey } from "../journey/journey.ts";
import { journeyName, sourceText } from "../report/journey-text.ts";
import type { SteadyTime } from "../steady-time.ts";
import type { Wiring } from "../wiring.ts";
import type { JsonEvents, Track } from "./json-events.ts";
import { LevelSlices } from "./level-slices.ts";
import { SliceLanes } from "./slice-lanes.ts";
import type { Tracks } from "./tracks.ts";

/** A point an arrow goes through: a moment of a row, and the slice it has to be in. */
interface Point {
  readonly track: Track;
  readonly atNs: number;
  readonly startNs: number;
  readonly endNs: number;
}

export class JourneySlices {
  private readonly events: JsonEvents;
  private readonly tracks: Tracks;
  private readonly time: SteadyTime;
  private readonly wires = new Map<Track, LevelSlices>();
  private readonly lanes = new Map<string, SliceLanes>();

  constructor(events: JsonEvents, tracks: Tracks, time: SteadyTime) {
    this.events = events;
    this.tracks = tracks;
    this.time = time;
  }

  /** A GSI, a pin, a private line or an eventfd did something. */
  wire(event: TraceEvent, wiring: Wiring): void {
    const { nowNs } = this.time;
    if (event.kind === "gsi") this.drive(this.gsiTrack(event.gsi, wiring), event.signal, nowNs, { result: event.result, seq: event.seq });
    else if (event.kind === "pin")
      this.drive(this.pinTrack(event.irqchip, event.pin, wiring), event.signal, nowNs, { result: event.result, seq: event.seq });
    else if (event.kind === "signal")
      this.drive(this.eventFdTrack(event.eventFd), "pulse", nowNs, { value: String(event.value), seq: event.seq });
    else if (event.kind === "vcpu-line")
      this.drive(
        this.tracks.of("vCPUs", `vcpu${event.vcpu} ${event.line.toUpperCase()}`, 10 * event.vcpu + (event.line === "irq" ? 1 : 2)),
        event.level ? "high" : "low",
        nowNs,
        { seq: event.seq },
      );
  }

  journey(journey: Journey, wiring: Wiring): void {
    const { steps, outcome, number } = journey;
    const startNs = this.time.of(beginningOf(journey).atNs);
    const end = endOf(journey);
    const endNs = Math.max(startNs + 1, end === undefined ? this.time.nowNs : this.time.of(end.atNs));
    const takenNs = steps.acknowledge === undefined ? undefined : this.time.of(steps.acknowledge.atNs);
    const name = journeyName(journey);
    const points: Point[] = this.wirePoints(journey, wiring);
    const own = this.place("interrupts", name, 10 * (journey.intid ?? 0x100_0000), startNs, endNs);
    if (own !== undefined) {
      const args = {
        number,
        outcome,
        source: sourceText(journey, wiring),
        merged: journey.merged,
        vcpu: journey.vcpu,
        priority: journey.priority,
      };
      this.events.slice(own.track, outcome === "completed" ? name : `${name}: ${outcome}`, "interrupt", own.startNs, endNs, args);
      if (takenNs !== undefined && takenNs > own.startNs)
        this.events.slice(own.track, "waiting", "interrupt", own.startNs, Math.min(takenNs, endNs));
      if (takenNs !== undefined && takenNs >= own.startNs && takenNs + 1 < endNs)
        this.events.slice(own.track, "active", "interrupt", takenNs, endNs);
      points.push({ track: own.track, atNs: startNs, startNs: own.startNs, endNs });
    }
    if (takenNs !== undefined && journey.vcpu !== undefined) {
      const until = Math.max(takenNs + 1, steps.endOfInterrupt === undefined ? endNs : this.time.of(steps.endOfInterrupt.atNs));
      const handler = this.place("vCPUs", `vcpu${journey.vcpu} handles`, 10 * journey.vcpu + 3, takenNs, until);
      if (handler !== undefined) {
        this.events.slice(handler.track, name, "handler", handler.startNs, until, { number, priority: journey.priority });
        points.push({ track: handler.track, atNs: takenNs, startNs: handler.startNs, endNs: until });
      }
    }
    this.arrow(number, points);
  }

  end(): void {
    for (const wire of this.wires.values()) wire.end(this.time.nowNs);
  }

  /** Eventfd, GSI and pin: where the signal came by, before it was an interrupt. */
  private wirePoints({ steps, eventFd, gsi, irqchip, pin, origin }: Journey, wiring: Wiring): Point[] {
    const at = (track: Track, atNs: number): Point => ({ track, atNs: this.time.of(atNs), startNs: -Infinity, endNs: Infinity });
    if (steps.raise === undefined || origin === "held") return [];
    return [
      ...(steps.signal === undefined || eventFd === undefined ? [] : [at(this.eventFdTrack(eventFd), steps.signal.atNs)]),
      ...(gsi === undefined ? [] : [at(this.gsiTrack(gsi, wiring), steps.raise.atNs)]),
      ...(steps.pin === undefined || irqchip === undefined || pin === undefined
        ? []
        : [at(this.pinTrack(irqchip, pin, wiring), steps.pin.atNs)]),
    ];
  }

  /** Arrows go forwards in time, each from inside a slice into one; a point that cannot is left out. */
  private arrow(id: number, points: readonly Point[]): void {
    let fromNs = -Infinity;
    const way = points.flatMap(({ track, atNs, startNs, endNs }) => {
      const pointNs = Math.min(Math.max(fromNs, atNs), endNs - 1);
      if (pointNs < fromNs || pointNs < startNs) return [];
      fromNs = pointNs;
      return [{ track, pointNs }];
    });
    if (way.length < 2) return;
    way.forEach(({ track, pointNs }, index) =>
      this.events.flow(index === 0 ? "s" : index === way.length - 1 ? "f" : "t", track, id, pointNs),
    );
  }

  private place(
    process: string,
    name: string,
    order: number,
    startNs: number,
    endNs: number,
  ): { readonly track: Track; readonly startNs: number } | undefined {
    const first = this.tracks.of(process, name, order);
    const key = `${first.pid}/${first.tid}`; // the shared row of what has none of its own, too
    let lanes = this.lanes.get(key);
    if (lanes === undefined) this.lanes.set(key, (lanes = new SliceLanes()));
    const placed = lanes.place(startNs, endNs);
    if (placed === undefined) return undefined;
    const track = placed.lane === 0 ? first : this.tracks.of(process, `${name} (${placed.lane + 1})`, order + placed.lane);
    return { track, startNs: placed.startNs };
  }

  private drive(track: Track, signal: "low" | "high" | "pulse", atNs: number, args: { readonly [key: string]: string | number }): void {
    let wire = this.wires.get(track);
    if (wire === undefined) this.wires.set(track, (wire = new LevelSlices(this.events, track)));
    if (signal === "low") wire.low(atNs);
    else wire[signal](signal, atNs, args);
  }

  private gsiTrack(gsi: number, wiring: Wiring): Track {
    const owners = wiring.ownersOf(gsi).map(({ owner }) => owner);
    return this.tracks.of("sources", `GSI ${gsi}${owners.length === 0 ? "" : `, ${owners.join(", ")}`}`, gsi);
  }

  private pinTrack(irqchip: string, pin: number, wiring: Wiring): Track {
    const wired = wiring.intidOf(irqchip, pin);
    return this.tracks.of(`irqchip ${irqchip}`, `pin ${pin}${wired === undefined ? "" : `, INTID ${wired.intid}`}`, pin);
  }

  private eventFdTrack(name: string): Track {
    return this.tracks.of("eventfds", name, 0);
  }
}
