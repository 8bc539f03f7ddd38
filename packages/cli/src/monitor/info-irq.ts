/** Where interrupts are: pins of irqchips, the vCPUs' own, the routes to them, and why one does not arrive. Changes nothing. */
import { describeIntid, GsiRoutingToken, hex, type Irqchip, type Machine, type PinState, type RouteTarget } from "@trapline/core";
import { table } from "@trapline/trace";
import { deliveryState, type Vgic, VgicToken } from "@trapline/vgic-plugin";

/** INTIDs that each vCPU has for itself. */
const PRIVATE_INTIDS = 32;

/** `info irq`: every pin that has a source or something to tell, the private interrupts that are in use, and why pending ones wait. */
export function infoIrq(machine: Machine): string {
  const blocks = machine.irqchips.map((chip, index) => chipTable(machine, chip, index));
  const vgic = machine.find(VgicToken);
  if (vgic !== undefined) blocks.push(privateTable(vgic, machine.vcpus.length), waiting(machine, vgic));
  if (blocks.length === 0) return "the machine has no irqchip";
  return blocks.filter((block) => block !== "").join("\n\n");
}

/** `info irq 33 0`: why that interrupt is or is not signalled. */
export function explainIrq(machine: Machine, intid: number, vcpu: number): string {
  const vgic = machine.find(VgicToken);
  return vgic === undefined ? "the machine has no GIC to ask" : vgic.explain(intid, vcpu).text;
}

/** `info gsi`: who drives which source, and where it leads; then the routes of messages. */
export function infoGsi(machine: Machine): string {
  const { router } = machine;
  const rows = router.sources.map(({ gsi, owner, trigger }) => [String(gsi), trigger, owner, leadsTo(machine, router.resolve(gsi))]);
  const messages = (machine.find(GsiRoutingToken)?.routes ?? []).filter(({ target }) => "msi" in target);
  const routed = messages.map(({ gsi, target }) => [String(gsi), "message", "", leadsTo(machine, [target])]);
  return table([["GSI", "trigger", "source", "leads to"], ...[...rows, ...routed].sort((a, b) => Number(a[0]) - Number(b[0]))]);
}

function leadsTo(machine: Machine, targets: readonly RouteTarget[]): string {
  const texts = targets.map((target) => {
    if ("msi" in target) return `message ${hex(target.msi.data)} to ${hex(target.msi.address)}`;
    const chip = machine.irqchips[target.irqchip];
    return chip === undefined ? `irqchip ${target.irqchip}, which is not there` : `${chip.name} pin ${target.pin}: ${chip.describePin(target.pin)}`;
  });
  return texts.length === 0 ? "nowhere" : texts.join(", ");
}

function chipTable(machine: Machine, chip: Irqchip, index: number): string {
  const owners = ownersOf(machine, index);
  const rows: string[][] = [];
  for (let pin = 0; pin < chip.pinCount; pin++) {
    const state = chip.peekPin(pin);
    const owner = owners.get(pin);
    if (state === undefined || (owner === undefined && !state.pending && !state.active && !state.line)) continue;
    rows.push([String(pin), chip.describePin(pin), state.line ? "high" : "low", stateOf(state), owner ?? ""]);
  }
  return rows.length === 0 ? `${chip.name}: ${chip.pinCount} pins, none in use` : `${chip.name}:\n${table([["pin", "guest's name", "line", "state", "source"], ...rows])}`;
}

/** Who drives each pin of a chip. */
function ownersOf({ router }: Machine, index: number): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  for (const { gsi, owner } of router.sources) {
    for (const target of router.resolve(gsi)) {
      if ("msi" in target || target.irqchip !== index) continue;
      const before = owners.get(target.pin);
      owners.set(target.pin, `${before === undefined ? "" : `${before}, `}${owner} (GSI ${gsi})`);
    }
  }
  return owners;
}

function stateOf({ pending, active, enabled }: Pick<PinState, "pending" | "active" | "enabled">): string {
  const words = [pending ? "pending" : "", active ? "active" : "", enabled ? "enabled" : "disabled"];
  return words.filter((word) => word !== "").join(", ");
}

/** SGIs and PPIs that are enabled or have something to tell. */
function privateTable(vgic: Vgic, vcpus: number): string {
  const rows = inEachVcpu(vcpus).flatMap(([vcpu, intid]) => {
    const { implemented, level, latch, edge, active, enabled } = deliveryState(vgic, intid, vcpu);
    const pending = latch || (level && !edge);
    if (!implemented || !(pending || active || level || (enabled && intid >= 16))) return [];
    return [[String(vcpu), `${describeIntid(intid)} (INTID ${intid})`, level ? "high" : "low", stateOf({ pending, active, enabled })]];
  });
  return rows.length === 0 ? "" : table([["vCPU", "guest's name", "line", "state"], ...rows]);
}

/** A sentence for each interrupt that is pending and not signalled. */
function waiting(machine: Machine, vgic: Vgic): string {
  const pins = Array.from({ length: vgic.pinCount }, (_, pin) => vgic.peekPin(pin));
  const shared = pins.flatMap((state) => {
    if (state === undefined || !state.pending || state.active) return [];
    const { intid, target } = state as PinState & { readonly intid: number; readonly target: number };
    return [[vgic.version === 3 && target >= 0 ? target : 0, intid] as const];
  });
  const own = inEachVcpu(machine.vcpus.length).filter(([vcpu, intid]) => {
    const { implemented, latch, level, edge, active } = deliveryState(vgic, intid, vcpu);
    return implemented && !active && (latch || (level && !edge));
  });
  const explained = [...shared, ...own].map(([vcpu, intid]) => vgic.explain(intid, vcpu));
  return explained.map(({ text }) => text).join("\n");
}

function inEachVcpu(vcpus: number): readonly (readonly [vcpu: number, intid: number])[] {
  return Array.from({ length: vcpus * PRIVATE_INTIDS }, (_, n) => [Math.floor(n / PRIVATE_INTIDS), n % PRIVATE_INTIDS] as const);
}
