/**
 * One wire as slices: high from here to there, or a pulse. Slices of a wire follow one another; where two begin in the same nanosecond the
 * later one stands for both. Each is written when the next begins, since only then it is known that nothing shortens it.
 */
import type { Args, JsonEvents, Track } from "./json-events.ts";

interface WireSlice {
  readonly name: string;
  readonly startNs: number;
  endNs: number;
  readonly args: Args;
}

export class LevelSlices {
  private readonly events: JsonEvents;
  private readonly track: Track;
  /** High, and since when. */
  private open: WireSlice | undefined;
  /** Over, and not yet written. */
  private done: WireSlice | undefined;

  constructor(events: JsonEvents, track: Track) {
    this.events = events;
    this.track = track;
  }

  high(name: string, atNs: number, args: Args): void {
    if (this.open !== undefined) return this.touch(atNs);
    this.open = { name, startNs: atNs, endNs: atNs + 1, args };
    this.retire(atNs);
  }

  low(atNs: number): void {
    const { open } = this;
    if (open === undefined) return;
    open.endNs = Math.max(open.endNs, atNs);
    this.done = open;
    this.open = undefined;
  }

  /** Up and down at once; on a wire that is high it cannot be seen. */
  pulse(name: string, atNs: number, args: Args): void {
    if (this.open !== undefined) return this.touch(atNs);
    this.high(name, atNs, args);
    this.low(atNs);
  }

  /** The picture ends. */
  end(atNs: number): void {
    this.low(atNs);
    this.retire(Infinity);
  }

  /** A signal on a wire that is high (irqfds send HIGH after HIGH): its arrow begins in the slice, which so lasts longer than that. */
  private touch(atNs: number): void {
    this.open!.endNs = atNs + 1;
  }

  private retire(nextNs: number): void {
    const { done } = this;
    this.done = undefined;
    if (done === undefined || done.startNs >= nextNs) return;
    this.events.slice(this.track, done.name, "wire", done.startNs, Math.min(done.endNs, nextNs), done.args);
  }
}
