/**
 * All eventfds of one machine: makes them, and saves and restores their counters. A machine is restored into one composed
 * alike: the same eventfds, made in the same order. Resetting a machine leaves them alone, for they belong to the host.
 */
import { type EventFd, type EventFdFactory, type EventFdOptions, fromBigint, type PlainData, SnapshotError, toBigint, type U64, type WireOrder } from "@trapline/core";
import { refusal } from "../refusal.ts";
import { CounterEventFd, EVENTFD_OVERFLOW } from "./counter-event-fd.ts";

interface SavedEventFd {
  readonly name: string;
  readonly semaphore: boolean;
  readonly count: U64;
}

export class EventFds implements EventFdFactory {
  private readonly order: WireOrder;
  private readonly open = new Set<CounterEventFd>();
  private made = 0;

  constructor(order: WireOrder) {
    this.order = order;
  }

  /** @throws KvmError EINVAL for a start value that is no 32-bit number */
  create(options: EventFdOptions = {}): EventFd {
    const { count = 0, semaphore = false } = options;
    if (!Number.isInteger(count) || count < 0 || count > 0xffff_ffff) {
      throw refusal("EINVAL", "eventfd initval", String(count), "a whole number from 0 to 2^32 − 1", "write the rest after it is made");
    }
    const eventFd = new CounterEventFd(this.order, options.name ?? `eventfd${this.made}`, count, semaphore);
    this.made++;
    this.open.add(eventFd);
    eventFd.onClose(() => this.open.delete(eventFd));
    return eventFd;
  }

  close(): void {
    for (const eventFd of [...this.open]) eventFd.close();
  }

  save(): PlainData {
    return [...this.open].map(({ name, semaphore, count }) => ({ name, semaphore, count: toBigint(count) }));
  }

  /** @throws SnapshotError unless the same eventfds are open */
  restore(state: PlainData): void {
    const saved = state as unknown as readonly SavedEventFd[];
    const open = [...this.open];
    const describe = (list: readonly { name: string; semaphore: boolean }[]): string =>
      list.map(({ name, semaphore }) => (semaphore ? `${name} (semaphore)` : name)).join(", ") || "none";
    if (!Array.isArray(saved) || describe(saved) !== describe(open) || !saved.every(({ count }) => isCount(count))) {
      throw new SnapshotError("the saved eventfds are not those of this machine", {
        subject: "eventfd",
        value: Array.isArray(saved) ? describe(saved) : "no list",
        limit: describe(open),
        remedy: "make the same eventfds in the same order before restoring",
      });
    }
    for (const [index, eventFd] of open.entries()) eventFd.restoreCount(fromBigint(toBigint(saved[index]!.count)));
  }
}

function isCount(value: unknown): boolean {
  return (typeof value === "bigint" || Number.isSafeInteger(value)) && (value as U64) >= 0 && (value as U64) <= toBigint(EVENTFD_OVERFLOW);
}
