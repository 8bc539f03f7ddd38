/** Lint: addresses of the device tree against those that devices and memory have claimed. */
import { formatRange } from "../bus/address-range.ts";
import { stringsOf } from "../devicetree/tree-index.ts";
import type { AddressRange } from "../bus/address-range.ts";
import type { MachineFindingSink } from "./machine-finding.ts";
import type { TreeAddress } from "./tree-addresses.ts";

export type NamedRange = AddressRange & { readonly name: string };

export function lintAddressMap(claims: readonly NamedRange[], addresses: readonly TreeAddress[], sink: MachineFindingSink): void {
  for (const { node, kind, base, size } of addresses) {
    const status = stringsOf(node, "status")?.[0];
    if (kind === "window" || (status !== undefined && status !== "okay" && status !== "ok")) continue;
    if (claims.some((claim) => holds(claim, base))) continue;
    const inside = claims.find((claim) => claim.base < base + size && base < claim.base + claim.size);
    if (inside === undefined) {
      const nearest = nearestTo(claims, base);
      const hint = nearest === undefined ? "" : `; the nearest claim is ${nearest.name} at ${formatRange(nearest)}`;
      sink.error(
        "unclaimed-address",
        node.path,
        `it has ${formatRange({ base, size })}, which no device claims${hint}: what a driver touches there aborts`,
        "correct its reg, or add the device",
      );
    } else {
      const message = `it has ${formatRange({ base, size })}, of which ${inside.name} at ${formatRange(inside)} claims only a part, and not the beginning`;
      sink.warning("unclaimed-address", node.path, message, "make the two begin at the same address");
    }
  }
  if (addresses.length === 0) return;
  for (const claim of claims) {
    if (addresses.some((address) => holds(address, claim.base) || holds(claim, address.base))) continue;
    sink.warning(
      "undescribed-address",
      claim.name,
      `it is at ${formatRange(claim)}, and no node of the tree has that address`,
      "describe it, if the guest is to find it",
    );
  }
}

const holds = ({ base, size }: AddressRange, address: number): boolean => address >= base && address < base + size;

function nearestTo(claims: readonly NamedRange[], address: number): NamedRange | undefined {
  const distance = ({ base, size }: AddressRange): number => (address < base ? base - address : address - base - size + 1);
  return [...claims].sort((a, b) => distance(a) - distance(b))[0];
}
