/**
 * The wiring as people read it, one line per source: GSI → chip, pin → INTID → vCPU, and who drives it.
 *
 *     GSI 0x0100_0028  → gic pin 8 → SPI 8 (INTID 40) → vcpu0         ← uart0 (level), irqfd e1
 *     GSI 0x0800_0000  → MSI 0x0809_0040 data 0x3 device 0x10         ← nvme (edge)
 */
import { type GsiRouter, GsiRoutingToken, hex, IrqfdsToken, type RouteTarget, type Vmm } from "@trapline/core";

/** Works on any machine; with core's fixed router it shows the lines there are. Cold, changes nothing a guest can see. */
export function dumpRouting(host: Pick<Vmm, "router" | "find">): string {
  const { router } = host;
  const routed = new Map<number, RouteTarget[]>();
  for (const { gsi, target } of host.find(GsiRoutingToken)?.routes ?? []) routed.set(gsi, [...(routed.get(gsi) ?? []), target]);
  const users = new Map<number, string[]>();
  const use = (gsi: number, user: string): void => void users.set(gsi, [...(users.get(gsi) ?? []), user]);
  for (const { gsi, owner, trigger } of router.sources) use(gsi, `${owner} (${trigger})`);
  for (const { eventFd, gsi, resample } of host.find(IrqfdsToken)?.bindings ?? []) {
    use(gsi, `irqfd ${eventFd.name}${resample === undefined ? "" : ` (resample ${resample.name})`}`);
  }
  const gsis = [...new Set([...routed.keys(), ...users.keys()])].toSorted((a, b) => a - b);
  return gsis.map((gsi) => `GSI ${gsi < 4096 ? gsi : hex(gsi, 8)}  ${leadsTo(router, gsi, routed.get(gsi) ?? [])}${drivenBy(users.get(gsi) ?? [])}`).join("\n");
}

function leadsTo(router: GsiRouter, gsi: number, entries: readonly RouteTarget[]): string {
  const targets = router.resolve(gsi);
  if (targets.length !== 0) return targets.map((target) => `→ ${describe(router, target)}`).join("  ");
  const swallowed = entries.find((entry) => "pin" in entry);
  return swallowed === undefined || !("pin" in swallowed) ? "→ nowhere" : `→ pin ${swallowed.pin} of irqchip ${swallowed.irqchip}, not implemented`;
}

function describe(router: GsiRouter, target: RouteTarget): string {
  if ("msi" in target) {
    const { address, data, deviceId } = target.msi;
    return `MSI ${hex(address, 8)} data ${hex(data)}${deviceId === undefined ? "" : ` device ${hex(deviceId)}`}`;
  }
  const irqchip = router.irqchips[target.irqchip]!;
  const vcpu = irqchip.peekPin(target.pin)?.["vcpu"];
  return `${irqchip.name} pin ${target.pin} → ${irqchip.describePin(target.pin)}${typeof vcpu === "number" ? ` → vcpu${vcpu}` : ""}`;
}

function drivenBy(users: readonly string[]): string {
  return users.length === 0 ? "" : `  ← ${users.join(", ")}`;
}
