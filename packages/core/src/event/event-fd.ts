/**
 * The contract of an eventfd: a 64-bit counter that is signalled and read, as in Linux (fs/eventfd.c, eventfd(2)). Made by
 * @trapline/irqfd-plugin; here because virtio and others need it and must not import that plugin.
 */
import type { Subscription } from "rxjs";
import type { U64 } from "../u64.ts";
import type { WireEnd } from "../wire/wire.ts";
import type { WireEvent } from "../wire/wire-order.ts";

/** Somebody signalled an eventfd. */
export interface SignalEvent extends WireEvent {
  readonly kind: "signal";
  readonly eventFd: string;
  /** The value written: a count, 0 included. */
  readonly value: U64;
  /** The counter afterwards. */
  readonly count: U64;
}

export interface EventFd {
  /** For traces and errors. */
  readonly name: string;
  /** EFD_SEMAPHORE: a read takes 1 instead of all. */
  readonly semaphore: boolean;
  readonly closed: boolean;
  /** The counter, 0 … 2^64 − 2, without reading it (2^64 − 1 after an overflow by `signal`). */
  readonly count: U64;
  /**
   * Every write, 0 included. The owner is told first, before the counter can be read by others, and may take the count with
   * `read`: that is how an irqfd consumes its signals.
   */
  readonly signals$: WireEnd<readonly [value: U64], void, SignalEvent>;
  /** The kernel's own signal (eventfd_signal): adds 1, never blocks, sticks at 2^64 − 1. No effect when closed. */
  signal(): void;
  /** write(2): adds `value`. @returns false (EAGAIN) if it would exceed 2^64 − 2. @throws KvmError EINVAL for 2^64 − 1, EBADF when closed. */
  write(value: U64): boolean;
  /** Non-blocking read(2): the count and reset it to 0, or 1 and subtract 1 with `semaphore`. Undefined (EAGAIN) at 0. @throws KvmError EBADF when closed. */
  read(): U64 | undefined;
  /** Awaited read: resolves when the counter is above 0. Rejects with KvmError EBADF when closed meanwhile. */
  readAsync(): Promise<U64>;
  /** Ends it: `signals$` completes; whoever asked with `onClose` (irqfd) is told. Closing again does nothing. */
  close(): void;
  /** Calls `listener` once, when it is closed; at once if it is. Unlike tapping `signals$` for its end, this costs no signal anything. */
  onClose(listener: () => void): Subscription;
}

/** Flags and start value of eventfd(2), and a name for traces. */
export interface EventFdOptions {
  readonly name?: string;
  /** Start value, 0 … 2^32 − 1. Default 0. */
  readonly count?: number;
  readonly semaphore?: boolean;
}

/** Makes eventfds. Bound by the eventfd plugin. */
export interface EventFdFactory {
  create(options?: EventFdOptions): EventFd;
}
