/**
 * One message of a function on its way to the interrupt controller (docs/adr/0032-pci-and-msi-x.md). Where the machine has
 * routing, irqfd and eventfds, it is an eventfd bound to a GSI of its own, and the message is that GSI's route: an interrupt is one
 * signal, and a kernel could take it from there. Elsewhere it goes straight to the router.
 *
 * Warm: `send`, once per interrupt. Everything else follows what software programs.
 */
import {
  type AllocatedGsi,
  EventFdFactoryToken,
  type EventFd,
  GsiRoutingToken,
  HostError,
  IrqfdsToken,
  isTraplineError,
  type KvmError,
  messageOf,
  toBigint,
  type U64,
  type Vmm,
} from "@trapline/core";
import { Subscription } from "rxjs";

interface Irqfd {
  readonly eventFd: EventFd;
  readonly gsi: AllocatedGsi;
}

export class MessageSource {
  private readonly name: string;
  private readonly deviceId: number;
  private readonly vmm: Vmm;
  private readonly irqfd: Irqfd | undefined;
  /** What the route says; undefined while there is none. */
  private routed: { readonly address: U64; readonly data: number } | undefined;

  /** @throws KvmError ENOSPC when the routing profile has no GSI left */
  constructor(name: string, deviceId: number, vmm: Vmm, scope: Subscription) {
    this.name = name;
    this.deviceId = deviceId;
    this.vmm = vmm;
    this.irqfd = bind(name, vmm, scope);
  }

  /** Software says where the message goes: the route follows at once, so that dumps and traces show it before the first interrupt. */
  program(address: U64, data: number): void {
    if (this.irqfd === undefined || (this.routed?.address === address && this.routed.data === data)) return;
    try {
      this.irqfd.gsi.route([{ msi: { address: toBigint(address), data, deviceId: this.deviceId } }]);
      this.routed = { address, data };
    } catch (cause) {
      if (!isTraplineError(cause, "kvm")) throw cause;
      this.routed = undefined;
      const remedy = "leave room in the routing table for the messages of devices; until then they go without a route";
      this.vmm.report(new HostError(`${this.name} cannot be routed: ${messageOf(cause)}`, { subject: this.name, remedy, cause }));
    }
  }

  send(address: U64, data: number): void {
    this.program(address, data);
    if (this.routed === undefined) this.vmm.router.msi$.emit(address, data, this.deviceId);
    else this.irqfd!.eventFd.signal();
  }

  /** After a reset: no route until software programs it again. */
  unroute(): void {
    this.irqfd?.gsi.route([]);
    this.routed = undefined;
  }

  /** The router restores its routes itself, whatever they were. */
  restored(): void {
    this.routed = undefined;
  }
}

/** The eventfd and its GSI; undefined in a machine without them, or whose irqchips are not initialised. */
function bind(name: string, vmm: Vmm, scope: Subscription): Irqfd | undefined {
  const routing = vmm.find(GsiRoutingToken);
  const irqfds = vmm.find(IrqfdsToken);
  const eventFds = vmm.find(EventFdFactoryToken);
  if (routing === undefined || irqfds === undefined || eventFds === undefined || vmm.irqchips.length === 0) return undefined;
  const held = new Subscription();
  scope.add(held);
  const gsi = routing.allocate(name);
  held.add(() => gsi.release());
  const eventFd = eventFds.create({ name });
  held.add(() => eventFd.close());
  try {
    irqfds.assign({ eventFd, gsi: gsi.gsi });
    return { eventFd, gsi };
  } catch (cause) {
    held.unsubscribe();
    if (isTraplineError(cause, "kvm") && (cause as KvmError).errno === "EAGAIN") return undefined;
    throw cause;
  }
}
