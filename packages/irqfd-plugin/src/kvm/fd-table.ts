/**
 * File descriptors: the numbers by which the structures of KVM name eventfds. Share one table between the machines of a
 * program that hands an eventfd from one to another. Descriptors of one eventfd share its counter; the last close closes it.
 */
import type { EventFd } from "@trapline/core";
import { refusal } from "../refusal.ts";

export class FdTable {
  private readonly open = new Map<number, unknown>();

  /** The lowest free number from 3, as open(2) gives. Anything may stand behind it; only eventfds are taken by KVM. */
  install(file: unknown): number {
    let fd = 3;
    while (this.open.has(fd)) fd++;
    this.open.set(fd, file);
    return fd;
  }

  /** A second number for the same file. @throws KvmError EBADF */
  dup(fd: number): number {
    return this.install(this.file("fd", fd));
  }

  /** @throws KvmError EBADF */
  close(fd: number): void {
    const file = this.file("fd", fd);
    this.open.delete(fd);
    if (isEventFd(file) && ![...this.open.values()].includes(file)) file.close();
  }

  /** @param field names the structure's field in the message. @throws KvmError EBADF for a number that is not open, EINVAL for something else */
  eventFd(field: string, fd: number): EventFd {
    const file = this.file(field, fd);
    if (isEventFd(file)) return file;
    throw refusal("EINVAL", field, `${fd}, not an eventfd`, "an eventfd");
  }

  private file(field: string, fd: number): unknown {
    if (!this.open.has(fd)) throw refusal("EBADF", field, `${fd}, not open`, "an open file descriptor");
    const file = this.open.get(fd);
    if (isEventFd(file) && file.closed) throw refusal("EBADF", field, `${fd}, closed`, "an open file descriptor");
    return file;
  }
}

/** By shape: the eventfd may come from another copy of this package. */
function isEventFd(file: unknown): file is EventFd {
  const candidate = file as Partial<EventFd> | null | undefined;
  return typeof candidate?.signal === "function" && typeof candidate.readAsync === "function" && candidate.signals$ !== undefined;
}
