/**
 * Who is the best candidate of each vCPU: all queues of one GIC, and the bookkeeping of which vCPUs must be looked at.
 *
 * Rule (Arm IHI 0069, "Interrupt prioritization"; gic.md E.2): an interrupt is filed at a vCPU exactly while it is pending,
 * enabled, not active and targeted there. Group enables are not part of it: each group has queues of its own, so switching
 * a group on or off is only another minimum. Of equal priorities the lowest INTID wins.
 *
 * Whoever changes something marks the vCPU; the chip evaluates marked vCPUs once, at the end of the outermost emission.
 * Hot: O(1) per change, whatever the number of interrupts and vCPUs. The best candidate is kept beside its queue, not in it:
 * looking, which happens three times per interrupt, is a load, and one that comes and goes alone, as most do, never enters
 * the queue. Queues are made when first used.
 */
import { type Candidate, candidateOf, ChunkPool, intidOf, levelOf, NO_CANDIDATE, PendingQueue } from "./pending-queue.ts";

export class Arbitration {
  readonly vcpuCount: number;
  private readonly group0Limit: number;
  private group1Limit: number;
  private readonly pool = new ChunkPool();
  /** By vCPU × 2 + group: all candidates but the best. */
  private readonly queues: (PendingQueue | undefined)[];
  /** The best of each vCPU and group, or NO_CANDIDATE; while it is that, the queue is empty. */
  private readonly bests: Int32Array;
  /** The vCPUs marked, without doubles: a ring, so that they are evaluated in the order in which they were marked. */
  private readonly marked: Int32Array;
  private readonly isMarked: Uint8Array;
  private firstMarked = 0;
  private markedCount = 0;
  private readonly onMark: () => void;

  /**
   * @param intidLimits one past the last INTID of group 0 and of group 1 (where LPIs go), at most 2^20
   * @param onMark asks for `takeMarked` to be called at the next boundary; called with the first mark
   */
  constructor(vcpuCount: number, intidLimits: readonly [group0: number, group1: number], onMark: () => void) {
    this.vcpuCount = vcpuCount;
    [this.group0Limit, this.group1Limit] = intidLimits;
    this.queues = new Array<PendingQueue | undefined>(2 * vcpuCount).fill(undefined);
    this.bests = new Int32Array(2 * vcpuCount).fill(NO_CANDIDATE);
    this.marked = new Int32Array(vcpuCount);
    this.isMarked = new Uint8Array(vcpuCount);
    this.onMark = onMark;
  }

  /** Makes room for LPIs up to `group1Limit`. Before anything of group 1 is inserted. */
  widen(group1Limit: number): void {
    this.group1Limit = group1Limit;
  }

  /** Inserting what is there does nothing. */
  insert(vcpu: number, group: number, level: number, intid: number): void {
    const index = 2 * vcpu + group;
    const inserted = candidateOf(level, intid, group);
    const best = this.bests[index]!;
    if (inserted < best) {
      this.bests[index] = inserted;
      if (best !== NO_CANDIDATE) this.queueOf(vcpu, group).insert(levelOf(best), intidOf(best));
    } else if (inserted !== best) {
      this.queueOf(vcpu, group).insert(level, intid);
    }
  }

  /** Removing what is not there does nothing. */
  remove(vcpu: number, group: number, level: number, intid: number): void {
    const index = 2 * vcpu + group;
    const queue = this.queues[index];
    if (this.bests[index] !== candidateOf(level, intid, group)) queue?.remove(level, intid);
    else this.bests[index] = queue === undefined ? NO_CANDIDATE : queue.takeBest();
  }

  /** The best candidate of one group, or NO_CANDIDATE. */
  best(vcpu: number, group: number): Candidate {
    return this.bests[2 * vcpu + group]!;
  }

  /** Is anything filed at `vcpu`, in whichever group? */
  anyCandidate(vcpu: number): boolean {
    return (this.bests[2 * vcpu]! & this.bests[2 * vcpu + 1]!) !== NO_CANDIDATE;
  }

  has(vcpu: number, group: number, level: number, intid: number): boolean {
    const index = 2 * vcpu + group;
    return this.bests[index] === candidateOf(level, intid, group) || (this.queues[index]?.has(level, intid) ?? false);
  }

  /** The lines of `vcpu` may have to change. */
  mark(vcpu: number): void {
    if (this.isMarked[vcpu] === 1) return;
    this.isMarked[vcpu] = 1;
    const end = this.firstMarked + this.markedCount++;
    this.marked[end < this.vcpuCount ? end : end - this.vcpuCount] = vcpu;
    if (this.markedCount === 1) this.onMark();
  }

  markAll(): void {
    for (let vcpu = 0; vcpu < this.vcpuCount; vcpu++) this.mark(vcpu);
  }

  /** A marked vCPU, unmarked; −1 when none is left. */
  takeMarked(): number {
    if (this.markedCount === 0) return -1;
    const vcpu = this.marked[this.firstMarked]!;
    if (++this.firstMarked === this.vcpuCount) this.firstMarked = 0;
    this.markedCount--;
    this.isMarked[vcpu] = 0;
    return vcpu;
  }

  get anyMarked(): boolean {
    return this.markedCount > 0;
  }

  /** Forgets all candidates and marks every vCPU. Cold. */
  clear(): void {
    for (const queue of this.queues) queue?.clear();
    this.bests.fill(NO_CANDIDATE);
    this.markAll();
  }

  private queueOf(vcpu: number, group: number): PendingQueue {
    return (this.queues[2 * vcpu + group] ??= new PendingQueue(this.pool, group, group === 0 ? this.group0Limit : this.group1Limit));
  }
}
