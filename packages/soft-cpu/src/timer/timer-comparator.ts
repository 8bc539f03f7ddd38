/**
 * One of the generic timer's timers: CompareValue, its TimerValue view and the control register (Arm ARM DDI 0487, D11.2.4
 * "Timers"). The output is a level, ENABLE ∧ ISTATUS ∧ ¬IMASK, told to its interrupt line when it changes, in the call that
 * changes it. Comparison is of unsigned 64-bit values.
 *
 * With a clock that moves by itself a read may find the condition met before the clock's callback came: it then raises the
 * line itself, so that ISTATUS and the line never tell different stories.
 */
import { type Clock, type ClockTimer, fromBigint, type PlainData, type SavedTimer, toBigint, type U64 } from "@trapline/core";
import type { CounterRate } from "./counter-rate.ts";
import { type SavedFields, savedClockTimer } from "./saved-fields.ts";

// CNTx_CTL.
const ENABLE = 1;
const IMASK = 2;
const ISTATUS = 4;

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

export class TimerComparator {
  /** ENABLE and IMASK. */
  private control = 0;
  /** CVAL as the guest wrote it. */
  private compareValue: U64 = 0;
  /** The same where the counter can reach it; Infinity beyond 2^53. */
  private compareTicks = 0;
  /** What the interrupt controller was told last. */
  private line = false;
  /** Count at which the line rises; Infinity when it cannot, or is high already. */
  dueTicks: number = Infinity;
  private readonly timer: ClockTimer;
  private readonly clock: Clock;
  private readonly rate: CounterRate;
  private readonly setLine: (high: boolean) => void;

  constructor(name: string, clock: Clock, rate: CounterRate, setLine: (high: boolean) => void) {
    this.clock = clock;
    this.rate = rate;
    this.setLine = setLine;
    this.timer = clock.timer(name, () => this.settle(this.count()));
  }

  /** CTL. ISTATUS reads as zero while the timer is disabled, where the architecture leaves it UNKNOWN. */
  readCtl(): number {
    const count = this.count();
    this.settle(count);
    return this.ctlAt(count);
  }

  peekCtl(): number {
    return this.ctlAt(this.count());
  }

  writeCtl(value: number): void {
    this.control = value & (ENABLE | IMASK);
    this.settle(this.count());
  }

  readCval(): U64 {
    return this.compareValue;
  }

  writeCval(value: bigint): void {
    this.setCompareValue(fromBigint(value));
    this.settle(this.count());
  }

  /** TVAL: what is left, in 32 bits; counts on down below zero. */
  readTval(): number {
    const count = this.count();
    this.settle(count);
    return this.tvalAt(count);
  }

  peekTval(): number {
    return this.tvalAt(this.count());
  }

  writeTval(value: number): void {
    const count = this.count();
    const sum = count + (value | 0);
    this.setCompareValue(sum >= 0 && sum <= Number.MAX_SAFE_INTEGER ? sum : fromBigint(BigInt(count) + BigInt(value | 0)));
    this.settle(count);
  }

  /** Makes line and alarm fit the count; nothing to do between two changes while `count` is below `dueTicks`. */
  settle(count: number): void {
    const open = (this.control & (ENABLE | IMASK)) === ENABLE;
    const high = open && count >= this.compareTicks;
    this.dueTicks = open && !high ? this.compareTicks : Infinity;
    const deadlineNs = this.rate.nsOf(this.dueTicks);
    if (deadlineNs === Infinity) this.timer.disarm();
    else if (deadlineNs !== this.timer.deadlineNs) this.timer.armAt(deadlineNs);
    if (high === this.line) return;
    this.line = high;
    this.setLine(high);
  }

  /** Disabled, with the line low. */
  reset(): void {
    this.control = 0;
    this.setCompareValue(0);
    this.settle(0);
  }

  save(): PlainData {
    return { control: this.control, compareValue: toBigint(this.compareValue), line: this.line, timer: this.timer.save() };
  }

  /** Reads what `save` gave and returns what takes it over, without telling the line, whose other end is restored too. */
  restoring(saved: SavedFields): () => void {
    const control = saved.whole("control", ENABLE | IMASK);
    const compareValue = fromBigint(saved.wide("compareValue", MAX_U64));
    const line = saved.flag("line");
    const timer: SavedTimer | null = savedClockTimer(saved, "timer");
    return () => {
      this.control = control;
      this.setCompareValue(compareValue);
      this.line = line;
      this.dueTicks = (control & (ENABLE | IMASK)) === ENABLE && !line ? this.compareTicks : Infinity;
      this.timer.restore(timer);
    };
  }

  private ctlAt(count: number): number {
    const { control } = this;
    return (control & ENABLE) !== 0 && count >= this.compareTicks ? control | ISTATUS : control;
  }

  private tvalAt(count: number): number {
    const { compareValue } = this;
    if (typeof compareValue === "number") return (compareValue - count) >>> 0;
    return Number(BigInt.asUintN(32, compareValue - BigInt(count)));
  }

  private setCompareValue(value: U64): void {
    this.compareValue = value;
    this.compareTicks = typeof value === "number" ? value : Infinity;
  }

  private count(): number {
    return this.rate.ticksAt(this.clock.nowNs());
  }
}
