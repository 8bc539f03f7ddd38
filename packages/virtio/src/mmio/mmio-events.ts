/**
 * How an mmio device is rung and interrupts: by eventfds where the machine has them, as a VMM on KVM does it.
 *
 * A doorbell is an ioeventfd on QueueNotify, one for each queue, told apart by the value written. The interrupt is an irqfd that
 * resamples: its GSI stays high until the guest finished the interrupt and, with InterruptStatus still set, is raised again. So
 * nothing is lost where the guest takes edges (QEMU's device tree says so), and where it leaves its input level-sensitive, as
 * reset does. Without these plugins QueueNotify is a register and the interrupt a line, high while InterruptStatus is not 0.
 */
import { EventFdFactoryToken, IoeventfdsToken, IrqfdsToken, type LevelLine, type Vmm } from "@trapline/core";
import type { Subscription } from "rxjs";
import type { MmioInterrupt, VirtioMmio } from "./virtio-mmio.ts";

const QUEUE_NOTIFY = 0x050;

/** Doorbells for every queue; nothing without eventfds and ioeventfds. */
export function ringByEventFd(vmm: Vmm, mmio: VirtioMmio, base: number, scope: Subscription): void {
  const factory = vmm.find(EventFdFactoryToken);
  const ioeventfds = vmm.find(IoeventfdsToken);
  if (factory === undefined || ioeventfds === undefined) return;
  const { state } = mmio;
  for (const index of state.queues.keys()) {
    const eventFd = factory.create({ name: `${state.device.name}-queue${index}` });
    eventFd.signals$.own(state.device.name, () => {
      eventFd.read();
      state.notify(index);
    });
    const binding = { eventFd, space: "mmio", address: base + QUEUE_NOTIFY, length: 4, datamatch: index } as const;
    ioeventfds.assign(binding);
    scope.add(() => {
      ioeventfds.deassign(binding);
      eventFd.close();
    });
  }
}

/** Connects the interrupt to `gsi`: through an irqfd, or with a line. Irqchips must be initialised. */
export function interruptThrough(vmm: Vmm, mmio: VirtioMmio, gsi: number, scope: Subscription): void {
  const factory = vmm.find(EventFdFactoryToken);
  const irqfds = vmm.irqchips.length === 0 ? undefined : vmm.find(IrqfdsToken);
  const { name } = mmio.state.device;
  if (factory === undefined || irqfds === undefined) {
    mmio.interrupt = new LineInterrupt(vmm.router.line(gsi, name));
    return;
  }
  const [eventFd, resample] = [factory.create({ name: `${name}-irq` }), factory.create({ name: `${name}-resample` })];
  resample.signals$.own(name, () => {
    resample.read();
    if (mmio.interruptStatus !== 0) eventFd.signal();
  });
  irqfds.assign({ eventFd, gsi, resample });
  scope.add(() => {
    irqfds.deassign({ eventFd, gsi });
    for (const each of [eventFd, resample]) each.close();
  });
  mmio.interrupt = { raise: () => eventFd.signal(), lower: () => {} };
}

/** High while there is a reason; one that comes meanwhile makes another edge, for guests that take edges. */
class LineInterrupt implements MmioInterrupt {
  private readonly line: LevelLine;

  constructor(line: LevelLine) {
    this.line = line;
  }

  raise(): void {
    this.line.set(false);
    this.line.set(true);
  }

  lower(): void {
    this.line.set(false);
  }
}
