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
import type { Deferred, WireOrder } from "@trapline/core";
import * as candidates from "./candidate.ts";
import { ChunkPool } from "./chunk-pool.ts";
import { PendingQueue } from "./pending-queue.ts";
import { VcpuState } from "./vcpu-state.ts";

const { groupOf, intidOf, levelOf, NO_CANDIDATE } = candidates; // docs/adr/0023-interrupt-delivery.md

export class Arbitration {
  declare readonly vcpus: readonly VcpuState[];
  private readonly group0Limit: number;
  private group1Limit: number;
  private readonly pool = new ChunkPool();
  /** The vCPU marked first; those after it stand in a ring, in the order in which they were marked. Mostly it is the only one. */
  private firstMarked: VcpuState | undefined = undefined;
  private readonly ring: Int32Array;
  private ringStart = 0;
  private ringCount = 0;
  /** While set, marks wait in the ring: state is being replaced as a whole. */
  private held = false;
  declare private readonly order: WireOrder;
  declare private readonly chip: Deferred;

  /**
   * @param intidLimits one past the last INTID of group 0 and of group 1 (where LPIs go), at most 2^20
   * @param chip is evaluated at the boundary after a mark, and calls `takeMarked` then
   */
  constructor(vcpuCount: number, intidLimits: readonly [group0: number, group1: number], order: WireOrder, chip: Deferred) {
    this.vcpus = Array.from({ length: vcpuCount }, (_, vcpu) => new VcpuState(vcpu));
    [this.group0Limit, this.group1Limit] = intidLimits;
    this.ring = new Int32Array(vcpuCount);
    this.order = order;
    this.chip = chip;
  }

  /** Makes room for LPIs up to `group1Limit`. Before anything of group 1 is inserted. */
  widen(group1Limit: number): void {
    this.group1Limit = group1Limit;
  }

  /** Files a candidate that is not filed there. Returns true when it is now the best of its group: then the vCPU is to be marked. */
  insert(cpu: VcpuState, candidate: candidates.Candidate): boolean {
    if (groupOf(candidate) === 0) return this.insert0(cpu, candidate);
    const best = cpu.best1;
    if (candidate < best) {
      cpu.best1 = candidate;
      if (best !== NO_CANDIDATE) this.queue1(cpu).insert(levelOf(best), intidOf(best));
      return true;
    }
    this.queue1(cpu).insert(levelOf(candidate), intidOf(candidate));
    return false;
  }

  /** Takes back a candidate that is filed there. Returns true when it was the best of its group: then the vCPU is to be marked. */
  remove(cpu: VcpuState, candidate: candidates.Candidate): boolean {
    const group = groupOf(candidate);
    if (candidate === (group === 1 ? cpu.best1 : cpu.best0)) {
      this.removeBest(cpu, group);
      return true;
    }
    (group === 1 ? cpu.queue1 : cpu.queue0)!.remove(levelOf(candidate), intidOf(candidate));
    return false;
  }

  /** Takes back the best of a group; there is one. Who calls it marks the vCPU. */
  removeBest(cpu: VcpuState, group: number): void {
    if (group === 1) cpu.best1 = cpu.queue1 === undefined ? NO_CANDIDATE : cpu.queue1.takeBest();
    else cpu.best0 = cpu.queue0 === undefined ? NO_CANDIDATE : cpu.queue0.takeBest();
  }

  /** The lines of the vCPU may have to change. */
  mark(cpu: VcpuState): void {
    if (this.firstMarked === cpu) return;
    if (this.firstMarked !== undefined || this.held) return this.queueMark(cpu);
    this.firstMarked = cpu;
    this.order.defer(this.chip);
  }

  markAll(): void {
    for (const cpu of this.vcpus) this.mark(cpu);
  }

  /** A marked vCPU, unmarked; undefined when none is left. */
  takeMarked(): VcpuState | undefined {
    const cpu = this.firstMarked;
    this.firstMarked = this.ringCount === 0 ? undefined : this.nextMark();
    return cpu;
  }

  get anyMarked(): boolean {
    return this.firstMarked !== undefined;
  }

  /** Forgets all candidates and marks every vCPU; until `release` marks wait, for state is being replaced as a whole. Cold. */
  hold(): void {
    for (const cpu of this.vcpus) {
      cpu.best0 = cpu.best1 = NO_CANDIDATE;
      cpu.queue0?.clear();
      cpu.queue1?.clear();
    }
    this.held = true;
    this.markAll();
  }

  /** Marks are there for `takeMarked` again. Who calls this asks for the evaluation. */
  release(): void {
    this.held = false;
    if (this.firstMarked === undefined && this.ringCount > 0) this.firstMarked = this.nextMark();
  }

  private insert0(cpu: VcpuState, candidate: candidates.Candidate): boolean {
    const queue = (cpu.queue0 ??= new PendingQueue(this.pool, 0, this.group0Limit));
    const best = cpu.best0;
    if (candidate < best) {
      cpu.best0 = candidate;
      if (best !== NO_CANDIDATE) queue.insert(levelOf(best), intidOf(best));
      return true;
    }
    queue.insert(levelOf(candidate), intidOf(candidate));
    return false;
  }

  private queue1(cpu: VcpuState): PendingQueue {
    return (cpu.queue1 ??= new PendingQueue(this.pool, 1, this.group1Limit));
  }

  private queueMark(cpu: VcpuState): void {
    if (cpu.queued) return;
    cpu.queued = true;
    const end = this.ringStart + this.ringCount++;
    this.ring[end < this.ring.length ? end : end - this.ring.length] = cpu.vcpu;
  }

  private nextMark(): VcpuState {
    const cpu = this.vcpus[this.ring[this.ringStart]!]!;
    if (++this.ringStart === this.ring.length) this.ringStart = 0;
    this.ringCount--;
    cpu.queued = false;
    return cpu;
  }
}
