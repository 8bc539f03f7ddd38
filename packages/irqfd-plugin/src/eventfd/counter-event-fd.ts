/**
 * An eventfd: a 64-bit counter that is written, signalled and read (fs/eventfd.c, eventfd(2); kvm-irq-abi.md, G).
 *
 * The counter is a number while it is below 2^53 and a bigint above, like every U64. What is not modelled: blocking calls
 * (there is one thread: `write` answers false for EAGAIN, `readAsync` waits) and the warning with which Linux drops a signal
 * sent from inside the wake-up of another; here it is delivered, and a circle of owners ends in an InvariantError.
 *
 * Hot: `signal`, once per interrupt or doorbell; it allocates nothing while the counter is below 2^53.
 */
import { type EventFd, fromBigint, type KvmError, type SignalEvent, toBigint, type U64, Wire, type WireOrder } from "@trapline/core";
import { Subscription } from "rxjs";
import { refusal } from "../refusal.ts";

/** The most that `write` can bring a counter to: 2^64 − 2. */
export const EVENTFD_MAX: U64 = 0xffff_ffff_ffff_fffen;
/** Where `signal` sticks: 2^64 − 1. A counter that stands here has overflowed. */
export const EVENTFD_OVERFLOW: U64 = 0xffff_ffff_ffff_ffffn;

interface Reader {
  resolve(value: U64): void;
  reject(error: KvmError): void;
}

export class CounterEventFd implements EventFd {
  readonly name: string;
  readonly semaphore: boolean;
  readonly signals$: Wire<readonly [value: U64], void, SignalEvent>;
  closed = false;
  private counter: U64;
  private readers: Reader[] = [];
  private readonly closeListeners = new Set<() => void>();

  /** @param count 0 … 2^64 − 2, in its unique form */
  constructor(order: WireOrder, name: string, count: U64 = 0, semaphore = false) {
    this.name = name;
    this.semaphore = semaphore;
    this.counter = count;
    this.signals$ = new Wire<readonly [value: U64], void, SignalEvent>(order, {
      name: `${name}.signals`,
      unowned: undefined,
      describe: (seq, atNs, _answer, value) => ({ seq, atNs, kind: "signal", eventFd: name, value, count: this.counter }),
    });
  }

  get count(): U64 {
    return this.counter;
  }

  signal(): void {
    if (this.closed) return;
    const { counter } = this;
    if (typeof counter === "number" && counter < Number.MAX_SAFE_INTEGER) this.counter = counter + 1;
    else if (counter !== EVENTFD_OVERFLOW) this.counter = fromBigint(toBigint(counter) + 1n);
    this.wake(1);
  }

  write(value: U64): boolean {
    this.refuseClosed();
    const added = writable(this.name, value);
    const sum = toBigint(this.counter) + toBigint(added);
    if (sum > toBigint(EVENTFD_MAX)) return false;
    this.counter = fromBigint(sum);
    this.wake(added);
    return true;
  }

  read(): U64 | undefined {
    this.refuseClosed();
    const { counter } = this;
    if (counter === 0) return undefined;
    if (!this.semaphore) {
      this.counter = 0;
      return counter;
    }
    this.counter = typeof counter === "number" ? counter - 1 : fromBigint(counter - 1n);
    return 1;
  }

  readAsync(): Promise<U64> {
    return new Promise((resolve, reject) => {
      const now = this.read(); // throws, and so rejects, when closed
      if (now !== undefined) resolve(now);
      else this.readers.push({ resolve, reject });
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const reader of this.readers.splice(0)) reader.reject(this.badDescriptor());
    for (const listener of [...this.closeListeners]) listener();
    this.closeListeners.clear();
    this.signals$.complete();
  }

  onClose(listener: () => void): Subscription {
    if (this.closed) {
      listener();
      return Subscription.EMPTY;
    }
    this.closeListeners.add(listener);
    return new Subscription(() => this.closeListeners.delete(listener));
  }

  /** Puts a saved counter back: nobody is signalled, but who waits to read may. */
  restoreCount(count: U64): void {
    this.counter = count;
    this.serveReaders();
  }

  /** The owner first: an irqfd takes the count before any reader can. */
  private wake(value: U64): void {
    this.signals$.emit(value);
    if (this.readers.length !== 0) this.serveReaders();
  }

  private serveReaders(): void {
    while (this.readers.length !== 0 && !this.closed && this.counter !== 0) this.readers.shift()!.resolve(this.read()!);
  }

  private refuseClosed(): void {
    if (this.closed) throw this.badDescriptor();
  }

  private badDescriptor(): KvmError {
    return refusal("EBADF", `eventfd ${this.name}`, "closed", "an open eventfd");
  }
}

/** The unique form of a value that may be written. */
function writable(name: string, value: U64): U64 {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!whole || value < 0 || value > toBigint(EVENTFD_MAX)) {
    throw refusal("EINVAL", `value written to eventfd ${name}`, typeof value === "number" ? String(value) : value, "a whole number from 0 to 2^64 − 2");
  }
  return fromBigint(toBigint(value));
}

/** What poll(2) would say of an eventfd. */
export interface EventFdPoll {
  /** EPOLLIN: a read would give a value. */
  readonly readable: boolean;
  /** EPOLLOUT: a write of 1 would fit. */
  readonly writable: boolean;
  /** EPOLLERR: a signal overflowed the counter. */
  readonly overflowed: boolean;
  /** EPOLLHUP. */
  readonly hungUp: boolean;
}

/** What poll(2) would say of it now. */
export function pollEventFd(eventFd: EventFd): EventFdPoll {
  const { count, closed } = eventFd;
  return {
    readable: count !== 0,
    writable: !closed && toBigint(count) < toBigint(EVENTFD_MAX),
    overflowed: count === EVENTFD_OVERFLOW,
    hungUp: closed,
  };
}
