/**
 * Who is the best candidate of each vCPU: all queues of one GIC, and the bookkeeping of which vCPUs must be looked at.
 *
 * Rule (Arm IHI 0069, "Interrupt prioritization"; gic.md E.2): an interrupt is filed at a vCPU exactly while it is pending,
 * enabled, not active and targeted there. Group enables are not part of it: each group has queues of its own, so switching
 * a group on or off is only another minimum. Of equal priorities the lowest INTID wins.
 *
 * Whoever changes something marks the vCPU; the chip evaluates marked vCPUs once, at the end of the outermost emission. Where that is
 * now, for the emission is the outermost, has left nothing to do for its end and has nothing else to do, IRQ is driven at once instead.
 * Hot: O(1) per change, whatever the number of interrupts and vCPUs. The best candidate is kept beside its queue, not in it:
 * looking, which happens three times per interrupt, is a load, and one that comes and goes alone, as most do, never enters
 * the queue. Queues are made when first used.
 */
import type { Deferred, VcpuLineArgs, WireOrder, WireOwner } from "@trapline/core";
import * as core from "@trapline/core";
import * as candidates from "./candidate.ts";
import { NO_CANDIDATE } from "./candidate.ts";
import { ChunkPool } from "./chunk-pool.ts";
import { PendingQueue } from "./pending-queue.ts";
import { VcpuStates } from "./vcpu-states.ts";
import { BEST, FLAGS, GROUP0, IRQ_HIGH, LIMIT, MORE, VCPU_SHIFT } from "./vcpu-words.ts";

// docs/adr/0023-interrupt-delivery.md
const { IRQ_LINE } = core;
const { groupOf, intidOf, levelOf } = candidates;
const NOBODY = -1;

export class Arbitration {
  declare readonly states: VcpuStates;
  declare private readonly words: Int32Array;
  declare private readonly vcpuCount: number;
  private readonly group0Limit: number;
  private group1Limit: number;
  private readonly pool = new ChunkPool();
  /** Made when first needed. */
  declare private readonly queues0: (PendingQueue | undefined)[];
  declare private readonly queues1: (PendingQueue | undefined)[];
  /** The vCPU marked first, or NOBODY; those after it stand in a ring, in the order in which they were marked. Mostly it is the only one. */
  private firstMarked: number = NOBODY;
  declare private readonly ring: Int32Array;
  private ringStart = 0;
  private ringCount = 0;
  /** 1 for a vCPU that waits in the ring. */
  declare private readonly inRing: Uint8Array;
  /** While set, marks wait in the ring: state is being replaced as a whole. */
  private held = false;
  declare private readonly order: WireOrder;
  declare private readonly chip: Deferred;
  /** A line is being driven: what its owner does to the chip meanwhile waits for the boundary, as lines go up and down one after the other. */
  driving = false;
  /** The owner of the vCPUs' lines while nobody taps their wire: only then they are driven at once. */
  lineOwner: WireOwner<VcpuLineArgs, void> | undefined = undefined;

  /**
   * @param intidLimits one past the last INTID of group 0 and of group 1 (where LPIs go), at most 2^20
   * @param chip is evaluated at the boundary after a mark, and calls `takeMarked` then
   */
  constructor(vcpuCount: number, intidLimits: readonly [group0: number, group1: number], order: WireOrder, chip: Deferred) {
    this.vcpuCount = vcpuCount;
    this.states = new VcpuStates(vcpuCount);
    this.words = this.states.words;
    [this.group0Limit, this.group1Limit] = intidLimits;
    this.queues0 = new Array<PendingQueue | undefined>(vcpuCount).fill(undefined);
    this.queues1 = new Array<PendingQueue | undefined>(vcpuCount).fill(undefined);
    this.ring = new Int32Array(vcpuCount);
    this.inRing = new Uint8Array(vcpuCount);
    this.order = order;
    this.chip = chip;
  }

  /** Makes room for LPIs up to `group1Limit`. Before anything of group 1 is inserted. */
  widen(group1Limit: number): void {
    this.group1Limit = group1Limit;
  }

  /**
   * Files a candidate that is not filed there, and sees to the lines. Without group 0 a candidate can only raise IRQ, so nothing is
   * to be done when it does not pass, nor when IRQ is high.
   * @param last nothing else happens in the emission, so its end may be now
   */
  arrive(vcpu: number, candidate: candidates.Candidate, last: boolean): void {
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    const flags = words[at + FLAGS]!;
    if (groupOf(candidate) === 0 || words[at + BEST] !== NO_CANDIDATE || (flags & (GROUP0 | IRQ_HIGH)) !== 0) return this.arriveBeside(vcpu, candidate);
    words[at + BEST] = candidate;
    if (candidate >= words[at + LIMIT]!) return;
    if (last) this.rise(vcpu);
    else this.mark(vcpu);
  }

  /** Something is signalled, and nothing else happens in the emission. Without group 0, IRQ rises, unless it is high. */
  rise(vcpu: number): void {
    const { words } = this;
    const at = (vcpu << VCPU_SHIFT) + FLAGS;
    const flags = words[at]!;
    if ((flags & (GROUP0 | IRQ_HIGH)) !== 0 || !this.isEnd) return this.mark(vcpu);
    words[at] = flags | IRQ_HIGH;
    this.driveIrq(vcpu, true);
  }

  /** Files a candidate that is not filed there. Returns true when it is now the best of its group: then the vCPU is to be marked. */
  insert(vcpu: number, candidate: candidates.Candidate): boolean {
    const group = groupOf(candidate);
    const best = this.states.best(vcpu, group);
    if (candidate >= best) {
      this.queue(vcpu, candidate);
      return false;
    }
    this.states.setBest(vcpu, group, candidate);
    if (best !== NO_CANDIDATE) this.queue(vcpu, best);
    return true;
  }

  /** Takes back a candidate that is filed there. Returns true when it was the best of its group: then the vCPU is to be marked. */
  remove(vcpu: number, candidate: candidates.Candidate): boolean {
    const group = groupOf(candidate);
    if (candidate === this.states.best(vcpu, group)) {
      this.removeBest(vcpu, group);
      return true;
    }
    const queue = (group === 1 ? this.queues1 : this.queues0)[vcpu]!;
    queue.remove(levelOf(candidate), intidOf(candidate));
    if (group === 1 && queue.empty) this.words[(vcpu << VCPU_SHIFT) + FLAGS]! &= ~MORE;
    return false;
  }

  /** Takes back the best of a group; there is one. Who calls it marks the vCPU. */
  removeBest(vcpu: number, group: number): void {
    if (group === 0) return this.states.setBest(vcpu, 0, this.queues0[vcpu]?.takeBest() ?? NO_CANDIDATE);
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    words[at + BEST] = (words[at + FLAGS]! & MORE) === 0 ? NO_CANDIDATE : this.takeQueued(vcpu);
  }

  /** `candidate`, which is signalled, runs now and waits no more. `acknowledged` sees to the lines. */
  acknowledge(vcpu: number, candidate: candidates.Candidate): void {
    this.states.acknowledge(vcpu, candidate);
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    if ((words[at + FLAGS]! & (MORE | GROUP0)) !== 0) this.removeBest(vcpu, groupOf(candidate));
    else words[at + BEST] = NO_CANDIDATE;
  }

  /**
   * The lines after `acknowledge`, as the last that happens in the emission. What runs now holds back all that is left of group 1,
   * so without group 0 IRQ falls.
   */
  acknowledged(vcpu: number): void {
    const { words } = this;
    const at = (vcpu << VCPU_SHIFT) + FLAGS;
    const flags = words[at]!;
    if ((flags & (GROUP0 | IRQ_HIGH)) === 0) return;
    if ((flags & GROUP0) !== 0 || !this.isEnd) return this.mark(vcpu);
    words[at] = flags & ~IRQ_HIGH;
    this.driveIrq(vcpu, false);
  }

  /** The lines of the vCPU may have to change. */
  mark(vcpu: number): void {
    if (this.firstMarked === vcpu) return;
    if (this.firstMarked !== NOBODY || this.held) return this.queueMark(vcpu);
    this.firstMarked = vcpu;
    this.order.defer(this.chip);
  }

  markAll(): void {
    for (let vcpu = 0; vcpu < this.vcpuCount; vcpu++) this.mark(vcpu);
  }

  /** A marked vCPU, unmarked; −1 when none is left. */
  takeMarked(): number {
    const vcpu = this.firstMarked;
    this.firstMarked = this.ringCount === 0 ? NOBODY : this.nextMark();
    return vcpu;
  }

  get anyMarked(): boolean {
    return this.firstMarked !== NOBODY;
  }

  /** Forgets all candidates and marks every vCPU; until `release` marks wait, for state is being replaced as a whole. Cold. */
  hold(): void {
    for (let vcpu = 0; vcpu < this.vcpuCount; vcpu++) {
      for (const group of [0, 1]) this.states.setBest(vcpu, group, NO_CANDIDATE);
      this.queues0[vcpu]?.clear();
      this.queues1[vcpu]?.clear();
      this.words[(vcpu << VCPU_SHIFT) + FLAGS]! &= ~MORE;
    }
    this.held = true;
    this.markAll();
  }

  /** Marks are there for `takeMarked` again. Who calls this asks for the evaluation. */
  release(): void {
    this.held = false;
    if (this.firstMarked === NOBODY && this.ringCount > 0) this.firstMarked = this.nextMark();
  }

  /** Is this the end of the outermost emission, if the last that happens in it has happened? And does nobody watch, so that its owner may be called? */
  private get isEnd(): boolean {
    const { order } = this;
    return order.depth === 1 && !order.busy && !this.driving && this.lineOwner !== undefined;
  }

  private driveIrq(vcpu: number, high: boolean): void {
    this.order.sequence++;
    this.driving = true; // if the owner throws, until the next evaluation
    this.lineOwner!(vcpu, IRQ_LINE, high);
    this.driving = false;
  }

  /** Where others wait, or group 0 plays a part. Behind a better one of group 1 nothing changes; before it nothing but who comes first. */
  private arriveBeside(vcpu: number, candidate: candidates.Candidate): void {
    if (groupOf(candidate) === 1 && candidate >= this.words[(vcpu << VCPU_SHIFT) + BEST]!) return this.queue1(vcpu, candidate);
    if (this.insert(vcpu, candidate)) this.mark(vcpu);
  }

  /** Behind the best of its group. */
  private queue(vcpu: number, candidate: candidates.Candidate): void {
    if (groupOf(candidate) === 1) return this.queue1(vcpu, candidate);
    (this.queues0[vcpu] ??= new PendingQueue(this.pool, 0, this.group0Limit)).insert(levelOf(candidate), intidOf(candidate));
  }

  private queue1(vcpu: number, candidate: candidates.Candidate): void {
    (this.queues1[vcpu] ??= new PendingQueue(this.pool, 1, this.group1Limit)).insert(levelOf(candidate), intidOf(candidate));
    const at = (vcpu << VCPU_SHIFT) + FLAGS;
    this.words[at] = this.words[at]! | MORE;
  }

  private takeQueued(vcpu: number): candidates.Candidate {
    const queue = this.queues1[vcpu]!;
    const best = queue.takeBest();
    if (queue.empty) this.words[(vcpu << VCPU_SHIFT) + FLAGS]! &= ~MORE;
    return best;
  }

  private queueMark(vcpu: number): void {
    if (this.inRing[vcpu] === 1) return;
    this.inRing[vcpu] = 1;
    const end = this.ringStart + this.ringCount++;
    this.ring[end < this.ring.length ? end : end - this.ring.length] = vcpu;
  }

  private nextMark(): number {
    const vcpu = this.ring[this.ringStart]!;
    if (++this.ringStart === this.ring.length) this.ringStart = 0;
    this.ringCount--;
    this.inRing[vcpu] = 0;
    return vcpu;
  }
}
