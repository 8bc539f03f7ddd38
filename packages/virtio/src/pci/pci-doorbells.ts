/**
 * How a device on PCI is rung: by ioeventfds at the notification addresses of its queues, where the machine has them. They go
 * where the guest puts the BAR. One that cannot be had, because somebody else rings there, costs speed only: the BAR takes the write.
 */
import { type EventFd, EventFdFactoryToken, type IoeventfdBinding, type Ioeventfds, IoeventfdsToken, isTraplineError, type Vmm } from "@trapline/core";
import type { Subscription } from "rxjs";
import { LEGACY_QUEUE_NOTIFY } from "./legacy-header.registers.ts";
import { NOTIFY_MULTIPLIER, NOTIFY_OFFSET } from "./modern-bar.ts";
import type { VirtioPci } from "./virtio-pci.ts";

/** Bytes of a notification (4.1.4.4). */
const NOTIFICATION = 2;

export class PciDoorbells {
  private readonly ioeventfds: Ioeventfds | undefined;
  private readonly eventFds: readonly EventFd[];
  /** By what they are for. */
  private readonly bound = new Map<"modern" | "legacy", readonly IoeventfdBinding[]>();

  constructor(vmm: Vmm, pci: VirtioPci, scope: Subscription) {
    const factory = vmm.find(EventFdFactoryToken);
    this.ioeventfds = factory === undefined ? undefined : vmm.find(IoeventfdsToken);
    const { device, queues } = pci.state;
    this.eventFds = this.ioeventfds === undefined ? [] : [...queues.keys()].map((index) => factory!.create({ name: `${device.name}-queue${index}` }));
    for (const [index, eventFd] of this.eventFds.entries()) {
      scope.add(() => eventFd.close());
      scope.add(
        eventFd.signals$.own(device.name, () => {
          eventFd.read();
          pci.notify(index);
        }),
      );
    }
    scope.add(() => this.clear());
  }

  /** The modern BAR is at `base` now, or nowhere: an address for each queue. */
  moveModern(base: number | undefined): void {
    this.move("modern", base, (index) => ({ space: "mmio", address: base! + NOTIFY_OFFSET + NOTIFY_MULTIPLIER * index }));
  }

  /** The legacy BAR is at port `base` now, or nowhere: one port, and the number of the queue as the value. */
  moveLegacy(base: number | undefined): void {
    this.move("legacy", base, (index) => ({ space: "pio", address: base! + LEGACY_QUEUE_NOTIFY, datamatch: index }));
  }

  private move(kind: "modern" | "legacy", base: number | undefined, place: (index: number) => Omit<IoeventfdBinding, "eventFd" | "length">): void {
    const { ioeventfds } = this;
    if (ioeventfds === undefined) return;
    this.release(kind);
    if (base === undefined) return;
    const bindings = this.eventFds.map((eventFd, index) => ({ eventFd, length: NOTIFICATION, movable: true, ...place(index) }) as const);
    this.bound.set(
      kind,
      bindings.filter((binding) => succeeds(() => ioeventfds.assign(binding))),
    );
  }

  private clear(): void {
    this.release("modern");
    this.release("legacy");
  }

  private release(kind: "modern" | "legacy"): void {
    for (const binding of this.bound.get(kind) ?? []) succeeds(() => this.ioeventfds!.deassign(binding)); // gone already when the machine closes
    this.bound.delete(kind);
  }
}

/** False where the call is refused as the kernel would: taken, too many, not there. */
function succeeds(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (isTraplineError(error, "kvm")) return false;
    throw error;
  }
}
