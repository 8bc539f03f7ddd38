/**
 * Every interrupt that has registers (SGIs, PPIs, SPIs), as arrays by slot, and the one function that keeps arbitration true
 * to them: `refile`. All changes go through the setters here, each O(1) in interrupts and vCPUs.
 *
 * An interrupt goes to one vCPU (GICv3) or to a set of up to eight (GICv2, where the first acknowledge takes it from the
 * rest); `target` is a vCPU number or a mask accordingly, −1 or 0 for nobody. Hot throughout; nothing here allocates.
 */
import { COALESCED, DELIVERED, IGNORED, type IrqResult } from "@trapline/core";
import type { Arbitration } from "./arbitration.ts";
import type { IntidSpace } from "./intid-space.ts";
import { ACTIVE, ANY_HIGH, EDGE, ENABLED, GROUP1, isCandidate, isPending, LATCH, PRIORITY_MASK } from "./irq-state.ts";
import type { OneOfN } from "./one-of-n.ts";
import { lowestBit } from "./pending-queue.ts";

/** Marks a slot that is filed; the group is bit 5 and the level bits 4:0. */
const FILED = 0x40;

export class IrqTable {
  readonly space: IntidSpace;
  /** See irq-state.ts. */
  readonly flags: Uint8Array;
  /** Masked to the implemented bits. */
  readonly priority: Uint8Array;
  /** A vCPU or −1; with `targetSets`, a mask. */
  readonly target: Int32Array;
  /** GICv2: the CPUs that requested an SGI and were not acknowledged, as a mask. Its latch is set while this is not zero. */
  readonly sources: Uint8Array;
  /** Shared slots whose target is any participating vCPU (GICD_IROUTER.Interrupt_Routing_Mode). */
  readonly anyTarget: Uint8Array;

  private readonly arbitration: Arbitration;
  private readonly targetSets: boolean;
  private readonly oneOfN: OneOfN | undefined;
  private readonly intids: Uint16Array;
  /** Where a slot is filed: 0, or FILED with group and level; and at whom, as `target`. */
  private readonly filed: Uint8Array;
  private readonly filedAt: Int32Array;

  /** @param oneOfN where 1-of-N targets are chosen; undefined where the GIC has none */
  constructor(space: IntidSpace, arbitration: Arbitration, targetSets: boolean, oneOfN?: OneOfN) {
    this.space = space;
    this.arbitration = arbitration;
    this.targetSets = targetSets;
    this.oneOfN = oneOfN;
    this.flags = new Uint8Array(space.slots);
    this.priority = new Uint8Array(space.slots);
    this.target = new Int32Array(space.slots);
    this.sources = new Uint8Array(targetSets ? space.slots : 0);
    this.anyTarget = new Uint8Array(space.sharedSlots);
    this.intids = Uint16Array.from({ length: space.slots }, (_, slot) => space.intid(slot));
    this.filed = new Uint8Array(space.slots);
    this.filedAt = new Int32Array(space.slots);
  }

  intid(slot: number): number {
    return this.intids[slot]!;
  }

  pending(slot: number): boolean {
    return isPending(this.flags[slot]!);
  }

  active(slot: number): boolean {
    return (this.flags[slot]! & ACTIVE) !== 0;
  }

  group(slot: number): number {
    return this.flags[slot]! >>> 7;
  }

  /** Drives one of the levels of the wire. @param which PIN_HIGH, PRIVATE_HIGH or MESSAGE_HIGH */
  setLevel(slot: number, which: number, high: boolean): IrqResult {
    const before = this.flags[slot]!;
    let after = high ? before | which : before & ~which;
    if (after === before) return COALESCED;
    const rises = (before & ANY_HIGH) === 0;
    if (rises && (before & EDGE) !== 0) {
      after |= LATCH;
      this.flags[slot] = after;
      if ((before & LATCH) !== 0) return COALESCED;
    } else {
      this.flags[slot] = after;
    }
    this.refile(slot);
    return DELIVERED;
  }

  /** Puts a level in place without its rising being an edge: for who restores state from outside. */
  putLevel(slot: number, which: number, high: boolean): void {
    this.setFlag(slot, which, high);
  }

  /** As `setLevel` high, but every call is an edge to an edge-triggered interrupt: Linux's fast path of irqfd never sends a low. */
  raise(slot: number, which: number): IrqResult {
    if ((this.flags[slot]! & EDGE) === 0) return this.setLevel(slot, which, true);
    this.flags[slot]! |= which;
    return this.latch(slot);
  }

  /**
   * An edge: up and down at once. An edge-triggered interrupt latches it; on a level-triggered one nothing stays of it.
   */
  pulse(slot: number): IrqResult {
    const flags = this.flags[slot]!;
    if ((flags & EDGE) === 0) return (flags & ANY_HIGH) !== 0 ? COALESCED : IGNORED;
    return this.latch(slot);
  }

  /** Requests it: GICD_ISPENDR, an SGI, a message. */
  latch(slot: number): IrqResult {
    if ((this.flags[slot]! & LATCH) !== 0) return COALESCED;
    this.flags[slot]! |= LATCH;
    this.refile(slot);
    return DELIVERED;
  }

  /** GICD_ICPENDR: a level-triggered interrupt whose wire is high stays pending. */
  unlatch(slot: number): void {
    if ((this.flags[slot]! & LATCH) === 0) return;
    this.flags[slot]! &= ~LATCH;
    this.refile(slot);
  }

  /** GICv2: CPU `source` requests the SGI. */
  addSource(slot: number, source: number): void {
    this.sources[slot]! |= 1 << source;
    this.latch(slot);
  }

  /** GICv2: withdraws the requests of the CPUs in `mask`. */
  removeSources(slot: number, mask: number): void {
    if ((this.sources[slot]! &= ~mask) === 0) this.unlatch(slot);
  }

  setEnabled(slot: number, enabled: boolean): void {
    this.setFlag(slot, ENABLED, enabled);
  }

  setGroup(slot: number, group: number): void {
    this.setFlag(slot, GROUP1, group !== 0);
  }

  setEdge(slot: number, edge: boolean): void {
    this.setFlag(slot, EDGE, edge);
  }

  setActive(slot: number, active: boolean): void {
    this.setFlag(slot, ACTIVE, active);
  }

  /** Clears ACTIVE, which is set. With nothing asking for it, the usual end of interrupt, it was not filed and is not now. */
  deactivate(slot: number): void {
    const flags = this.flags[slot]! & ~ACTIVE;
    this.flags[slot] = flags;
    if ((flags & (LATCH | ANY_HIGH)) !== 0) this.refile(slot);
  }

  setPriority(slot: number, priority: number): void {
    const masked = priority & PRIORITY_MASK;
    if (this.priority[slot] === masked) return;
    this.priority[slot] = masked;
    this.refile(slot);
  }

  /** @param target a vCPU or −1; with target sets, a mask */
  setTarget(slot: number, target: number): void {
    if (this.target[slot] === target && this.anyTarget[slot] !== 1) return;
    if (slot < this.space.sharedSlots) this.anyTarget[slot] = 0;
    this.target[slot] = target;
    this.refile(slot);
  }

  /** 1-of-N: any participating vCPU, chosen anew each time it becomes a candidate. Needs `oneOfN`. */
  setAnyTarget(slot: number): void {
    if (this.anyTarget[slot] === 1) return;
    this.anyTarget[slot] = 1;
    this.target[slot] = -1;
    this.refile(slot);
  }

  /** The vCPU takes it: active, and the request is consumed. What is active is no candidate: nothing is left to derive. */
  acknowledge(slot: number): void {
    this.flags[slot] = (this.flags[slot]! | ACTIVE) & ~LATCH;
    if (this.targetSets || this.oneOfN !== undefined) return this.refile(slot);
    const was = this.filed[slot]!;
    if (was === 0) return;
    const at = this.filedAt[slot]!;
    this.filed[slot] = 0;
    this.arbitration.remove(at, (was >>> 5) & 1, was & 31, this.intids[slot]!);
    this.arbitration.mark(at);
  }

  /** GICv2: takes an SGI from its lowest-numbered requester, which it returns; other requests keep it pending. */
  acknowledgeSgi(slot: number): number {
    const source = lowestBit(this.sources[slot]!);
    const left = (this.sources[slot]! &= this.sources[slot]! - 1);
    if (left === 0) this.acknowledge(slot);
    else this.setFlag(slot, ACTIVE, true);
    return source;
  }

  /** The requester an acknowledge of a GICv2 SGI would take. */
  nextSource(slot: number): number {
    return lowestBit(this.sources[slot]!);
  }

  /** Looks again at a slot whose 1-of-N choice may no longer hold. */
  reconsider(slot: number): void {
    this.refile(slot);
  }

  /** After the arrays were written whole (reset, restore) and arbitration was cleared: files everything anew. Cold. */
  refileAll(): void {
    this.filed.fill(0);
    for (let slot = 0; slot < this.space.slots; slot++) this.refile(slot);
  }

  private setFlag(slot: number, flag: number, on: boolean): void {
    const before = this.flags[slot]!;
    const after = on ? before | flag : before & ~flag;
    if (after === before) return;
    this.flags[slot] = after;
    this.refile(slot);
  }

  /**
   * Files the slot where its state wants it, and nowhere else. Idempotent: arbitration is right if this was called.
   */
  private refile(slot: number): void {
    const flags = this.flags[slot]!;
    if (this.targetSets) return this.refileSet(slot, flags);
    if (this.oneOfN !== undefined && this.anyTarget[slot] === 1) this.chooseTarget(slot, flags);
    const at = this.target[slot]!;
    const place = at >= 0 && isCandidate(flags) ? FILED | ((flags & GROUP1) >>> 2) | (this.priority[slot]! >>> 3) : 0;
    const was = this.filed[slot]!;
    if (place === was && (place === 0 || this.filedAt[slot] === at)) return;
    const wasAt = this.filedAt[slot]!;
    const intid = this.intids[slot]!;
    if (was !== 0) this.arbitration.remove(wasAt, (was >>> 5) & 1, was & 31, intid);
    this.filed[slot] = place;
    if (place !== 0) {
      this.filedAt[slot] = at;
      this.arbitration.insert(at, (place >>> 5) & 1, place & 31, intid);
      this.arbitration.mark(at);
      if (was === 0 || wasAt === at) return;
    }
    this.arbitration.mark(wasAt); // only after both: a line must not fall and rise on the way
  }

  private refileSet(slot: number, flags: number): void {
    const targets = isCandidate(flags) ? this.target[slot]! : 0;
    const place = targets === 0 ? 0 : FILED | ((flags & GROUP1) >>> 2) | (this.priority[slot]! >>> 3);
    const was = this.filed[slot]!;
    if (place === was && (place === 0 || this.filedAt[slot] === targets)) return;
    const intid = this.intids[slot]!;
    const wasAt = was === 0 ? 0 : this.filedAt[slot]!;
    for (let left = wasAt; left !== 0; left &= left - 1) {
      this.arbitration.remove(lowestBit(left), (was >>> 5) & 1, was & 31, intid);
    }
    this.filed[slot] = place;
    this.filedAt[slot] = targets;
    for (let left = targets; left !== 0; left &= left - 1) {
      this.arbitration.insert(lowestBit(left), (place >>> 5) & 1, place & 31, intid);
    }
    for (let left = wasAt | targets; left !== 0; left &= left - 1) this.arbitration.mark(lowestBit(left));
  }

  /** 1-of-N: a candidate stays with its vCPU while that takes part, else moves to the next that does. */
  private chooseTarget(slot: number, flags: number): void {
    const group = flags >>> 7;
    const at = this.target[slot]!;
    if (!isCandidate(flags)) this.target[slot] = -1;
    else if (at < 0 || !this.oneOfN!.participates(at, group)) this.target[slot] = this.oneOfN!.choose(group);
  }
}
