/**
 * Every interrupt that has registers (SGIs, PPIs, SPIs), as words by slot (irq-state.ts), and the one function that keeps
 * arbitration true to them: `change`. A change is a load, a comparison of the places that the old and the new word want,
 * and a refile if they differ: O(1) in interrupts and vCPUs.
 *
 * An interrupt goes to one vCPU (GICv3) or to a set of up to eight (GICv2, where the first acknowledge takes it from the
 * rest); `target` is a vCPU number or a mask accordingly, −1 or 0 for nobody. Hot throughout; nothing here allocates.
 */
import * as core from "@trapline/core";
import type { Arbitration } from "./arbitration.ts";
import { lowestBit } from "./candidate.ts";
import type { IntidSpace } from "./intid-space.ts";
import { ACTIVE, ANY_HIGH, EDGE, ENABLED, GROUP1, LATCH, LEVEL_SHIFT, PLACE_MASK, TARGET_SHIFT } from "./irq-state.ts";
import * as irqWords from "./irq-word.ts";
import type { OneOfN } from "./one-of-n.ts";

// docs/adr/0023-interrupt-delivery.md
const { COALESCED, DELIVERED, IGNORED } = core;
const { candidateAt, irqWord, isCandidate, isPending, isWanted, placeOf } = irqWords;
const ASKING: number = LATCH | ANY_HIGH;
const FLAGS = 0xff;
const LEVEL = 0x1f;
const FLAGS_AND_LEVEL: number = (1 << TARGET_SHIFT) - 1;

export class IrqTable {
  declare readonly space: IntidSpace;
  /** GICv2: the CPUs that requested an SGI and were not acknowledged, as a mask. Its latch is set while this is not zero. */
  declare readonly sources: Uint8Array;
  /** Shared slots whose target is any participating vCPU (GICD_IROUTER.Interrupt_Routing_Mode). */
  declare readonly anyTarget: Uint8Array;

  declare private readonly words: Int32Array;
  declare private readonly arbitration: Arbitration;
  private readonly oneOfN: OneOfN | undefined;
  declare private readonly intids: Uint16Array;
  /** What the word has for vCPU 0: 1, or with target sets 0, since those are masks. */
  declare private readonly targetBase: 0 | 1;
  /** Targets are sets, or are chosen. Otherwise nothing but the old and the new place counts. */
  declare private readonly special: boolean;

  /**
   * @param targetSets a target is a mask
   * @param oneOfN where 1-of-N targets are chosen; undefined where the GIC has none
   */
  constructor(space: IntidSpace, arbitration: Arbitration, targetSets: boolean, oneOfN?: OneOfN) {
    this.space = space;
    this.arbitration = arbitration;
    this.oneOfN = oneOfN;
    this.targetBase = targetSets ? 0 : 1;
    this.special = targetSets || oneOfN !== undefined;
    this.words = new Int32Array(space.slots);
    this.sources = new Uint8Array(targetSets ? space.slots : 0);
    this.anyTarget = new Uint8Array(space.sharedSlots);
    this.intids = Uint16Array.from({ length: space.slots }, (_, slot) => space.intid(slot));
  }

  intid(slot: number): number {
    return this.intids[slot]!;
  }

  /** See irq-state.ts. */
  flags(slot: number): number {
    return this.words[slot]! & FLAGS;
  }

  /** Masked to the implemented bits. */
  priority(slot: number): number {
    return ((this.words[slot]! >>> LEVEL_SHIFT) & LEVEL) << 3;
  }

  /** A vCPU or −1; with target sets, a mask. */
  target(slot: number): number {
    return (this.words[slot]! >>> TARGET_SHIFT) - this.targetBase;
  }

  pending(slot: number): boolean {
    return isPending(this.words[slot]!);
  }

  active(slot: number): boolean {
    return (this.words[slot]! & ACTIVE) !== 0;
  }

  group(slot: number): number {
    return (this.words[slot]! >>> 7) & 1;
  }

  /** Drives one of the levels of the wire. @param which PIN_HIGH, PRIVATE_HIGH or MESSAGE_HIGH */
  setLevel(slot: number, which: number, high: boolean): core.IrqResult {
    const before = this.words[slot]!;
    const after = high ? before | which : before & ~which;
    if (after === before) return COALESCED;
    const rises = (before & ANY_HIGH) === 0;
    if (!rises || (before & EDGE) === 0) {
      this.change(slot, before, after);
      return DELIVERED;
    }
    this.change(slot, before, after | LATCH);
    return (before & LATCH) === 0 ? DELIVERED : COALESCED;
  }

  /** Puts a level in place without its rising being an edge: for who restores state from outside. */
  putLevel(slot: number, which: number, high: boolean): void {
    this.setFlag(slot, which, high);
  }

  /**
   * As `setLevel` high, but every call is an edge to an edge-triggered interrupt: Linux's fast path of irqfd never sends a low.
   * @param last see `Arbitration.arrive`
   */
  raise(slot: number, which: number, last: boolean): core.IrqResult {
    const before = this.words[slot]!;
    if ((before & EDGE) === 0) return this.setLevel(slot, which, true);
    if ((before & LATCH) !== 0) {
      this.words[slot] = before | which; // the level of an edge-triggered interrupt changes nothing else
      return COALESCED;
    }
    this.request(slot, before | which | LATCH, last);
    return DELIVERED;
  }

  /**
   * An edge: up and down at once. An edge-triggered interrupt latches it; on a level-triggered one nothing stays of it.
   * @param last see `Arbitration.arrive`
   */
  pulse(slot: number, last: boolean): core.IrqResult {
    const before = this.words[slot]!;
    if ((before & EDGE) === 0) return (before & ANY_HIGH) !== 0 ? COALESCED : IGNORED;
    if ((before & LATCH) !== 0) return COALESCED;
    this.request(slot, before | LATCH, last);
    return DELIVERED;
  }

  /**
   * Requests it: GICD_ISPENDR, an SGI, a message.
   * @param last see `Arbitration.arrive`
   */
  latch(slot: number, last = false): core.IrqResult {
    const before = this.words[slot]!;
    if ((before & LATCH) !== 0) return COALESCED;
    if ((before & EDGE) !== 0) this.request(slot, before | LATCH, last);
    else this.change(slot, before, before | LATCH);
    return DELIVERED;
  }

  /** GICD_ICPENDR: a level-triggered interrupt whose wire is high stays pending. */
  unlatch(slot: number): void {
    this.setFlag(slot, LATCH, false);
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

  /**
   * Clears ACTIVE; returns false when it was clear. With nothing asking for the interrupt, the usual end, it was not filed and is
   * not now.
   */
  deactivate(slot: number): boolean {
    const before = this.words[slot]!;
    if ((before & ACTIVE) === 0) return false;
    if ((before & ASKING) === 0) this.words[slot] = before & ~ACTIVE;
    else this.change(slot, before, before & ~ACTIVE);
    return true;
  }

  setPriority(slot: number, priority: number): void {
    const before = this.words[slot]!;
    this.change(slot, before, (before & ~(LEVEL << LEVEL_SHIFT)) | (((priority >>> 3) & LEVEL) << LEVEL_SHIFT));
  }

  /** @param target a vCPU or −1; with target sets, a mask */
  setTarget(slot: number, target: number): void {
    const before = this.words[slot]!;
    if (slot < this.space.sharedSlots) this.anyTarget[slot] = 0;
    this.change(slot, before, (before & FLAGS_AND_LEVEL) | ((target + this.targetBase) << TARGET_SHIFT));
  }

  /** 1-of-N: any participating vCPU, chosen anew each time it becomes a candidate. Needs `oneOfN`. */
  setAnyTarget(slot: number): void {
    if (this.anyTarget[slot] === 1) return;
    this.anyTarget[slot] = 1;
    const before = this.words[slot]!;
    this.change(slot, before, before & FLAGS_AND_LEVEL);
  }

  /**
   * `vcpu` takes it, and arbitration has removed it there already: active, and the request is consumed. What is active is no
   * candidate, so a single target leaves nothing to derive.
   */
  acknowledge(slot: number, vcpu: number): void {
    if (this.special) this.acknowledgeOther(slot, vcpu);
    else this.words[slot] = (this.words[slot]! | ACTIVE) & ~LATCH;
  }

  /** The requester an acknowledge of a GICv2 SGI would take. */
  nextSource(slot: number): number {
    return lowestBit(this.sources[slot]!);
  }

  /** Looks again at a slot whose 1-of-N choice may no longer hold. */
  reconsider(slot: number): void {
    const word = this.words[slot]!;
    this.change(slot, word, word);
  }

  /** Writes the state of a slot past arbitration: for who replaces all of it (reset, restore) and calls `refileAll` then. */
  put(slot: number, flags: number, priority: number, target: number): void {
    this.words[slot] = irqWord(flags, priority, target + this.targetBase);
  }

  /** After slots were written with `put` and arbitration was cleared: files everything anew. Cold. */
  refileAll(): void {
    for (let slot = 0; slot < this.space.slots; slot++) this.change(slot, 0, this.words[slot]!);
  }

  private setFlag(slot: number, flag: number, on: boolean): void {
    const before = this.words[slot]!;
    this.change(slot, before, on ? before | flag : before & ~flag);
  }

  /**
   * Gives the slot its new word, and files it where that wants it and nowhere else.
   * @param before a word that wants the place where it is filed
   */
  private change(slot: number, before: number, after: number): void {
    if (this.special) return this.changeOther(slot, before, after);
    this.words[slot] = after;
    const was = placeOf(before);
    const place = placeOf(after);
    if (place !== was) this.move(slot, was, place);
  }

  /**
   * As `change`, where an edge-triggered interrupt becomes pending: it was filed nowhere, so there is only one place to look for.
   * @param last see `Arbitration.arrive`
   */
  private request(slot: number, after: number, last: boolean): void {
    if (this.special) return this.changeOther(slot, 0, after);
    this.words[slot] = after;
    if (!isWanted(after)) return;
    const place = after & PLACE_MASK;
    this.arbitration.arrive((place >>> TARGET_SHIFT) - 1, candidateAt(place, this.intids[slot]!), last);
  }

  private move(slot: number, was: number, place: number): void {
    const { arbitration } = this;
    const intid = this.intids[slot]!;
    const vcpu = (place >>> TARGET_SHIFT) - 1; // −1: nowhere
    const wasAt = (was >>> TARGET_SHIFT) - 1;
    const left = was !== 0 && arbitration.remove(wasAt, candidateAt(was, intid));
    const came = place !== 0 && arbitration.insert(vcpu, candidateAt(place, intid));
    // Only after both: a line must not fall and rise on the way.
    if (came || (left && wasAt === vcpu)) arbitration.mark(vcpu);
    if (left && wasAt !== vcpu) arbitration.mark(wasAt);
  }

  /** As `change`, where targets are sets or are chosen. */
  private changeOther(slot: number, before: number, after: number): void {
    const word = this.oneOfN !== undefined && this.anyTarget[slot] === 1 ? this.withChosenTarget(after) : after;
    this.words[slot] = word;
    const was = placeOf(before);
    const place = placeOf(word);
    if (place === was) return;
    if (this.oneOfN === undefined) this.moveSet(slot, was, place);
    else this.move(slot, was, place);
  }

  private moveSet(slot: number, was: number, place: number): void {
    const { arbitration } = this;
    const intid = this.intids[slot]!;
    let changed = 0;
    for (let left = was >>> TARGET_SHIFT; left !== 0; left &= left - 1) {
      if (arbitration.remove(lowestBit(left), candidateAt(was, intid))) changed |= left & -left;
    }
    for (let left = place >>> TARGET_SHIFT; left !== 0; left &= left - 1) {
      if (arbitration.insert(lowestBit(left), candidateAt(place, intid))) changed |= left & -left;
    }
    for (let left = changed; left !== 0; left &= left - 1) arbitration.mark(lowestBit(left));
  }

  /**
   * GICv2: an SGI is taken from its lowest-numbered requester, and other requests keep it pending; the first acknowledge of an SPI
   * takes it from its other targets. 1-of-N: it has no target until it is a candidate again.
   */
  private acknowledgeOther(slot: number, vcpu: number): void {
    const before = this.words[slot]!;
    const after = (before | ACTIVE) & ~LATCH;
    if (this.oneOfN !== undefined) {
      this.words[slot] = this.anyTarget[slot] === 1 ? after & FLAGS_AND_LEVEL : after;
      return;
    }
    const sources = this.sources[slot]!;
    this.sources[slot] = sources & (sources - 1);
    this.words[slot] = (sources & (sources - 1)) === 0 ? after : after | LATCH;
    this.moveSet(slot, placeOf(before) & ~(1 << (TARGET_SHIFT + vcpu)), 0);
  }

  /** 1-of-N: a candidate stays with its vCPU while that takes part, else moves to the next that does. */
  private withChosenTarget(word: number): number {
    if (!isCandidate(word)) return word & FLAGS_AND_LEVEL;
    const group = (word >>> 7) & 1;
    const at = (word >>> TARGET_SHIFT) - 1;
    if (at >= 0 && this.oneOfN!.participates(at, group)) return word;
    return (word & FLAGS_AND_LEVEL) | ((this.oneOfN!.choose(group) + 1) << TARGET_SHIFT);
  }
}
