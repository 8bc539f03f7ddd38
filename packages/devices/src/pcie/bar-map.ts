/**
 * Where BARs answer: claims on the machine's buses that follow what software writes (PCI Local Bus 3.0, 6.2.5.1).
 *
 * The claims are a function of the registers alone, so that a restored machine has the same: in the order of requester ids and
 * indices, a BAR whose space is enabled is claimed if it lies whole inside a window and nobody before it has any of its addresses.
 * Software that overlaps BARs or puts them elsewhere thus gets silence from the later one until it moves something. The rest of the
 * windows is claimed too, and reads as all ones. Memory: a claim for each BAR and for each gap between them, at most 3074. Cold.
 */
import { type AddressRange, type Bus, overlaps, type Region } from "@trapline/core";
import { openBus } from "./open-bus.ts";
import { Placement } from "./placement.ts";
import type { Slot, SlotBar } from "./slot.ts";

export interface MemoryWindow extends AddressRange {
  /** For claims: "pcie memory". */
  readonly name: string;
}

interface Placed extends AddressRange {
  readonly slot: Slot;
  readonly bar: SlotBar;
}

interface Claim extends Placed {
  readonly region: Region;
}

export class BarMap {
  private readonly bus: Bus;
  private readonly ports: Bus;
  private readonly windows: readonly MemoryWindow[];
  private readonly portRange: AddressRange;
  private claims: ReadonlyMap<SlotBar, Claim> = new Map();
  /** By base. */
  private readonly gaps = new Map<number, Region>();

  /**
   * @param windows memory that belongs to PCI, at the same addresses on both sides; apart from each other
   * @param portCount ports that BARs may take
   */
  constructor(bus: Bus, ports: Bus, windows: readonly MemoryWindow[], portCount: number) {
    this.bus = bus;
    this.ports = ports;
    this.windows = windows;
    this.portRange = { base: 0, size: portCount };
  }

  /** @param slots by ascending requester id. @throws ConfigError the first time, when somebody else has part of a window */
  update(slots: readonly Slot[]): void {
    const before = this.claims;
    const memory = new Placement<Placed>(this.windows);
    const wanted = this.place(slots, memory);
    const after = new Map<SlotBar, Claim>();
    const left: Claim[] = [];
    for (const [bar, claim] of before) {
      if (wanted.get(bar)?.base === claim.base) {
        after.set(bar, claim);
      } else {
        claim.region.release();
        left.push(claim);
      }
    }
    this.claimGaps(memory);
    const arrived: Claim[] = [];
    for (const [bar, placed] of wanted) {
      if (after.has(bar)) continue;
      const { base, size } = placed;
      const claim = { ...placed, region: this.busOf(bar).claim({ name: bar.name, base, size }, bar.device) };
      after.set(bar, claim);
      arrived.push(claim);
    }
    this.claims = after;
    for (const { slot, bar } of left) slot.pciFunction.barMoved?.(bar.bar.index, undefined);
    for (const { slot, bar, base } of arrived) slot.pciFunction.barMoved?.(bar.bar.index, base);
  }

  /** Gives every address back. */
  close(): void {
    for (const { region } of this.claims.values()) region.release();
    for (const gap of this.gaps.values()) gap.release();
    this.claims = new Map();
    this.gaps.clear();
  }

  /** Every BAR that gets its place; those in memory also go into `memory`. */
  private place(slots: readonly Slot[], memory: Placement<Placed>): ReadonlyMap<SlotBar, Placed> {
    const io = new Placement<Placed>(this.portRange.size === 0 ? [] : [this.portRange]);
    const foreign = this.foreignPorts();
    for (const slot of slots) {
      for (const bar of slot.bars) {
        const base = slot.decoded(bar);
        if (base === undefined) continue;
        const range = { base, size: bar.bar.size, slot, bar };
        if (bar.bar.space === "memory") memory.add(range);
        else if (!foreign.some((claim) => overlaps(claim, range))) io.add(range);
      }
    }
    return new Map([...memory.placed, ...io.placed].map((placed) => [placed.bar, placed]));
  }

  /** Ports that are not PCI's: the windows in memory are claimed whole, the ports are not. */
  private foreignPorts(): readonly AddressRange[] {
    const own = new Set<AddressRange>([...this.claims.values()].map(({ region }) => region));
    return this.ports.claims.filter((claim) => !own.has(claim));
  }

  /** All gaps that go before any that comes: they may overlap. */
  private claimGaps(memory: Placement<Placed>): void {
    const wanted = new Map<number, MemoryWindow>();
    for (const window of this.windows) for (const gap of memory.gaps(window)) wanted.set(gap.base, { ...gap, name: window.name });
    for (const [base, gap] of this.gaps) {
      if (wanted.get(base)?.size === gap.size) continue;
      gap.release();
      this.gaps.delete(base);
    }
    for (const gap of wanted.values()) if (!this.gaps.has(gap.base)) this.gaps.set(gap.base, this.bus.claim(gap, openBus));
  }

  private busOf({ bar }: SlotBar): Bus {
    return bar.space === "io" ? this.ports : this.bus;
  }
}
