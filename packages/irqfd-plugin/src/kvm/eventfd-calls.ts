/**
 * The system calls on eventfds as C makes them: descriptors, flags, eight bytes in a buffer (eventfd(2); kvm-irq-abi.md, G).
 * There is one thread, so nothing blocks: where Linux would, these answer −EAGAIN, and `EventFd.readAsync` waits.
 */
import type { EventFdFactory } from "@trapline/core";
import { fromBigint, toBigint } from "@trapline/core";
import { type EventFdPoll, pollEventFd } from "../eventfd/counter-event-fd.ts";
import { refusal } from "../refusal.ts";
import type { FdTable } from "./fd-table.ts";
import { KvmAnswers } from "./kvm-answer.ts";

/** A read gives 1 and takes 1. */
export const EFD_SEMAPHORE = 1;
/** Accepted; there is no exec. */
export const EFD_CLOEXEC = 0o2000000;
/** Accepted; nothing blocks here. */
export const EFD_NONBLOCK = 0o4000;

export class EventFdCalls extends KvmAnswers {
  private readonly fds: FdTable;
  private readonly factory: EventFdFactory;

  constructor(factory: EventFdFactory, fds: FdTable) {
    super();
    this.factory = factory;
    this.fds = fds;
  }

  /** @returns the descriptor, or −EINVAL */
  eventfd(initval: number, flags = 0): number {
    return this.answer(() => {
      const unknown = flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK);
      if (unknown !== 0) throw refusal("EINVAL", "eventfd flags", flags, "EFD_SEMAPHORE, EFD_CLOEXEC and EFD_NONBLOCK");
      return this.fds.install(this.factory.create({ count: initval, semaphore: (flags & EFD_SEMAPHORE) !== 0 }));
    });
  }

  /** @returns 8, or −EBADF, −EINVAL for a buffer below 8 bytes, −EAGAIN at 0 */
  read(fd: number, buffer: Uint8Array): number {
    return this.answer(() => {
      const eventFd = this.fds.eventFd("fd", fd);
      if (buffer.length < 8) throw refusal("EINVAL", "read count", buffer.length, "8 and up");
      const value = eventFd.read();
      if (value === undefined) throw refusal("EAGAIN", `count of eventfd ${eventFd.name}`, 0, "1 and up", "wait with readAsync");
      new DataView(buffer.buffer, buffer.byteOffset).setBigUint64(0, toBigint(value), true);
      return 8;
    });
  }

  /** @returns 8, or −EBADF, −EINVAL for another size than 8 bytes or for 2^64 − 1, −EAGAIN when the sum would exceed 2^64 − 2 */
  write(fd: number, buffer: Uint8Array): number {
    return this.answer(() => {
      const eventFd = this.fds.eventFd("fd", fd);
      if (buffer.length !== 8) throw refusal("EINVAL", "write count", buffer.length, "8");
      const value = fromBigint(new DataView(buffer.buffer, buffer.byteOffset).getBigUint64(0, true));
      if (!eventFd.write(value)) throw refusal("EAGAIN", `count of eventfd ${eventFd.name} plus the value written`, `${eventFd.count} + ${value}`, "at most 2^64 − 2");
      return 8;
    });
  }

  poll(fd: number): EventFdPoll {
    return pollEventFd(this.fds.eventFd("fd", fd));
  }

  dup(fd: number): number {
    return this.answer(() => this.fds.dup(fd));
  }

  close(fd: number): number {
    return this.answer(() => {
      this.fds.close(fd);
      return 0;
    });
  }
}
