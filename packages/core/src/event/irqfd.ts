/** The contract of irqfd: an eventfd whose signal raises a GSI (virt/kvm/eventfd.c). Bound by the irqfd plugin. */
import type { EventFd } from "./event-fd.ts";

/** An eventfd that raises a GSI (struct kvm_irqfd). */
export interface IrqfdBinding {
  readonly eventFd: EventFd;
  readonly gsi: number;
  /** Level semantics: the GSI stays high until the guest finishes the interrupt; then it drops and this eventfd is signalled. */
  readonly resample?: EventFd;
}

/** The irqfds of a machine. */
export interface Irqfds {
  /**
   * KVM_IRQFD. A signal that came before is delivered once.
   * @throws KvmError EAGAIN without an initialised irqchip, EBADF for a closed eventfd, EBUSY if it is bound already.
   */
  assign(binding: IrqfdBinding): void;
  /** KVM_IRQFD with DEASSIGN. Removing what was never there is no error. When it returns nothing more is injected. */
  deassign(binding: Pick<IrqfdBinding, "eventFd" | "gsi">): void;
  readonly bindings: readonly IrqfdBinding[];
}
