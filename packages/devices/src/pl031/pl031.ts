/**
 * PrimeCell Real Time Clock PL031, its state (Arm DDI 0224C); the rows are in pl031.registers.ts.
 *
 * A 32-bit counter of seconds and one alarm. The counter belongs to the battery, not to the machine's reset: it runs from
 * power-on (RTCCR reads 1, as firmware would have left it) and a warm reset leaves it alone.
 */
import type { Clock, ClockTimer, LevelLine, PlainData, ResetKind } from "@trapline/core";
import { readTimer, readWords, savedRecord, saveWords, type WordLimits } from "../saved-words.ts";

const SECOND_NS = 1e9;
const WORDS: WordLimits<"mr" | "lr" | "imsc" | "ris"> = { mr: 0xffff_ffff, lr: 0xffff_ffff, imsc: 1, ris: 1 };

export class Pl031 {
  readonly name: string;
  /** RTCMR: raises the interrupt when the counter gets there. */
  mr = 0;
  /** RTCLR: what was last loaded. */
  lr = 0;
  imsc = 0;
  ris = 0;

  private readonly irq: LevelLine;
  private readonly clock: Clock;
  private readonly atPowerOn: () => number;
  private readonly alarm: ClockTimer;
  /** Value of the counter at machine time 0; it ticks at whole seconds of the machine. Modulo 2^32. */
  private epoch = 0;

  /** @param atPowerOn seconds since 1970 when the machine is switched on */
  constructor(name: string, irq: LevelLine, clock: Clock, atPowerOn: () => number) {
    this.name = name;
    this.irq = irq;
    this.clock = clock;
    this.atPowerOn = atPowerOn;
    this.alarm = clock.timer(`${name} alarm`, () => this.matched());
    this.reset("power-on");
  }

  reset(kind: ResetKind): void {
    if (kind === "power-on") {
      this.epoch = this.atPowerOn() >>> 0;
      this.lr = 0;
    }
    this.mr = this.imsc = this.ris = 0;
    this.setAlarm();
    this.updateLine();
  }

  /** RTCDR. */
  get dr(): number {
    return (this.epoch + Math.floor(this.clock.nowNs() / SECOND_NS)) >>> 0;
  }

  /** RTCLR: the counter goes on from here. */
  load(value: number): void {
    this.lr = value;
    this.epoch = (value - Math.floor(this.clock.nowNs() / SECOND_NS)) >>> 0;
    this.setAlarm();
  }

  writeMatch(value: number): void {
    this.mr = value;
    this.setAlarm();
  }

  writeImsc(value: number): void {
    this.imsc = value & 1;
    this.updateLine();
  }

  /** RTCICR. */
  clear(value: number): void {
    this.ris &= ~value;
    this.updateLine();
  }

  save(): PlainData {
    return { ...saveWords(this, WORDS), epoch: this.epoch, alarm: this.alarm.save() };
  }

  /** @throws SnapshotError, with nothing changed. */
  restore(state: PlainData): void {
    const record = savedRecord(this.name, state);
    const words = readWords(this.name, record, WORDS);
    const { epoch } = readWords(this.name, record, { epoch: 0xffff_ffff });
    const alarm = readTimer(this.name, "alarm", record);
    Object.assign(this, words, { epoch });
    this.alarm.restore(alarm);
  }

  /** For the next tick at which the counter will equal RTCMR; a match that holds already is one, too. */
  private setAlarm(): void {
    const ticks = Math.floor(this.clock.nowNs() / SECOND_NS);
    const seconds = (this.mr - this.dr) >>> 0;
    this.alarm.armAt((ticks + seconds) * SECOND_NS);
  }

  private matched(): void {
    this.ris = 1;
    this.updateLine();
  }

  private updateLine(): void {
    this.irq.set((this.ris & this.imsc) !== 0);
  }
}
