/**
 * The generic timer of one vCPU: system counter, EL1 physical timer, EL1 virtual timer and the event stream (Arm ARM DDI
 * 0487, D11 "The Generic Timer in AArch64 state"), on the machine's clock.
 *
 * There is no EL2: CNTVOFF_EL2 behaves as zero, so both counters are one, equal on all vCPUs. CNTFRQ_EL0 and the access
 * rules of CNTKCTL_EL1 are rows of sysregs/. Not modelled: the EL2 and secure timers, a scaled or stopped counter.
 */
import type { Clock, PlainData } from "@trapline/core";
import { CounterRate } from "./counter-rate.ts";
import { EventStream } from "./event-stream.ts";
import { SavedFields } from "./saved-fields.ts";
import { TimerComparator } from "./timer-comparator.ts";

/** INTIDs that SBSA and every known board give these timers: PPI 14 and PPI 11. */
export const PHYSICAL_TIMER_INTID = 30;
export const VIRTUAL_TIMER_INTID = 27;

/** 16 ns a tick: what QEMU's machines had for years, and exact in whole nanoseconds. */
export const DEFAULT_FREQUENCY_HZ = 62_500_000;

export interface GenericTimerOptions {
  readonly clock: Clock;
  /** Distinguishes its clock timers: "vcpu0". */
  readonly name: string;
  /** 1 Hz … 1 GHz; default {@link DEFAULT_FREQUENCY_HZ}. */
  readonly frequencyHz?: number;
  /** The level of a timer's interrupt changed. Called inside the register access that did it, or by the clock. */
  readonly setLevel: (intid: number, high: boolean) => void;
  /** An event that a WFE waits for; see {@link EventStream}. */
  readonly onEvent: () => void;
}

export class GenericTimer {
  readonly frequencyHz: number;
  readonly physical: TimerComparator;
  readonly virtual: TimerComparator;
  readonly eventStream: EventStream;
  private readonly name: string;
  private readonly clock: Clock;
  private readonly rate: CounterRate;

  /** @throws ConfigError for a frequency out of range */
  constructor(options: GenericTimerOptions) {
    const { clock, name, frequencyHz = DEFAULT_FREQUENCY_HZ, setLevel, onEvent } = options;
    const rate = new CounterRate(frequencyHz);
    this.name = name;
    this.clock = clock;
    this.rate = rate;
    this.frequencyHz = frequencyHz;
    this.physical = new TimerComparator(`${name}.cntp`, clock, rate, (high) => setLevel(PHYSICAL_TIMER_INTID, high));
    this.virtual = new TimerComparator(`${name}.cntv`, clock, rate, (high) => setLevel(VIRTUAL_TIMER_INTID, high));
    this.eventStream = new EventStream(`${name}.events`, clock, rate, onEvent);
  }

  /**
   * CNTPCT_EL0 and CNTVCT_EL0; below 2^53. A count that has reached a timer's CompareValue raises that timer first, so that a
   * guest which polls the counter never sees it ahead of the interrupt.
   */
  count(): number {
    const count = this.peekCount();
    if (count >= this.physical.dueTicks) this.physical.settle(count);
    if (count >= this.virtual.dueTicks) this.virtual.settle(count);
    return count;
  }

  /** The same without that effect. */
  peekCount(): number {
    return this.rate.ticksAt(this.clock.nowNs());
  }

  /** Both timers disabled, lines low, event stream off. The counter goes on: it belongs to the machine. */
  reset(): void {
    this.physical.reset();
    this.virtual.reset();
    this.eventStream.reset();
  }

  save(): PlainData {
    const { frequencyHz, physical, virtual, eventStream } = this;
    return { frequencyHz, physical: physical.save(), virtual: virtual.save(), eventStream: eventStream.save() };
  }

  /**
   * Takes what `save` gave, lines included: they are not told again.
   * @throws SnapshotError when it does not fit; then nothing has changed
   */
  restore(state: PlainData): void {
    const saved = new SavedFields(`the generic timer of ${this.name}`, state);
    saved.same("frequencyHz", this.frequencyHz);
    const parts = [
      this.physical.restoring(saved.inner("physical")),
      this.virtual.restoring(saved.inner("virtual")),
      this.eventStream.restoring(saved.inner("eventStream")),
    ];
    for (const take of parts) take();
  }
}
