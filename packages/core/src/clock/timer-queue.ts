/**
 * Armed timers in firing order: a binary heap keyed by (deadline, order of arming). Arming and disarming cost O(log n)
 * and allocate nothing: the timers themselves sit in the heap and know their place.
 */
import { InvariantError } from "../errors.ts";
import type { ClockTimer, SavedTimer } from "./clock.ts";

/** Firings that one instant may cause before it is declared endless: a timer that arms itself for now. */
export const MAX_FIRINGS_PER_INSTANT = 100_000;

class QueuedTimer implements ClockTimer {
  readonly name: string;
  readonly expired: () => void;
  deadlineNs: number = Infinity;
  order = 0;
  /** Index in the heap; −1 when not armed. */
  place = -1;
  private readonly queue: TimerQueue;

  constructor(queue: TimerQueue, name: string, expired: () => void) {
    this.queue = queue;
    this.name = name;
    this.expired = expired;
  }

  armAt(deadlineNs: number): void {
    this.disarm();
    if (deadlineNs < Number.MAX_SAFE_INTEGER) this.queue.add(this, Math.max(0, Math.ceil(deadlineNs)), this.queue.takeOrder());
  }

  disarm(): void {
    if (this.place >= 0) this.queue.remove(this);
  }

  save(): SavedTimer | null {
    return this.place < 0 ? null : { deadlineNs: this.deadlineNs, order: this.order };
  }

  restore(saved: SavedTimer | null): void {
    this.disarm();
    if (saved !== null) this.queue.add(this, saved.deadlineNs, saved.order);
  }
}

export class TimerQueue {
  private readonly heap: QueuedTimer[] = [];
  /** Taken by each arming; saved with the clock, so that a restored machine goes on counting. */
  nextOrder = 0;

  timer(name: string, expired: () => void): ClockTimer {
    return new QueuedTimer(this, name, expired);
  }

  get nextDeadlineNs(): number {
    return this.heap[0]?.deadlineNs ?? Infinity;
  }

  takeOrder(): number {
    return this.nextOrder++;
  }

  /**
   * Fires every timer due at or before `nowNs`, those armed meanwhile included.
   * @param reached told the deadline before each firing, so that virtual time reads the deadline inside the callback
   * @throws InvariantError after MAX_FIRINGS_PER_INSTANT firings without time moving on
   */
  fireDue(nowNs: number, reached: (deadlineNs: number) => void): void {
    let instant = -1;
    let firings = 0;
    for (let timer = this.heap[0]; timer !== undefined && timer.deadlineNs <= nowNs; timer = this.heap[0]) {
      firings = timer.deadlineNs > instant ? 1 : firings + 1;
      instant = Math.max(instant, timer.deadlineNs);
      if (firings > MAX_FIRINGS_PER_INSTANT) {
        throw new InvariantError(`timer ${timer.name} fired without time moving on`, {
          subject: timer.name,
          value: firings,
          limit: MAX_FIRINGS_PER_INSTANT,
          remedy: "arm it for a later time than the one at which it fires",
        });
      }
      this.remove(timer);
      reached(instant);
      timer.expired();
    }
  }

  add(timer: QueuedTimer, deadlineNs: number, order: number): void {
    timer.deadlineNs = deadlineNs;
    timer.order = order;
    this.sift(timer, this.heap.push(timer) - 1);
  }

  remove(timer: QueuedTimer): void {
    const { place } = timer;
    timer.place = -1;
    timer.deadlineNs = Infinity;
    const last = this.heap.pop()!;
    if (last !== timer) this.sift(last, place);
  }

  clear(): void {
    while (this.heap.length > 0) this.remove(this.heap[0]!);
    this.nextOrder = 0;
  }

  /** Moves `timer` from the free place `at` to where it belongs, up or down. */
  private sift(timer: QueuedTimer, at: number): void {
    const { heap } = this;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      this.put(heap[parent]!, at);
      at = parent;
    }
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, timer)) break;
      this.put(heap[child]!, at);
      at = child;
    }
    this.put(timer, at);
  }

  private put(timer: QueuedTimer, at: number): void {
    this.heap[at] = timer;
    timer.place = at;
  }
}

function before(a: QueuedTimer, b: QueuedTimer): boolean {
  return a.deadlineNs < b.deadlineNs || (a.deadlineNs === b.deadlineNs && a.order < b.order);
}
