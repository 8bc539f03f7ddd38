/**
 * The services every machine has, and the view of them that plugins get. Made before any plugin, closed after all of them.
 */
import type { ServiceIdentifier } from "inversify";
import { Bus } from "../bus/bus.ts";
import type { DrivenClock } from "../clock/clock.ts";
import { HostClock } from "../clock/host-clock.ts";
import { VirtualClock } from "../clock/virtual-clock.ts";
import { ConfigError, type TraplineError } from "../errors.ts";
import type { GsiRouter } from "../irq/gsi-router.ts";
import type { Irqchip } from "../irq/irqchip.ts";
import { GuestMemory } from "../memory/guest-memory.ts";
import type { MemoryRegion } from "../memory/memory-region.ts";
import * as tokens from "../tokens.ts";
import { HypercallSpace } from "../vcpu/hypercall-space.ts";
import { SysregSpace } from "../vcpu/sysreg-space.ts";
import { topology } from "../vcpu/topology.ts";
import type { Vcpu, VcpuBackend, VcpuTopology } from "../vcpu/vcpu.ts";
import { WireOrder } from "../wire/wire-order.ts";
import type { MachineConfig } from "./machine-config.ts";
import { MachineContainer } from "./machine-container.ts";
import type { ContainerClass } from "./machine-inversify.ts";
import type { Vmm } from "./vmm.ts";

/** What the machine does for its plugins; the rest of {@link Vmm} is services. */
export interface MachineActions {
  hold(): () => void;
  wake(): void;
  powerOff(status: number | undefined): void;
  requestReset(): void;
  report(error: TraplineError): void;
}

export class MachineCore implements Vmm {
  readonly machineName: string;
  readonly order: WireOrder;
  readonly clock: DrivenClock;
  readonly bus: Bus;
  readonly ports: Bus;
  readonly sysregs: SysregSpace;
  readonly hypercalls: HypercallSpace = new HypercallSpace();
  readonly container: MachineContainer;
  private readonly actions: MachineActions;
  private readonly config: MachineConfig;
  private madeMemory: GuestMemory | undefined;
  private madeTopology: VcpuTopology | undefined;
  private madeVcpus: readonly Vcpu[] | undefined;
  private foundRouter: GsiRouter | undefined;
  private foundIrqchips: readonly Irqchip[] | undefined;

  constructor(config: MachineConfig, inversify: ContainerClass, actions: MachineActions) {
    this.config = config;
    this.actions = actions;
    this.machineName = config.name ?? "machine";
    this.clock = config.clock?.kind === "host" ? new HostClock() : new VirtualClock(config.clock);
    this.order = new WireOrder(
      () => this.clock.nowNs(),
      (error) => actions.report(error),
    );
    this.bus = new Bus(this.order, "mmio", config.unclaimed);
    this.ports = new Bus(this.order, "pio", config.unclaimed);
    this.sysregs = new SysregSpace(this.order);
    this.container = new MachineContainer(inversify, config.parent);
    this.container.constant(tokens.ClockToken, this.clock);
    this.container.constant(tokens.WireOrderToken, this.order);
    this.container.constant(tokens.BusToken, this.bus);
    this.container.constant(tokens.PortsToken, this.ports);
    this.container.constant(tokens.SysregsToken, this.sysregs);
    this.container.constant(tokens.HypercallsToken, this.hypercalls);
    this.container.constant(tokens.VmmToken, this);
  }

  /** Second step, after the plugins are loaded: what depends on the backend they brought. */
  makeHardware(backend: VcpuBackend | undefined): void {
    const { memory = [], vcpus = backend === undefined ? 0 : 1 } = this.config;
    const count = typeof vcpus === "number" ? vcpus : vcpus.length;
    if (count > 0 && backend === undefined) {
      throw new ConfigError(`machine ${this.machineName} has ${count} vCPUs and nothing to run them`, {
        subject: "vcpus",
        value: count,
        limit: 0,
        remedy: "add a vCPU backend to its plugins: scripted(…), softCpu(…)",
      });
    }
    this.madeTopology = topology(count, typeof vcpus === "number" ? undefined : vcpus);
    const brought = this.config.plugins.flatMap((plugin) => plugin.memory ?? []);
    this.madeMemory = new GuestMemory(this.order, [...memory, ...brought], { reserveBytes: backend?.reserveBytes ?? 0 });
    this.container.constant(tokens.TopologyToken, this.madeTopology);
    this.container.constant(tokens.GuestMemoryToken, this.madeMemory);
    for (const region of this.ownRegions) this.bus.claim(region, this.madeMemory.device(region));
  }

  setVcpus(vcpus: readonly Vcpu[]): void {
    this.madeVcpus = vcpus;
    this.container.constant(tokens.VcpusToken, vcpus);
  }

  get memory(): GuestMemory {
    return this.madeMemory ?? tooEarly("memory");
  }

  /** The machine's own memory, without what plugins brought. */
  get ownRegions(): readonly MemoryRegion[] {
    return this.memory.regions.slice(0, this.config.memory?.length ?? 0);
  }

  get topology(): VcpuTopology {
    return this.madeTopology ?? tooEarly("topology");
  }

  get vcpus(): readonly Vcpu[] {
    return this.madeVcpus ?? tooEarly("vcpus");
  }

  get router(): GsiRouter {
    return (this.foundRouter ??= this.container.get(tokens.GsiRouterToken));
  }

  get irqchips(): readonly Irqchip[] {
    return (this.foundIrqchips ??= this.container.getAll(tokens.IrqchipToken));
  }

  get<T>(token: ServiceIdentifier<T>): T {
    return this.container.get(token);
  }

  getAll<T>(token: ServiceIdentifier<T>): readonly T[] {
    return this.container.getAll(token);
  }

  find<T>(token: ServiceIdentifier<T>): T | undefined {
    return this.container.find(token);
  }

  hold(): () => void {
    return this.actions.hold();
  }

  wake(): void {
    this.actions.wake();
  }

  powerOff(status?: number): void {
    this.actions.powerOff(status);
  }

  requestReset(): void {
    this.actions.requestReset();
  }

  report(error: TraplineError): void {
    this.actions.report(error);
  }

  async close(): Promise<void> {
    this.bus.close();
    this.ports.close();
    this.sysregs.close();
    this.hypercalls.close();
    this.madeMemory?.close();
    await this.container.close();
  }
}

function tooEarly(what: string): never {
  throw new ConfigError(`${what} does not exist while the vCPU backend is being made`, {
    subject: what,
    remedy: "ask for it in createVcpus or attach",
  });
}
