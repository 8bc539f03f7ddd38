/**
 * The event stream that CNTKCTL_EL1 derives from the virtual counter, for WFE (Arm ARM DDI 0487, D11.2.3 "Event streams"):
 * an event at each transition of one of the counter's bits 15:0, in one direction.
 *
 * Nobody sees an event but a WFE, and the counter tells at any time how many there were. So nothing runs while no vCPU
 * waits: a WFE asks whether there was an event since the one before, and only one that has to wait arms a clock timer.
 */
import type { Clock, ClockTimer, PlainData } from "@trapline/core";
import type { CounterRate } from "./counter-rate.ts";
import { type SavedFields, savedClockTimer } from "./saved-fields.ts";

// CNTKCTL_EL1.
const EVNTEN = 1 << 2;
const EVNTDIR = 1 << 3;
const EVNTI_SHIFT = 4;
const EVENT_FIELDS = 0xfc;

export class EventStream {
  /** The fields of CNTKCTL_EL1 that are about events. */
  private control = 0;
  /** The count up to which events were looked for. */
  private seenTicks = 0;
  /** There was an event under an earlier setting that nobody took. */
  private pending = false;
  private readonly clock: Clock;
  private readonly rate: CounterRate;
  private readonly timer: ClockTimer;

  constructor(name: string, clock: Clock, rate: CounterRate, onEvent: () => void) {
    this.clock = clock;
    this.rate = rate;
    this.timer = clock.timer(name, () => {
      this.take();
      onEvent();
    });
  }

  /** CNTKCTL_EL1 was written, by a vCPU that therefore does not wait. */
  configure(cntkctl: number): void {
    const count = this.count();
    this.pending = this.pending || this.eventsUpTo(count) > this.eventsUpTo(this.seenTicks);
    this.seenTicks = count;
    this.control = cntkctl & EVENT_FIELDS;
  }

  /** Was there an event since the last call? For WFE, which takes the event with it, like the event register. */
  take(): boolean {
    const count = this.count();
    const event = this.pending || this.eventsUpTo(count) > this.eventsUpTo(this.seenTicks);
    this.pending = false;
    this.seenTicks = count;
    return event;
  }

  /** A WFE waits: `onEvent` is called at the next event, which thereby is taken. Does nothing while the stream is off. */
  waitForEvent(): void {
    if ((this.control & EVNTEN) === 0) return;
    const period = this.periodTicks();
    const first = this.firstTicks();
    const count = this.count();
    const next = count < first ? first : first + (Math.floor((count - first) / period) + 1) * period;
    this.timer.armAt(this.rate.nsOf(next));
  }

  /** The wait ended otherwise. */
  stopWaiting(): void {
    this.timer.disarm();
  }

  reset(): void {
    this.control = 0;
    this.pending = false;
    this.seenTicks = this.count();
    this.timer.disarm();
  }

  save(): PlainData {
    return { control: this.control, seenTicks: this.seenTicks, pending: this.pending, timer: this.timer.save() };
  }

  /** Reads what `save` gave and returns what takes it over. */
  restoring(saved: SavedFields): () => void {
    const control = saved.whole("control", EVENT_FIELDS);
    const seenTicks = saved.whole("seenTicks", Number.MAX_SAFE_INTEGER);
    const pending = saved.flag("pending");
    const timer = savedClockTimer(saved, "timer");
    return () => {
      this.control = control & EVENT_FIELDS;
      this.seenTicks = seenTicks;
      this.pending = pending;
      this.timer.restore(timer);
    };
  }

  /** Events from power-on up to and including `count`. */
  private eventsUpTo(count: number): number {
    if ((this.control & EVNTEN) === 0) return 0;
    const first = this.firstTicks();
    return count < first ? 0 : Math.floor((count - first) / this.periodTicks()) + 1;
  }

  private periodTicks(): number {
    return 2 << (this.control >> EVNTI_SHIFT);
  }

  /** The bit rises first halfway through its period, and falls first at the end of it. */
  private firstTicks(): number {
    return (this.control & EVNTDIR) === 0 ? this.periodTicks() / 2 : this.periodTicks();
  }

  private count(): number {
    return this.rate.ticksAt(this.clock.nowNs());
  }
}
