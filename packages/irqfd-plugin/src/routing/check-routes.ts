/**
 * The checks of KVM_SET_GSI_ROUTING that concern the table itself, in the kernel's order (kvm-irq-abi.md, C.2, rows 3, 6, 8
 * and 9). What only a C structure can get wrong (flags, entry types) is checked by KvmIrqApi before.
 *
 * Warm: a table of 4096 routes is checked in a small part of a millisecond, so sentences are made for refusals only.
 */
import { type GsiRoute, hex, type RouteTarget } from "@trapline/core";
import { refusal } from "../refusal.ts";
import type { RoutingProfile } from "./routing-profile.ts";

/** The targets of every GSI, in the order of the entries. */
export type Routes = Map<number, readonly RouteTarget[]>;

/**
 * @param pinLimits one per irqchip of the machine
 * @throws KvmError EINVAL
 */
export function checkRoutes(routes: readonly GsiRoute[], profile: RoutingProfile, pinLimits: readonly number[]): Routes {
  if (routes.length > profile.maxRoutes) {
    throw refusal("EINVAL", "kvm_irq_routing.nr", routes.length, `0 … ${profile.maxRoutes}`, "route fewer GSIs, or use a profile with room for more");
  }
  checkGsis(routes, profile);
  const table: Routes = new Map();
  for (let index = 0; index < routes.length; index++) {
    const { gsi, target } = routes[index]!;
    const before = table.get(gsi);
    checkTarget("entries", index, target, pinLimits);
    if (before === undefined) {
      table.set(gsi, [target]);
    } else {
      checkSharing("entries", index, gsi, before, target);
      table.set(gsi, [...before, target]);
    }
  }
  return table;
}

/** Row 6, over all entries before anything else of any of them is looked at. @throws KvmError EINVAL */
export function checkGsis(entries: readonly { readonly gsi: number }[], profile: RoutingProfile): void {
  for (let index = 0; index < entries.length; index++) {
    const { gsi } = entries[index]!;
    const fault = Number.isInteger(gsi) ? profile.gsiFault(gsi) : "a whole number";
    if (fault !== undefined) throw refusal("EINVAL", `entries[${index}].gsi`, hex(gsi), fault);
  }
}

/** The same for the targets of one GSI. @throws KvmError EINVAL */
export function checkTargets(gsi: number, targets: readonly RouteTarget[], pinLimits: readonly number[]): void {
  for (const [index, target] of targets.entries()) {
    checkTarget("targets", index, target, pinLimits);
    checkSharing("targets", index, gsi, targets.slice(0, index), target);
  }
}

/** A message stands alone; pins may stand together when each is of another chip. */
function checkSharing(list: string, index: number, gsi: number, before: readonly RouteTarget[], target: RouteTarget): void {
  for (const other of before) {
    if (!("pin" in other) || !("pin" in target)) {
      throw refusal("EINVAL", `${list}[${index}].gsi`, hex(gsi), "a GSI without another entry, next to an MSI,", "give the MSI a GSI of its own");
    }
    if (other.irqchip === target.irqchip) {
      throw refusal("EINVAL", `${list}[${index}].irqchip`, target.irqchip, `an irqchip that GSI ${hex(gsi)} does not lead to yet`, "route a GSI once per irqchip");
    }
  }
}

function checkTarget(list: string, index: number, target: RouteTarget, pinLimits: readonly number[]): void {
  if (!("pin" in target)) return;
  const { irqchip, pin } = target;
  const limit = pinLimits[irqchip];
  if (limit === undefined) throw refusal("EINVAL", `${list}[${index}].irqchip`, irqchip, `0 … ${pinLimits.length - 1}`);
  if (!Number.isInteger(pin) || pin < 0 || pin >= limit) throw refusal("EINVAL", `${list}[${index}].pin`, pin, `0 … ${limit - 1}`);
}
