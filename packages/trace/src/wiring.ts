/**
 * How a machine is wired, as data: which device drives which GSI, where that leads, and what the guest calls each pin. A trace begins
 * with it, as an event of kind `wiring`, so that a file can be read without the machine.
 *
 * Taken once. Routes that are replaced later are not followed here: the journeys of a trace show where signals really went.
 */
import { describeIntid, type Irqchip, type Machine, type RouteTarget, type WireEvent, WireOrderToken } from "@trapline/core";

/** The first event of a trace file. */
export interface WiringEvent extends WireEvent {
  readonly kind: "wiring";
  /** Name of the machine. */
  readonly machine: string;
  readonly vcpus: number;
  /** In machine order. */
  readonly irqchips: readonly WiredChip[];
  readonly sources: readonly WiredSource[];
}

/** A chip: its inputs, and what they are called. */
export interface WiredChip {
  readonly name: string;
  readonly pins: number;
  /** Which INTIDs its pins are; empty for a chip that is no GIC. */
  readonly inputs: readonly WiredInputs[];
}

/** A run of pins that are a run of INTIDs, both counted upwards. */
export interface WiredInputs {
  readonly pin: number;
  readonly intid: number;
  readonly count: number;
  /** Whose private interrupts they are; −1 for shared ones. */
  readonly vcpu: number;
}

/** A device on a GSI, and where that leads; several devices may share one. */
export interface WiredSource {
  readonly gsi: number;
  /** The device. */
  readonly owner: string;
  readonly trigger: "level" | "edge";
  readonly targets: readonly WiredTarget[];
}

/** An input that a GSI leads to. */
export interface WiredTarget {
  readonly irqchip: string;
  readonly pin: number;
  /** What the guest calls it: "SPI 1 (INTID 33)". */
  readonly input: string;
}

declare module "@trapline/core" {
  interface TraceEvents {
    wiring: WiringEvent;
  }
}

/** INTIDs that each vCPU has for itself, and those that all share: first and count. Extended ones last. */
const PRIVATE = [
  [16, 16],
  [1056, 64],
] as const;
const SHARED = [
  [32, 988],
  [4096, 1024],
] as const;

/** The wiring as it is now. Its number is that of the event before it. */
export function wiringOf(machine: Machine): WiringEvent {
  const { irqchips, router, vcpus } = machine;
  return {
    seq: machine.get(WireOrderToken).sequence,
    atNs: machine.clock.nowNs(),
    kind: "wiring",
    machine: machine.name,
    vcpus: vcpus.length,
    irqchips: irqchips.map((chip) => ({ name: chip.name, pins: chip.pinCount, inputs: inputsOf(chip, vcpus.length) })),
    sources: router.sources.map(({ gsi, owner, trigger }) => ({ gsi, owner, trigger, targets: targetsOf(irqchips, router.resolve(gsi)) })),
  };
}

function targetsOf(irqchips: readonly Irqchip[], targets: readonly RouteTarget[]): WiredTarget[] {
  return targets.flatMap((target) => {
    const chip = "msi" in target ? undefined : irqchips[target.irqchip];
    return chip === undefined || "msi" in target ? [] : [{ irqchip: chip.name, pin: target.pin, input: chip.describePin(target.pin) }];
  });
}

function inputsOf({ kvm }: Irqchip, vcpus: number): WiredInputs[] {
  if (kvm === undefined) return [];
  const inputs: WiredInputs[] = [];
  const add = (first: number, count: number, vcpu: number): void => {
    for (let intid = first; intid < first + count; intid++) addInput(inputs, kvm.pinOf(intid, Math.max(0, vcpu)), intid, vcpu);
  };
  for (let vcpu = 0; vcpu < vcpus; vcpu++) for (const [first, count] of PRIVATE) add(first, count, vcpu);
  for (const [first, count] of SHARED) add(first, count, -1);
  return inputs;
}

function addInput(inputs: WiredInputs[], pin: number, intid: number, vcpu: number): void {
  if (pin < 0) return;
  const last = inputs.at(-1);
  const goesOn = last !== undefined && last.vcpu === vcpu && pin === last.pin + last.count && intid === last.intid + last.count;
  if (goesOn) inputs[inputs.length - 1] = { ...last, count: last.count + 1 };
  else inputs.push({ pin, intid, count: 1, vcpu });
}

/** A wiring, made quick to ask. Without one it knows nothing. */
export class Wiring {
  readonly machine: string;
  readonly irqchips: readonly WiredChip[];
  readonly vcpus: number;
  readonly sources: readonly WiredSource[];
  private readonly chips = new Map<string, WiredChip>();

  constructor(event?: WiringEvent) {
    this.machine = event?.machine ?? "machine";
    this.irqchips = event?.irqchips ?? [];
    this.vcpus = event?.vcpus ?? 0;
    this.sources = event?.sources ?? [];
    for (const chip of this.irqchips) this.chips.set(chip.name, chip);
  }

  /** What a pin is; undefined where nobody said. */
  intidOf(irqchip: string, pin: number): { readonly intid: number; readonly vcpu: number } | undefined {
    const run = this.chips.get(irqchip)?.inputs.find((inputs) => pin >= inputs.pin && pin < inputs.pin + inputs.count);
    return run === undefined ? undefined : { intid: run.intid + pin - run.pin, vcpu: run.vcpu };
  }

  /** The pin behind an INTID. @param vcpu counts for private ones only */
  pinOf(irqchip: string, intid: number, vcpu: number): number | undefined {
    const mine = (inputs: WiredInputs): boolean =>
      intid >= inputs.intid && intid < inputs.intid + inputs.count && (inputs.vcpu < 0 || inputs.vcpu === vcpu);
    const run = this.chips.get(irqchip)?.inputs.find(mine);
    return run === undefined ? undefined : run.pin + intid - run.intid;
  }

  /** Is it a GIC, as far as is known? */
  hasIntids(irqchip: string): boolean {
    return (this.chips.get(irqchip)?.inputs.length ?? 0) > 0;
  }

  /** Has the chip numbers of its own, as one that is no GIC? A chip that was not told of is taken for a GIC. */
  hasOwnNumbers(irqchip: string): boolean {
    return this.chips.has(irqchip) && !this.hasIntids(irqchip);
  }

  /** Does the GSI lead to that pin, as wired? */
  leadsTo(gsi: number, irqchip: string, pin: number): boolean {
    return this.sources.some(
      (source) => source.gsi === gsi && source.targets.some((target) => target.irqchip === irqchip && target.pin === pin),
    );
  }

  /** The devices on a GSI. */
  ownersOf(gsi: number): readonly WiredSource[] {
    return this.sources.filter((source) => source.gsi === gsi);
  }

  /** The sources that lead to an interrupt. */
  sourcesOf(irqchip: string, pin: number | undefined): readonly WiredSource[] {
    return pin === undefined
      ? []
      : this.sources.filter((source) => source.targets.some((target) => target.irqchip === irqchip && target.pin === pin));
  }
}

/** "SPI 1 (INTID 33)". */
export const intidText = (intid: number): string => `${describeIntid(intid)} (INTID ${intid})`;
