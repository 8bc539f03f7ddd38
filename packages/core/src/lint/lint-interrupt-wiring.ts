/**
 * Lint: what devices drive against what the tree tells the guest. An input that the guest configures for edges loses what a held line
 * asks for, and one for levels forgets a pulse at once (Arm IHI 0069, "Interrupt states"); a device on another input than its node says
 * is never heard. Sources that a GIC gets as messages have no input and are not judged.
 */
import { stringsOf } from "../devicetree/tree-index.ts";
import { describeIntid, hex } from "../ids.ts";
import type { RouteTarget } from "../irq/gsi-router.ts";
import type { Irqchip } from "../irq/irqchip.ts";
import type { TreeAddress } from "./tree-addresses.ts";
import type { TreeInterrupt } from "./tree-interrupts.ts";
import type { MachineFindingSink } from "./machine-finding.ts";

/** Who drives a GSI, and how. */
export interface WiringSource {
  readonly gsi: number;
  readonly owner: string;
  /** `either`: it holds its line and makes an edge for every reason, so both configurations are right. */
  readonly trigger: "level" | "edge" | "either";
}

/** Transports that make an edge for each reason while they hold their line: QEMU's tree calls them edge-triggered, drivers take both. */
const EITHER = "virtio,mmio";

/** The machine, as far as these rules ask. */
export interface WiredMachine {
  readonly irqchips: readonly Irqchip[];
  readonly sources: readonly WiringSource[];
  readonly resolve: (gsi: number) => readonly RouteTarget[];
  /** GSIs can be routed while the machine runs. */
  readonly reroutes: boolean;
  /** The name under which an address is claimed. */
  readonly claimantOf: (address: number) => string | undefined;
}

/** A source that reaches a pin. */
interface Wire extends WiringSource {
  readonly chip: Irqchip;
  readonly pin: number;
  /** What the guest calls the pin; undefined for a chip without INTIDs. */
  readonly intid: number | undefined;
}

export function lintInterruptWiring(
  machine: WiredMachine,
  interrupts: readonly TreeInterrupt[],
  addresses: readonly TreeAddress[],
  sink: MachineFindingSink,
): void {
  const wires = machine.sources.flatMap((source) => follow(machine, source, sink));
  lintShared(wires, sink);
  lintTriggers(wires, interrupts, sink);
  lintPlaces(machine, wires, interrupts, addresses, sink);
}

/** Where a source leads; says so when that is nowhere. */
function follow({ irqchips, resolve, reroutes }: WiredMachine, source: WiringSource, sink: MachineFindingSink): Wire[] {
  const { gsi, owner, trigger } = source;
  const targets = resolve(gsi);
  if (targets.length === 0) {
    const message = `it drives GSI ${gsi} (${trigger}), which leads ${irqchips.length === 0 ? "nowhere: the machine has no irqchip" : "to no pin"}`;
    const tell = irqchips.length === 0 || (trigger === "edge" && reroutes) ? sink.warning : sink.error;
    tell(
      "unrouted-interrupt",
      owner,
      message,
      irqchips.length === 0 ? "add an irqchip, or poll it" : "give it a GSI that has a route, or route this one",
    );
    return [];
  }
  return targets.flatMap((target) => {
    const chip = "msi" in target ? undefined : irqchips[target.irqchip];
    if (chip === undefined || "msi" in target) return [];
    if (chip.peekPin(target.pin) !== undefined) return [{ ...source, chip, pin: target.pin, intid: intidOf(chip, target.pin) }];
    const message = `it drives GSI ${gsi}, which leads to ${chip.name} pin ${target.pin} (${chip.describePin(target.pin)}): ${chip.name} swallows what comes in there`;
    sink.error("unimplemented-pin", owner, message, `use a pin that ${chip.name} has, or give ${chip.name} more`);
    return [];
  });
}

/** Sources of both kinds on one pin: a pulse cannot be seen on a line that another holds, and no configuration is right for both. */
function lintShared(wires: readonly Wire[], sink: MachineFindingSink): void {
  const first = new Map<string, Wire>();
  for (const wire of wires) {
    const key = `${wire.chip.name}/${wire.pin}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, wire);
    else if (other.trigger !== wire.trigger && other.trigger !== "either" && wire.trigger !== "either") {
      const [level, edge] = wire.trigger === "edge" ? [other, wire] : [wire, other];
      const message = `it pulses GSI ${edge.gsi}, and ${level.owner} holds GSI ${level.gsi}: both lead to ${inputText(wire)}, which senses either edges or levels`;
      sink.error("shared-interrupt", edge.owner, message, "give one of the two another GSI");
    }
  }
}

function lintTriggers(wires: readonly Wire[], interrupts: readonly TreeInterrupt[], sink: MachineFindingSink): void {
  for (const { node, intid, trigger } of interrupts) {
    const wrong = wires.find((wire) => wire.intid === intid && wire.trigger !== "either" && wire.trigger !== trigger);
    if (wrong === undefined || trigger === undefined || stringsOf(node, "compatible")?.includes(EITHER) === true) continue;
    const { owner, gsi } = wrong;
    const message =
      trigger === "edge"
        ? `it says that ${inputText(wrong)} is edge-triggered, and ${owner} holds its line (GSI ${gsi}) until it is served: what comes while the line is high is lost`
        : `it says that ${inputText(wrong)} is level-sensitive, and ${owner} pulses GSI ${gsi}: nothing stays of a pulse`;
    const remedy =
      trigger === "edge"
        ? `write level-high (4) in the node, or let ${owner} pulse`
        : `write edge-rising (1) in the node, or let ${owner} hold its line`;
    sink.error("trigger-mismatch", node.path, message, remedy);
  }
}

/** A node and the device at its address have to mean the same interrupt. */
function lintPlaces(
  machine: WiredMachine,
  wires: readonly Wire[],
  interrupts: readonly TreeInterrupt[],
  addresses: readonly TreeAddress[],
  sink: MachineFindingSink,
): void {
  const told = new Set<WiringSource>();
  for (const { node, kind, base } of addresses) {
    const promised = interrupts.filter((interrupt) => interrupt.node === node);
    const claimant = kind === "reg" ? machine.claimantOf(base) : undefined;
    const driven = wires.filter(({ owner, intid }) => owner === claimant && intid !== undefined);
    if (promised.length === 0 || driven.length === 0 || driven.some(({ intid }) => promised.some((interrupt) => interrupt.intid === intid)))
      continue;
    const [wire, says] = [driven[0]!, promised[0]!.intid];
    told.add(wire);
    const message = `it says ${intidText(says)}, and ${wire.owner}, whose address ${hex(base)} it has, drives GSI ${wire.gsi}, which leads to ${inputText(wire)}`;
    sink.error(
      "interrupt-mismatch",
      node.path,
      message,
      `make the node's interrupt and the GSI of ${wire.owner} agree, or route GSI ${wire.gsi} to ${intidText(says)}`,
    );
  }
  const known = new Set(interrupts.map(({ intid }) => intid));
  if (interrupts.length === 0) return;
  for (const wire of wires) {
    if (wire.intid === undefined || known.has(wire.intid) || [...told].some(({ owner }) => owner === wire.owner)) continue;
    const message = `it drives GSI ${wire.gsi}, which leads to ${inputText(wire)}, and no node of the tree has that interrupt`;
    sink.warning("undescribed-interrupt", wire.owner, message, "describe it, if the guest is to know it");
  }
}

const intidText = (intid: number): string => `${describeIntid(intid)} (INTID ${intid})`;
const inputText = ({ chip, pin, intid }: Wire): string => `${chip.name} pin ${pin}${intid === undefined ? "" : `, ${intidText(intid)}`}`;

/** The shared INTID of a pin: chips say it the other way round. */
function intidOf({ kvm }: Irqchip, pin: number): number | undefined {
  if (kvm === undefined) return undefined;
  for (const [first, count] of [
    [32, 988],
    [4096, 1024],
  ] as const) {
    // Pins of shared interrupts are numbered without gaps.
    const guess = first + pin - kvm.pinOf(first, 0);
    if (kvm.pinOf(first, 0) >= 0 && guess >= first && guess < first + count && kvm.pinOf(guess, 0) === pin) return guess;
  }
  return undefined;
}
