/**
 * Holds a machine against the device tree its guest will get: triggers, interrupts and addresses that the two tell differently. Reads what
 * is there; changes nothing. `lintDeviceTree` judges the tree by itself.
 */
import type { DeviceTree } from "../devicetree/index.ts";
import { TreeIndex } from "../devicetree/tree-index.ts";
import type { Machine } from "../machine/machine.ts";
import { GsiRoutingToken, IrqfdsToken } from "../tokens.ts";
import { lintAddressMap } from "./lint-address-map.ts";
import { lintInterruptWiring } from "./lint-interrupt-wiring.ts";
import type { MachineFinding, MachineFindingSink } from "./machine-finding.ts";
import { treeAddresses } from "./tree-addresses.ts";
import { treeInterrupts } from "./tree-interrupts.ts";

/**
 * The findings, by check; none for a machine in order.
 * @param tree the one that the guest gets. Default: the machine's own
 */
export function lintMachine(machine: Machine, tree: DeviceTree = machine.deviceTree()): MachineFinding[] {
  const findings: MachineFinding[] = [];
  const sink: MachineFindingSink = {
    error: (rule, subject, message, remedy) => void findings.push({ severity: "error", rule, subject, message, remedy }),
    warning: (rule, subject, message, remedy) => void findings.push({ severity: "warning", rule, subject, message, remedy }),
  };
  const index = new TreeIndex(tree);
  const addresses = treeAddresses(index);
  const { router, irqchips, bus } = machine;
  // An irqfd that resamples raises again what is left when the guest is done; any other pulses.
  const irqfds = (machine.find(IrqfdsToken)?.bindings ?? []).map(({ eventFd, gsi, resample }) => ({
    gsi,
    owner: eventFd.name,
    trigger: resample === undefined ? ("edge" as const) : ("either" as const),
  }));
  const wired = {
    irqchips,
    sources: [...router.sources, ...irqfds],
    resolve: (gsi: number) => router.resolve(gsi),
    reroutes: machine.find(GsiRoutingToken) !== undefined,
    claimantOf: (address: number) => bus.claimAt(address)?.name,
  };
  lintInterruptWiring(wired, treeInterrupts(index), addresses, sink);
  lintAddressMap(bus.claims, addresses, sink);
  return findings;
}
