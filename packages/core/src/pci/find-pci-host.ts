/** Finds the host bridge that a plugin's function goes into. Cold. */
import { ConfigError } from "../errors.ts";
import type { Vmm } from "../machine/vmm.ts";
import { PciHostToken } from "../tokens.ts";
import type { PciHost } from "./pci-host.ts";

/**
 * The host named `host`, or the machine's first.
 * @param owner who asks, for the error
 * @throws ConfigError when there is none, naming those there are
 */
export function findPciHost(vmm: Vmm, owner: string, host?: string): PciHost {
  const hosts = vmm.getAll(PciHostToken);
  const found = host === undefined ? hosts[0] : hosts.find(({ name }) => name === host);
  if (found !== undefined) return found;
  const there = hosts.length === 0 ? "none" : hosts.map(({ name }) => name).join(", ");
  throw new ConfigError(`${owner} wants PCI host ${host ?? "of any name"}, and the machine has ${there}`, {
    subject: owner,
    other: host ?? "a PCI host",
    remedy: hosts.length === 0 ? "add pcieHost() to its plugins" : "name one of those",
  });
}
