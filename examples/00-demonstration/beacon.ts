/**
 * A device that knows eventfds and no interrupt controller. It ticks once, and holds its interrupt until the guest writes STATUS: whenever
 * the guest has finished an interrupt, `resampled` asks it whether it still has something to report. And it sends a message.
 */
import {
  type Clock,
  type ClockTimer,
  compileRegisters,
  type EventFd,
  lo32,
  type PlainData,
  type RegisterBank,
  type SavedTimer,
  SnapshotError,
} from "@trapline/core";

const TICKED = 1;

export const beaconRegisters: RegisterBank<Beacon> = compileRegisters<Beacon>("BEACON", 0x1000, [
  { name: "TICK_AFTER", offset: 0x0, access: "WO", write: (device, value) => device.tickAfter(lo32(value)), note: "nanoseconds" },
  {
    name: "STATUS",
    offset: 0x4,
    access: "W1C",
    read: (device) => device.status,
    write: (device, value) => device.clear(lo32(value)),
    fields: { TICKED: 0 },
  },
  { name: "SEND_AFTER", offset: 0x8, access: "WO", write: (device, value) => device.sendAfter(lo32(value)), note: "nanoseconds" },
]);

export interface BeaconEventFds {
  /** There is something to report. */
  readonly tick: EventFd;
  /** The guest has finished an interrupt: ask again. */
  readonly resampled: EventFd;
  readonly message: EventFd;
}

export class Beacon {
  status = 0;
  private readonly clock: Clock;
  private readonly eventFds: BeaconEventFds;
  private readonly ticks: ClockTimer;
  private readonly messages: ClockTimer;

  constructor(clock: Clock, eventFds: BeaconEventFds) {
    this.clock = clock;
    this.eventFds = eventFds;
    this.ticks = clock.timer("beacon tick", () => this.tick());
    this.messages = clock.timer("beacon message", () => eventFds.message.signal());
  }

  tickAfter(ns: number): void {
    this.ticks.armAt(this.clock.nowNs() + ns);
  }

  sendAfter(ns: number): void {
    this.messages.armAt(this.clock.nowNs() + ns);
  }

  /** W1C: ones clear. */
  clear(bits: number): void {
    this.status &= ~bits;
  }

  /** The interrupt is over, and low: raise it again if there is a reason. */
  resample(): void {
    this.eventFds.resampled.read();
    if (this.status !== 0) this.eventFds.tick.signal();
  }

  reset(): void {
    this.status = 0;
    this.ticks.disarm();
    this.messages.disarm();
  }

  save(): PlainData {
    return { status: this.status, ticks: this.ticks.save(), messages: this.messages.save() };
  }

  /** @throws SnapshotError when it is no state of a beacon; then nothing has changed */
  restore(state: PlainData): void {
    const saved = state as { status?: unknown; ticks?: SavedTimer | null; messages?: SavedTimer | null } | null;
    if (typeof saved?.status !== "number" || saved.ticks === undefined || saved.messages === undefined) {
      throw new SnapshotError("the saved state is none of a beacon", { subject: "beacon", remedy: "the file is damaged: take another" });
    }
    this.status = saved.status;
    this.ticks.restore(saved.ticks);
    this.messages.restore(saved.messages);
  }

  private tick(): void {
    this.status |= TICKED;
    this.eventFds.tick.signal();
  }
}
