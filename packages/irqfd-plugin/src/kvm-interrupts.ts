/** The four plugins at once, for machines that want all of KVM's interrupt plumbing. */
import type { PluginDefinition } from "@trapline/core";
import { eventfd } from "./eventfd/eventfd-plugin.ts";
import { ioeventfd } from "./ioeventfd/ioeventfd-plugin.ts";
import { irqfd } from "./irqfd/irqfd-plugin.ts";
import { gsiRouting, type GsiRoutingOptions } from "./routing/gsi-routing-plugin.ts";

/**
 * @example
 * createMachine({ plugins: [...kvmInterrupts({ profile: "wide" }), …] })
 */
export function kvmInterrupts(options: GsiRoutingOptions = {}): readonly PluginDefinition[] {
  return [eventfd(), gsiRouting(options), irqfd(), ioeventfd()];
}
