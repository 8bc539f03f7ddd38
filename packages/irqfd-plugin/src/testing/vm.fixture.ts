/** A machine for the specs: the four plugins, irqchips from the contract, a scripted backend, and the façade on top. */
import { createMachine, definePlugin, errnoName, type EventFd, EventFdFactoryToken, IrqchipToken, type Machine, type PluginDefinition, provideAlso, scripted } from "@trapline/core";
import { FdTable } from "../kvm/fd-table.ts";
import * as abi from "../kvm/kvm-abi.ts";
import { KvmIrqApi } from "../kvm/kvm-irq-api.ts";
import { kvmInterrupts } from "../kvm-interrupts.ts";
import { type GsiRoutingOptions, TableRouterToken } from "../routing/gsi-routing-plugin.ts";
import type { TableRouter } from "../routing/table-router.ts";
import { PinChip, type PinChipOptions } from "./pin-chip.fixture.ts";

export type ProfileName = NonNullable<GsiRoutingOptions["profile"]>;
export const PROFILES: readonly ProfileName[] = ["rfc2014", "mainline", "wide"];

export interface VmOptions extends GsiRoutingOptions {
  /** Default: one GIC. */
  readonly chips?: readonly PinChipOptions[];
  /** Default 1. */
  readonly vcpus?: number;
  readonly plugins?: readonly PluginDefinition[];
  readonly fds?: FdTable;
}

export interface Vm {
  readonly machine: Machine;
  readonly api: KvmIrqApi;
  readonly router: TableRouter;
  /** The first one; an error to use where there is none. */
  readonly chip: PinChip;
  readonly chips: readonly PinChip[];
  eventFd(options?: { count?: number; semaphore?: boolean; name?: string }): EventFd & { readonly fd: number };
}

/** Composes it; `closeVms` in afterEach. */
export async function vm(options: VmOptions = {}): Promise<Vm> {
  const { chips: chipOptions = [{}], vcpus = 1, plugins = [], profile, maxRoutes, fds = new FdTable() } = options;
  const chips: PinChip[] = [];
  const machine = await createMachine({
    vcpus,
    plugins: [
      ...(vcpus > 0 ? [scripted()] : []),
      ...kvmInterrupts({ ...(profile === undefined ? {} : { profile }), ...(maxRoutes === undefined ? {} : { maxRoutes }) }),
      ...chipOptions.map((option, index) =>
        definePlugin({
          name: `chip${index}`,
          provides: [
            provideAlso(IrqchipToken, ({ order }) => {
              chips[index] = new PinChip(order, { name: `chip${index}`, vcpus: Math.max(1, vcpus), ...option });
              return chips[index];
            }),
          ],
        }),
      ),
      ...plugins,
    ],
  });
  open.push(machine);
  const api = new KvmIrqApi(machine, fds);
  return {
    machine,
    api,
    router: machine.get(TableRouterToken),
    chip: chips[0]!,
    chips,
    eventFd(eventFdOptions = {}) {
      const eventFd = machine.get(EventFdFactoryToken).create(eventFdOptions);
      return Object.assign(eventFd, { fd: fds.install(eventFd) });
    },
  };
}

const open: Machine[] = [];

export async function closeVms(): Promise<void> {
  for (const machine of open.splice(0)) await machine.close();
}

/** "EINVAL" for −22; the number itself when it is no errno. */
export function answer(result: number): string | number {
  return result < 0 ? (errnoName(result) ?? result) : result;
}

/** A routing entry for a pin, for a message. */
export const irqchipEntry = (gsi: number, pin: number, irqchip = 0): abi.KvmIrqRoutingEntry => ({ gsi, type: abi.KVM_IRQ_ROUTING_IRQCHIP, flags: 0, u: { irqchip: { irqchip, pin } } });
export const msiEntry = (gsi: number, address: number, data: number, devid?: number): abi.KvmIrqRoutingEntry => ({
  gsi,
  type: abi.KVM_IRQ_ROUTING_MSI,
  flags: devid === undefined ? 0 : abi.KVM_MSI_VALID_DEVID,
  u: { msi: { addressLo: address, addressHi: 0, data, devid: devid ?? 0 } },
});

/** KVM_SET_GSI_ROUTING with these entries. */
export const setRouting = (api: KvmIrqApi, ...entries: abi.KvmIrqRoutingEntry[]): string | number => answer(api.setGsiRouting({ nr: entries.length, flags: 0, entries }));

/** The word of KVM_IRQ_LINE, and the GSI of the profiles that name sources by it. */
export const word = (type: number, number: number, vcpu = 0): number => (((vcpu >> 8) << 28) | (type << 24) | ((vcpu & 0xff) << 16) | number) >>> 0;
export const SPI = abi.KVM_ARM_IRQ_TYPE_SPI;
export const PPI = abi.KVM_ARM_IRQ_TYPE_PPI;

/** The GSI of SPI `n` (INTID 32 + n) in a profile, and the pin that its default route leads to on a GIC of `vcpus` vCPUs. */
export function spiGsi(profile: ProfileName, n: number): number {
  return profile === "mainline" ? n : word(SPI, 32 + n);
}
export function spiPin(profile: ProfileName, n: number, vcpus = 1): number {
  return { mainline: 0, rfc2014: 16 * vcpus, wide: 80 * vcpus }[profile] + n;
}

export { abi };
