/**
 * One vCPU, as far as each interrupt reads or changes it: its best candidates, what its CPU interface lets through, and the
 * lines as driven; and the rules about them (Arm IHI 0048 and IHI 0069, "Interrupt prioritization").
 *
 * - The best candidate whose group is enabled is signalled iff its priority is below PMR (strictly) and nothing runs, or its
 *   group priority is below the running one.
 * - Acknowledge sets the bit of the group priority in APnR0; end of interrupt clears the lowest bit (priority drop).
 *
 * Arbitration keeps the bests, the CPU interfaces derive from their registers what says so, the chip drives the lines. Hot:
 * plain numbers in fields, which V8 reads with one instruction where an element of a typed array takes six.
 */
import * as candidates from "./candidate.ts";
import type { PendingQueue } from "./pending-queue.ts";

const { groupOf, levelOf, lowestBit, NO_CANDIDATE } = candidates; // docs/adr/0023-interrupt-delivery.md
/** Above all levels: the running one when nothing runs. */
const IDLE = 63;

export class VcpuState {
  // In the order of their use for the usual interrupt, one of group 1, so that it touches few lines of the cache: the first 104 bytes.
  /** Best candidate of a group, or NO_CANDIDATE; the others of the group wait in its queue, which is empty while there is no best. */
  best0: candidates.Candidate = NO_CANDIDATE;
  best1: candidates.Candidate = NO_CANDIDATE;
  /** Levels (priority >> 3) below this one pass PMR, if the group is enabled; otherwise 0. Derived from the registers. */
  open1 = 0;
  /** Bits of a level that are group priority, by the binary point. Derived from the registers. */
  groupMask1 = 0;
  /** Level of the running priority, or IDLE. Derived from the active priorities. */
  private running: number = IDLE;
  private active1 = 0;
  private active0 = 0;
  /** Lines as driven: bit 0 IRQ, bit 1 FIQ. */
  driven = 0;
  /** Set here as well as by the constructor: V8 lays fields out in the order in which they are first set. */
  readonly vcpu: number = 0;
  /** Made when first needed. */
  queue1: PendingQueue | undefined = undefined;
  /** End of interrupt only drops the priority (EOImode). Derived from the registers. */
  splitEoi = false;
  /** It waits in the ring of marks: see arbitration.ts. */
  queued = false;
  /** As for group 1. */
  open0 = 0;
  groupMask0 = 0;
  queue0: PendingQueue | undefined = undefined;

  constructor(vcpu: number) {
    this.vcpu = vcpu;
  }

  /** The candidate that is signalled; NO_CANDIDATE for none. */
  signalled(): candidates.Candidate {
    if (this.best0 !== NO_CANDIDATE) return this.signalledOfTwo();
    const best = this.best1;
    const level = levelOf(best); // of NO_CANDIDATE it is above all that is open
    return level < this.open1 && (level & this.groupMask1) < this.running ? best : NO_CANDIDATE;
  }

  /** `candidate`, which is signalled and so more urgent than all that runs, runs now. */
  acknowledge(candidate: candidates.Candidate): void {
    if (groupOf(candidate) === 1) {
      this.running = levelOf(candidate) & this.groupMask1;
      this.active1 |= 1 << this.running;
    } else {
      this.running = levelOf(candidate) & this.groupMask0;
      this.active0 |= 1 << this.running;
    }
  }

  /** Ends the most urgent running priority of `group`, if there is one. */
  drop(group: number): void {
    if (group === 1) this.active1 &= this.active1 - 1;
    else this.active0 &= this.active0 - 1;
    const active = this.active0 | this.active1;
    this.running = active === 0 ? IDLE : lowestBit(active);
  }

  /** Is the most urgent running priority one of `group`? Equal priorities: group 0. */
  runs(group: number): boolean {
    const bit = 1 << this.running; // when nothing runs, one that is not set
    return group === 1 ? (this.active1 & bit) !== 0 && (this.active0 & bit) === 0 : (this.active0 & bit) !== 0;
  }

  /** Level of the running priority; −1 when nothing runs. */
  get runningLevel(): number {
    return this.running === IDLE ? -1 : this.running;
  }

  /** ICC_AP0R0_EL1 and ICC_AP1R0_EL1: one bit per level. */
  activePriorities(group: number): number {
    return (group === 1 ? this.active1 : this.active0) >>> 0;
  }

  setActivePriorities(group: number, value: number): void {
    if (group === 1) this.active1 = value | 0;
    else this.active0 = value | 0;
    const active = this.active0 | this.active1;
    this.running = active === 0 ? IDLE : lowestBit(active);
  }

  /** With candidates in group 0 too, the better of those whose group is enabled has to pass. */
  private signalledOfTwo(): candidates.Candidate {
    const best0 = this.open0 === 0 ? NO_CANDIDATE : this.best0;
    const best1 = this.open1 === 0 ? NO_CANDIDATE : this.best1;
    const level0 = levelOf(best0);
    const level1 = levelOf(best1);
    if (best0 < best1) return level0 < this.open0 && (level0 & this.groupMask0) < this.running ? best0 : NO_CANDIDATE;
    return level1 < this.open1 && (level1 & this.groupMask1) < this.running ? best1 : NO_CANDIDATE;
  }
}
