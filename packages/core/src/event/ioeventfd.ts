/** The contract of ioeventfd: a guest write that signals an eventfd and stops there (virt/kvm/eventfd.c). Bound by the ioeventfd plugin. */
import type { BusSpace } from "../bus/bus-event.ts";
import type { U64 } from "../u64.ts";
import type { EventFd } from "./event-fd.ts";

/** An address that rings an eventfd (struct kvm_ioeventfd). */
export interface IoeventfdBinding {
  readonly eventFd: EventFd;
  readonly space: BusSpace;
  /** 0 … 2^64 − 1; what the bus cannot address is accepted and never rung. */
  readonly address: U64;
  /** 0 takes a write of any width and no `datamatch`. */
  readonly length: 0 | 1 | 2 | 4 | 8;
  /** Ring only for this value, compared in full: a value wider than `length` never matches. Absent: any value. */
  readonly datamatch?: U64;
  /**
   * The guest decides where it is (the BAR of a PCI function): whoever assigned it saves and restores its place, and a snapshot of the
   * ioeventfds leaves it out. No part of its identity. Default false.
   */
  readonly movable?: boolean;
}

/** The ioeventfds of a machine: guest writes that signal an eventfd and go no further. */
export interface Ioeventfds {
  /** KVM_IOEVENTFD. @throws KvmError EINVAL, EBADF, EEXIST, ENOSPC, as the kernel orders its checks. */
  assign(binding: IoeventfdBinding): void;
  /** KVM_IOEVENTFD with DEASSIGN. @throws KvmError ENOENT unless exactly this binding exists. */
  deassign(binding: IoeventfdBinding): void;
  readonly bindings: readonly IoeventfdBinding[];
}
