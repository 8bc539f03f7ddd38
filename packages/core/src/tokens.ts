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
import type { SerialConsole } from "./serial/serial-port.ts";
import type { HypercallSpace } from "./vcpu/hypercall-space.ts";
import type { SysregSpace } from "./vcpu/sysreg-space.ts";
import type { BootEntry, Vcpu, VcpuBackend, VcpuTopology } from "./vcpu/vcpu.ts";
import type { PciHost } from "./pci/pci-host.ts";
import type { Vmm } from "./machine/vmm.ts";
import type { WireOrder } from "./wire/wire-order.ts";

/** The version of the contracts in this package. A plugin declares the one it was built for. */
export const API_VERSION = 1;

/** A token of this API version: `Symbol.for("trapline/1/NAME")`. */
export function token<T>(name: string): ServiceIdentifier<T> {
  return Symbol.for(`trapline/${API_VERSION}/${name}`) as ServiceIdentifier<T>;
}

/** The machine's clock. */
export const ClockToken = Symbol.for("trapline/1/Clock") as ServiceIdentifier<DrivenClock>;
/** The one order of the machine's wires. */
export const WireOrderToken = Symbol.for("trapline/1/WireOrder") as ServiceIdentifier<WireOrder>;
/** The memory-mapped address space. */
export const BusToken = Symbol.for("trapline/1/Bus") as ServiceIdentifier<Bus>;
/** The port address space. */
export const PortsToken = Symbol.for("trapline/1/Ports") as ServiceIdentifier<Bus>;
/** System registers that plugins implement. */
export const SysregsToken = Symbol.for("trapline/1/Sysregs") as ServiceIdentifier<SysregSpace>;
/** Hypercalls that plugins answer. */
export const HypercallsToken = Symbol.for("trapline/1/Hypercalls") as ServiceIdentifier<HypercallSpace>;
/** RAM and ROM. */
export const GuestMemoryToken = Symbol.for("trapline/1/GuestMemory") as ServiceIdentifier<GuestMemory>;
/** How many vCPUs there are, and their affinities. */
export const TopologyToken = Symbol.for("trapline/1/Topology") as ServiceIdentifier<VcpuTopology>;
/** Made by a backend plugin, at most one. */
export const VcpuBackendToken = Symbol.for("trapline/1/VcpuBackend") as ServiceIdentifier<VcpuBackend>;
/** Bound only where a boot loader is. */
export const BootEntryToken = Symbol.for("trapline/1/BootEntry") as ServiceIdentifier<BootEntry>;
/** The vCPUs, by id; bound when the backend has made them. */
export const VcpusToken = Symbol.for("trapline/1/Vcpus") as ServiceIdentifier<readonly Vcpu[]>;
/** A multi-binding: every irqchip of the machine, in machine order. */
export const IrqchipToken = Symbol.for("trapline/1/Irqchip") as ServiceIdentifier<Irqchip>;
/** From sources to chips: core's fixed router, or what a routing plugin provides instead. */
export const GsiRouterToken = Symbol.for("trapline/1/GsiRouter") as ServiceIdentifier<GsiRouter>;
/** Bound only where a routing plugin is. */
export const GsiRoutingToken = Symbol.for("trapline/1/GsiRouting") as ServiceIdentifier<GsiRouting>;
/** Bound where the eventfd plugin is. */
export const EventFdFactoryToken = Symbol.for("trapline/1/EventFdFactory") as ServiceIdentifier<EventFdFactory>;
/** Bound where the irqfd plugin is. */
export const IrqfdsToken = Symbol.for("trapline/1/Irqfds") as ServiceIdentifier<Irqfds>;
/** Bound where the ioeventfd plugin is. */
export const IoeventfdsToken = Symbol.for("trapline/1/Ioeventfds") as ServiceIdentifier<Ioeventfds>;
/** The machine's terminal. Whoever runs the machine provides it; without one, serial devices are not plugged in. */
export const SerialConsoleToken = Symbol.for("trapline/1/SerialConsole") as ServiceIdentifier<SerialConsole>;
/** A multi-binding: every PCI host bridge of the machine. See `findPciHost`. */
export const PciHostToken = Symbol.for("trapline/1/PciHost") as ServiceIdentifier<PciHost>;
/** The machine itself, as plugins see it. */
export const VmmToken = Symbol.for("trapline/1/Vmm") as ServiceIdentifier<Vmm>;
