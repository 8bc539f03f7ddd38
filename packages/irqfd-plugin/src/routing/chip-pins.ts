/** One irqchip as routing entries see it: the pins they may name, and the chip's own pin behind each. Cold. */
import type { Irqchip } from "@trapline/core";
import type { GicInterrupt, RoutingProfile } from "./routing-profile.ts";
import { SharedPin } from "./route-target.ts";

export class ChipPins {
  readonly irqchip: Irqchip;
  readonly index: number;
  private readonly profile: RoutingProfile;
  /** Pins that routes lead to, by the chip's own number. */
  private readonly shared = new Map<number, SharedPin>();

  constructor(irqchip: Irqchip, index: number, profile: RoutingProfile) {
    this.irqchip = irqchip;
    this.index = index;
    this.profile = profile;
  }

  /** Routing entries may name pins below. A chip that is no GIC has the pins it says. */
  get limit(): number {
    const { kvm, pinCount } = this.irqchip;
    return kvm === undefined ? pinCount : this.profile.pinLimit(kvm.vcpuCapacity);
  }

  /** The pin behind a routing entry's; undefined when the chip does not implement it. */
  at(pin: number): SharedPin | undefined {
    const { kvm } = this.irqchip;
    if (kvm === undefined) return pin < this.irqchip.pinCount ? this.own(pin) : undefined;
    const { intid, vcpu } = this.profile.interruptAt(pin, kvm.vcpuCapacity);
    const own = kvm.pinOf(intid, vcpu);
    return own < 0 ? undefined : this.own(own);
  }

  /** By the chip's own number. */
  find(own: number): SharedPin | undefined {
    return this.shared.get(own);
  }

  get pins(): Iterable<SharedPin> {
    return this.shared.values();
  }

  /** The table is about to be built anew: no pin has sources. What the chip was told stays. */
  clearSources(): void {
    for (const pin of this.shared.values()) {
      pin.sources = [];
      pin.highSources = 0;
    }
  }

  /** Drops pins that no route leads to and that are low. */
  dropUnused(): void {
    for (const pin of this.shared.values()) if (pin.unused) this.drop(pin);
  }

  drop(pin: SharedPin): void {
    this.shared.delete(pin.number);
  }

  /** The pin, as an entry names it, of an interrupt that GSIs name by default. A chip that is no GIC has its pins named as SPIs. */
  defaultPin(interrupt: GicInterrupt): number | undefined {
    const { kvm, pinCount } = this.irqchip;
    if (kvm !== undefined) {
      if (isPrivate(interrupt.intid) && interrupt.vcpu >= kvm.vcpuCapacity) return undefined;
      return this.profile.pinAt(interrupt, kvm.vcpuCapacity);
    }
    const pin = interrupt.intid - 32;
    return pin >= 0 && pin < pinCount ? pin : undefined;
  }

  /** Every interrupt of the chip that a GSI names by default, with that GSI, in the order of INTIDs. */
  *defaults(): Generator<readonly [gsi: number, interrupt: GicInterrupt]> {
    const { kvm, pinCount } = this.irqchip;
    if (kvm === undefined) {
      for (let pin = 0; pin < pinCount; pin++) yield* this.named({ intid: 32 + pin, vcpu: 0 });
      return;
    }
    for (let vcpu = 0; vcpu < kvm.vcpuCapacity; vcpu++) {
      for (const [first, end] of PRIVATE_INTIDS) {
        for (let intid = first; intid < end; intid++) if (kvm.pinOf(intid, vcpu) >= 0) yield* this.named({ intid, vcpu });
      }
    }
    for (const [first, end] of SHARED_INTIDS) {
      for (let intid = first; intid < end; intid++) if (kvm.pinOf(intid, 0) >= 0) yield* this.named({ intid, vcpu: 0 });
    }
  }

  private *named(interrupt: GicInterrupt): Generator<readonly [gsi: number, interrupt: GicInterrupt]> {
    const gsi = this.profile.defaultGsi(interrupt);
    if (gsi !== undefined) yield [gsi, interrupt];
  }

  private own(number: number): SharedPin {
    let pin = this.shared.get(number);
    if (pin === undefined) this.shared.set(number, (pin = new SharedPin(this.irqchip, this.index, number)));
    return pin;
  }
}

/** PPIs and extended PPIs; SPIs and extended SPIs. LPIs have no pins (Arm IHI 0069, "INTIDs"). */
const PRIVATE_INTIDS = [
  [16, 32],
  [1056, 1120],
] as const;
const SHARED_INTIDS = [
  [32, 1020],
  [4096, 5120],
] as const;

function isPrivate(intid: number): boolean {
  return PRIVATE_INTIDS.some(([first, end]) => intid >= first && intid < end);
}
