/**
 * The interrupts of a machine as a trace shows them: one entry for each pin or INTID that something happened to, under both names once
 * both are known. A pin's INTID comes from the wiring or, without one, from the first deactivation that a completion follows. The numbers
 * of a chip that is no GIC come from there as well, or earlier: what it gives a vCPU is the pin of that number, if one waits there.
 *
 * Bounded: MAX_LINES entries; what comes after them is counted and left out.
 */
import type { Wiring } from "../wiring.ts";
import type { Moment, OpenJourney } from "./journey.ts";

/** Pins and INTIDs that are followed. */
export const MAX_LINES = 0x2_0000;

export interface InterruptLine {
  readonly irqchip: string;
  pin: number | undefined;
  intid: number | undefined;
  /** The chip is no GIC. */
  readonly ownNumbers: boolean;
  /** Whose it is, where each vCPU has its own. */
  vcpu: number | undefined;
  /** The GSI that drove it last. */
  gsi: number | undefined;
  /** Level of the input. */
  level: boolean;
  /** The last signal came from an irqfd, which may raise without ever lowering (Linux's fast path). */
  byEventFd: boolean;
  /** Senses edges; undefined while the guest has not said. */
  edge: boolean | undefined;
  pending: OpenJourney | undefined;
  active: OpenJourney | undefined;
  /** When it was last ended. */
  lastEnd: Moment | undefined;
}

/** SGIs and PPIs of a GIC, extended ones too: each vCPU has its own. */
const isPrivate = (intid: number): boolean => intid < 32 || (intid >= 1056 && intid < 1120);

/** Key of an INTID: INTIDs have at most 24 bits. @param vcpu of a private one */
const keyOf = (intid: number, vcpu: number | undefined): number => intid + (vcpu === undefined ? 0 : (vcpu + 1) * 0x100_0000);

export class InterruptLines {
  wiring: Wiring;
  /** Events of pins and INTIDs beyond MAX_LINES. */
  left = 0;
  private readonly byPin = new Map<string, Map<number, InterruptLine>>();
  private readonly byIntid = new Map<string, Map<number, InterruptLine>>();
  private readonly lines: InterruptLine[] = [];

  constructor(wiring: Wiring) {
    this.wiring = wiring;
  }

  /** In the order in which something happened to them first. */
  get all(): readonly InterruptLine[] {
    return this.lines;
  }

  ofPin(irqchip: string, pin: number): InterruptLine | undefined {
    const pins = mapOf(this.byPin, irqchip);
    const known = pins.get(pin);
    if (known !== undefined) return known;
    const wired = this.wiring.intidOf(irqchip, pin);
    const owner = wired === undefined || wired.vcpu < 0 ? undefined : wired.vcpu;
    const line = wired === undefined ? undefined : mapOf(this.byIntid, irqchip).get(keyOf(wired.intid, owner));
    const fresh = line ?? this.add(irqchip);
    if (fresh === undefined) return undefined;
    fresh.pin = pin;
    pins.set(pin, fresh);
    if (wired !== undefined && line === undefined) this.name(fresh, wired.intid, owner);
    return fresh;
  }

  ofIntid(irqchip: string, intid: number, vcpu: number): InterruptLine | undefined {
    if (!this.wiring.hasOwnNumbers(irqchip)) return this.ofKey(irqchip, intid, isPrivate(intid) ? vcpu : undefined);
    const ofVcpu = this.isKnown(irqchip, intid) ? undefined : mapOf(this.byIntid, irqchip).get(keyOf(intid, vcpu));
    return (ofVcpu?.pending ?? ofVcpu?.active) === undefined ? this.ofKey(irqchip, intid, undefined) : ofVcpu;
  }

  /** A source of one vCPU, whatever the chip. */
  ofPrivateLine(irqchip: string, intid: number, vcpu: number): InterruptLine | undefined {
    return this.ofKey(irqchip, intid, vcpu);
  }

  /** The one interrupt of a chip that was taken and of which no pin is known; undefined when there are more. */
  loneTaken(irqchip: string): InterruptLine | undefined {
    const taken = [...mapOf(this.byIntid, irqchip).values()].filter(({ pin, active }) => pin === undefined && active?.origin === "unseen");
    return taken.length === 1 ? taken[0] : undefined;
  }

  /** The chip told that a pin is an INTID. @returns the line that had the pin, when it was another one until now */
  learn(irqchip: string, pin: number, line: InterruptLine): InterruptLine | undefined {
    const pins = mapOf(this.byPin, irqchip);
    const before = pins.get(pin);
    if (before === line) return undefined;
    line.pin = pin;
    pins.set(pin, line);
    if (before !== undefined) this.lines.splice(this.lines.indexOf(before), 1);
    return before;
  }

  private ofKey(irqchip: string, intid: number, owner: number | undefined): InterruptLine | undefined {
    const known = mapOf(this.byIntid, irqchip).get(keyOf(intid, owner));
    if (known !== undefined) return known;
    const pin = this.wiring.pinOf(irqchip, intid, owner ?? 0);
    if (pin !== undefined) return this.ofPin(irqchip, pin);
    const sameNumber = owner === undefined && this.wiring.hasOwnNumbers(irqchip) ? this.waitingAt(irqchip, intid) : undefined;
    const line = sameNumber ?? this.add(irqchip);
    if (line !== undefined) this.name(line, intid, owner);
    return line;
  }

  /** Is there a shared interrupt of that number? */
  private isKnown(irqchip: string, intid: number): boolean {
    return mapOf(this.byIntid, irqchip).has(keyOf(intid, undefined)) || this.waitingAt(irqchip, intid) !== undefined;
  }

  /** What waits at a pin of which no number is known. */
  private waitingAt(irqchip: string, pin: number): InterruptLine | undefined {
    const line = mapOf(this.byPin, irqchip).get(pin);
    return line?.intid === undefined && line?.pending !== undefined ? line : undefined;
  }

  private name(line: InterruptLine, intid: number, vcpu: number | undefined): void {
    line.intid = intid;
    line.vcpu = vcpu;
    if (line.pending !== undefined) line.pending.intid = intid;
    mapOf(this.byIntid, line.irqchip).set(keyOf(intid, vcpu), line);
  }

  private add(irqchip: string): InterruptLine | undefined {
    if (this.lines.length >= MAX_LINES) return void this.left++;
    const line: InterruptLine = {
      irqchip,
      pin: undefined,
      intid: undefined,
      ownNumbers: this.wiring.hasOwnNumbers(irqchip),
      vcpu: undefined,
      gsi: undefined,
      level: false,
      byEventFd: false,
      edge: undefined,
      pending: undefined,
      active: undefined,
      lastEnd: undefined,
    };
    this.lines.push(line);
    return line;
  }
}

function mapOf<V>(maps: Map<string, Map<number, V>>, name: string): Map<number, V> {
  let map = maps.get(name);
  if (map === undefined) maps.set(name, (map = new Map()));
  return map;
}
