/**
 * Step 2, the class: an ordinary object with a clock and a line, made by `new` in a test. It heats by a degree each 100 µs and
 * cools as fast while the fan is on. When it reaches LIMIT, ALARM is set and the line goes high until the guest clears it.
 *
 * Time is computed, not counted: one timer for the moment at which something will happen, and none for those between.
 */
import { type Clock, type ClockTimer, type LevelLine, type PlainData, type SavedTimer, SnapshotError } from "@trapline/core";

const ALARM = 1;
const FAN_ON = 1;
/** Nanoseconds for a thousandth of a degree. */
const NS_PER_MILLI = 100;
const NO_LIMIT = 0xffff_ffff;

export class Thermometer {
  limit: number = NO_LIMIT;
  status = 0;
  fan = 0;
  /** Temperature at `sinceNs`; from there on it follows the fan. */
  private base: number;
  private sinceNs = 0;
  private readonly roomTemperature: number;
  private readonly clock: Clock;
  private readonly line: LevelLine;
  private readonly timer: ClockTimer;

  /** @param roomTemperature in thousandths of a degree: where it starts, and the coldest it gets */
  constructor(clock: Clock, line: LevelLine, roomTemperature: number) {
    this.clock = clock;
    this.line = line;
    this.roomTemperature = this.base = roomTemperature;
    this.timer = clock.timer("thermometer", () => this.alarm());
  }

  get milliCelsius(): number {
    const change = Math.floor((this.clock.nowNs() - this.sinceNs) / NS_PER_MILLI);
    return Math.max(this.roomTemperature, this.base + (this.fan === FAN_ON ? -change : change));
  }

  setLimit(limit: number): void {
    this.limit = limit;
    this.arm();
  }

  setFan(value: number): void {
    this.base = this.milliCelsius;
    this.sinceNs = this.clock.nowNs();
    this.fan = value & FAN_ON;
    this.arm();
  }

  /** W1C: ones clear. */
  clear(bits: number): void {
    this.status &= ~bits;
    this.line.set(this.status !== 0);
  }

  reset(): void {
    Object.assign(this, { limit: NO_LIMIT, status: 0, fan: 0, base: this.roomTemperature, sinceNs: this.clock.nowNs() });
    this.timer.disarm();
    this.line.set(false);
  }

  save(): PlainData {
    const { limit, status, fan, base, sinceNs } = this;
    return { limit, status, fan, base, sinceNs, timer: this.timer.save() };
  }

  /** @throws SnapshotError when it is no state of a thermometer; then nothing has changed */
  restore(state: PlainData): void {
    const saved = state as unknown as SavedThermometer | null;
    const numbers = [saved?.limit, saved?.status, saved?.fan, saved?.base, saved?.sinceNs];
    if (saved === null || !numbers.every(Number.isSafeInteger) || saved.timer === undefined) {
      throw new SnapshotError("the saved state is none of a thermometer", {
        subject: "thermometer",
        remedy: "the file is damaged: take another",
      });
    }
    const { timer, ...fields } = saved;
    Object.assign(this, fields);
    this.timer.restore(timer);
  }

  private alarm(): void {
    this.status |= ALARM;
    this.line.set(true);
  }

  /** For the moment at which it will reach the limit; never, while it cools. */
  private arm(): void {
    if (this.fan === FAN_ON || this.limit === NO_LIMIT) return this.timer.disarm();
    this.timer.armAt(this.sinceNs + (this.limit - this.base) * NS_PER_MILLI);
  }
}

interface SavedThermometer {
  readonly limit: number;
  readonly status: number;
  readonly fan: number;
  readonly base: number;
  readonly sinceNs: number;
  readonly timer: SavedTimer | null;
}
