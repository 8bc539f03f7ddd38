/**
 * What a plugin sees of its machine: the services of core, looked up in the machine's container when first asked for, so
 * that a replaced binding is seen by everybody. Resolve once and keep the reference: a look-up costs more than a field.
 */
import type { ServiceIdentifier } from "inversify";
import type { Bus } from "../bus/bus.ts";
import type { DrivenClock } from "../clock/clock.ts";
import type { TraplineError } from "../errors.ts";
import type { GsiRouter } from "../irq/gsi-router.ts";
import type { Irqchip } from "../irq/irqchip.ts";
import type { GuestMemory } from "../memory/guest-memory.ts";
import type { HypercallSpace } from "../vcpu/hypercall-space.ts";
import type { SysregSpace } from "../vcpu/sysreg-space.ts";
import type { Vcpu, VcpuTopology } from "../vcpu/vcpu.ts";
import type { WireOrder } from "../wire/wire-order.ts";

export interface Vmm {
  /** Name of the machine. */
  readonly machineName: string;
  /** Hand it to `new Wire` and to `irqchipWires`. */
  readonly order: WireOrder;
  readonly clock: DrivenClock;
  readonly bus: Bus;
  readonly ports: Bus;
  readonly sysregs: SysregSpace;
  readonly hypercalls: HypercallSpace;
  readonly memory: GuestMemory;
  readonly topology: VcpuTopology;
  readonly vcpus: readonly Vcpu[];
  readonly router: GsiRouter;
  /** In machine order. */
  readonly irqchips: readonly Irqchip[];
  /** @throws ConfigError naming the token when nothing provides it. */
  get<T>(token: ServiceIdentifier<T>): T;
  getAll<T>(token: ServiceIdentifier<T>): readonly T[];
  /** Undefined when nothing provides it. */
  find<T>(token: ServiceIdentifier<T>): T | undefined;
  /** Input may come from outside: an idle machine waits for it instead of ending. Returns the release. */
  hold(): () => void;
  /** Input came: an idle machine looks again. */
  wake(): void;
  /** Ends `run`: the guest switched the machine off, or, with a status, it reported to a device (a test device, say) how it ended. */
  powerOff(status?: number): void;
  /** Resets the machine between two instructions, as if the guest had asked. */
  requestReset(): void;
  /** Something went wrong that the machine survives; it travels on `machine.errors$`. */
  report(error: TraplineError): void;
}
