/**
 * Every service of core, by the token under which a machine's container binds it. `Symbol.for`, so that a plugin built
 * against another copy of this package means the same service. The number is the API version.
 *
 * Cast, not annotated: an annotated constant would narrow back to `symbol` and lose the type.
 */
import type { ServiceIdentifier } from "inversify";
import type { Bus } from "./bus/bus.ts";
import type { DrivenClock } from "./clock/clock.ts";
import type { EventFdFactory } from "./event/event-fd.ts";
import type { Ioeventfds } from "./event/ioeventfd.ts";
import type { Irqfds } from "./event/irqfd.ts";
import type { GsiRouter, GsiRouting } from "./irq/gsi-router.ts";
import type { Irqchip } from "./irq/irqchip.ts";
import type { GuestMemory } from "./memory/guest-memory.ts";
import type { HypercallSpace } from "./vcpu/hypercall-space.ts";
import type { SysregSpace } from "./vcpu/sysreg-space.ts";
import type { Vcpu, VcpuBackend, VcpuTopology } from "./vcpu/vcpu.ts";
import type { Vmm } from "./machine/vmm.ts";
import type { WireOrder } from "./wire/wire-order.ts";

/** The version of the contracts in this package. A plugin declares the one it was built for. */
export const API_VERSION = 1;

/** A token of this API version: `Symbol.for("trapline/1/NAME")`. */
export function token<T>(name: string): ServiceIdentifier<T> {
  return Symbol.for(`trapline/${API_VERSION}/${name}`) as ServiceIdentifier<T>;
}

export const ClockToken = Symbol.for("trapline/1/Clock") as ServiceIdentifier<DrivenClock>;
export const WireOrderToken = Symbol.for("trapline/1/WireOrder") as ServiceIdentifier<WireOrder>;
/** The memory-mapped address space. */
export const BusToken = Symbol.for("trapline/1/Bus") as ServiceIdentifier<Bus>;
/** The port address space. */
export const PortsToken = Symbol.for("trapline/1/Ports") as ServiceIdentifier<Bus>;
export const SysregsToken = Symbol.for("trapline/1/Sysregs") as ServiceIdentifier<SysregSpace>;
export const HypercallsToken = Symbol.for("trapline/1/Hypercalls") as ServiceIdentifier<HypercallSpace>;
export const GuestMemoryToken = Symbol.for("trapline/1/GuestMemory") as ServiceIdentifier<GuestMemory>;
export const TopologyToken = Symbol.for("trapline/1/Topology") as ServiceIdentifier<VcpuTopology>;
/** Made by a backend plugin, at most one. */
export const VcpuBackendToken = Symbol.for("trapline/1/VcpuBackend") as ServiceIdentifier<VcpuBackend>;
export const VcpusToken = Symbol.for("trapline/1/Vcpus") as ServiceIdentifier<readonly Vcpu[]>;
/** A multi-binding: every irqchip of the machine, in machine order. */
export const IrqchipToken = Symbol.for("trapline/1/Irqchip") as ServiceIdentifier<Irqchip>;
export const GsiRouterToken = Symbol.for("trapline/1/GsiRouter") as ServiceIdentifier<GsiRouter>;
/** Bound only where a routing plugin is. */
export const GsiRoutingToken = Symbol.for("trapline/1/GsiRouting") as ServiceIdentifier<GsiRouting>;
export const EventFdFactoryToken = Symbol.for("trapline/1/EventFdFactory") as ServiceIdentifier<EventFdFactory>;
export const IrqfdsToken = Symbol.for("trapline/1/Irqfds") as ServiceIdentifier<Irqfds>;
export const IoeventfdsToken = Symbol.for("trapline/1/Ioeventfds") as ServiceIdentifier<Ioeventfds>;
/** The machine itself, as plugins see it. */
export const VmmToken = Symbol.for("trapline/1/Vmm") as ServiceIdentifier<Vmm>;
