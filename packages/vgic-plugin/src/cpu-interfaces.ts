/**
 * The CPU interfaces of all vCPUs: priority mask, binary points, active priorities, and the choice of what is signalled.
 * GICv2's GICC_* frame and GICv3's ICC_* registers are two views of it (Arm IHI 0048 and IHI 0069, "Interrupt prioritization").
 *
 * Rules, for 5 implemented priority bits, all of them preemption bits:
 * - A pending interrupt counts while its group is enabled at the distributor and here; the best counted one is the candidate.
 * - It is signalled iff its priority is below PMR (strictly) and nothing runs, or its group priority is below the running one.
 * - Group priority := priority & mask; mask is 0xFF << (BPR0 + 1) for group 0 and with CBPR, else 0xFF << BPR1.
 * - Acknowledge sets the bit of the group priority in APnR0; end of interrupt clears the lowest bit (priority drop).
 *
 * Hot: `candidate`, `signalled`, `acknowledge`, `drop`. Nothing here allocates.
 */
import type { PlainData } from "@trapline/core";
import type { Arbitration } from "./arbitration.ts";
import { PRIORITY_MASK } from "./irq-state.ts";
import { type Candidate, groupOf, lowestBit, NO_CANDIDATE, priorityOf } from "./pending-queue.ts";
import type { SavedState } from "./saved-state.ts";

/** Smallest binary points with 5 preemption bits: 7 − 5 and 8 − 5. */
export const MIN_BPR0 = 2;
export const MIN_BPR1 = 3;
/** Priority bits below the implemented ones. */
const PRIORITY_SHIFT = 3;
/** What the running priority reads when nothing runs. */
export const IDLE_PRIORITY = 0xff;

/** Control bits, common to both versions and GICv2's own. */
export const CBPR = 0x01;
export const EOI_MODE = 0x02;
export const ACK_CTL = 0x04;
export const FIQ_EN = 0x08;

export class CpuInterfaces {
  readonly count: number;
  private readonly arbitration: Arbitration;
  /** Groups enabled at the distributor: bit 0, bit 1. Written by the distributor. */
  distributorGroups = 0;
  readonly pmr: Uint8Array;
  readonly bpr0: Uint8Array;
  readonly bpr1: Uint8Array;
  readonly control: Uint8Array;
  /** Groups enabled here: bit 0, bit 1. */
  readonly groups: Uint8Array;
  /** Active priorities of group 0 and 1, one bit per group priority. */
  readonly ap0: Uint32Array;
  readonly ap1: Uint32Array;

  constructor(count: number, arbitration: Arbitration) {
    this.count = count;
    this.arbitration = arbitration;
    this.pmr = new Uint8Array(count);
    this.bpr0 = new Uint8Array(count);
    this.bpr1 = new Uint8Array(count);
    this.control = new Uint8Array(count);
    this.groups = new Uint8Array(count);
    this.ap0 = new Uint32Array(count);
    this.ap1 = new Uint32Array(count);
    for (let vcpu = 0; vcpu < count; vcpu++) this.reset(vcpu);
  }

  /** The reset state of one interface (gic.md A.5.15, H.2.4). */
  reset(vcpu: number): void {
    this.pmr[vcpu] = 0;
    this.bpr0[vcpu] = MIN_BPR0;
    this.bpr1[vcpu] = MIN_BPR1;
    this.control[vcpu] = 0;
    this.groups[vcpu] = 0;
    this.ap0[vcpu] = 0;
    this.ap1[vcpu] = 0;
  }

  /** Every register of every interface. */
  save(): PlainData {
    const { pmr, bpr0, bpr1, control, groups, ap0, ap1 } = this;
    return {
      ...{ pmr: pmr.slice(), bpr0: bpr0.slice(), bpr1: bpr1.slice(), control: control.slice(), groups: groups.slice() },
      ...{ ap0: Array.from(ap0), ap1: Array.from(ap1) },
    };
  }

  /** Checks what `save` gave and returns what takes it, which cannot fail: values are forced into the registers' ranges. */
  restoring(saved: SavedState): () => void {
    const [pmr, bpr0, bpr1, control, groups] = (["pmr", "bpr0", "bpr1", "control", "groups"] as const).map((key) => saved.bytes(key, this.count));
    const [ap0, ap1] = (["ap0", "ap1"] as const).map((key) => saved.numbers(key, this.count, 0, 0xffff_ffff));
    return () => {
      for (let vcpu = 0; vcpu < this.count; vcpu++) {
        this.setPmr(vcpu, pmr![vcpu]!);
        this.setBpr0(vcpu, bpr0![vcpu]!);
        this.setBpr1(vcpu, bpr1![vcpu]!);
        this.setControl(vcpu, control![vcpu]! & (CBPR | EOI_MODE | ACK_CTL | FIQ_EN));
        this.setGroups(vcpu, groups![vcpu]!);
        this.setActivePriorities(vcpu, 0, ap0![vcpu]!);
        this.setActivePriorities(vcpu, 1, ap1![vcpu]!);
      }
    };
  }

  /** The best interrupt whose group is enabled at the distributor and here, whatever its priority. */
  candidate(vcpu: number): Candidate {
    const groups = this.distributorGroups & this.groups[vcpu]!;
    const best1 = (groups & 2) === 0 ? NO_CANDIDATE : this.arbitration.best(vcpu, 1);
    if ((groups & 1) === 0) return best1;
    const best0 = this.arbitration.best(vcpu, 0);
    return best0 < best1 ? best0 : best1;
  }

  /** The candidate, if PMR and the running priority let it through. */
  signalled(vcpu: number): Candidate {
    const candidate = this.candidate(vcpu);
    if (candidate === NO_CANDIDATE) return NO_CANDIDATE;
    const priority = priorityOf(candidate);
    if (priority >= this.pmr[vcpu]!) return NO_CANDIDATE;
    const active = this.ap0[vcpu]! | this.ap1[vcpu]!;
    if (active === 0) return candidate;
    const groupPriority = priority & this.groupPriorityMask(vcpu, groupOf(candidate));
    return groupPriority < lowestBit(active) << PRIORITY_SHIFT ? candidate : NO_CANDIDATE;
  }

  /** Records that `candidate` runs. */
  acknowledge(vcpu: number, candidate: Candidate): void {
    const group = groupOf(candidate);
    const level = (priorityOf(candidate) & this.groupPriorityMask(vcpu, group)) >>> PRIORITY_SHIFT;
    if (group === 0) this.ap0[vcpu]! |= 1 << level;
    else this.ap1[vcpu]! |= 1 << level;
    this.arbitration.mark(vcpu);
  }

  /**
   * Priority drop: ends the most urgent running priority of `group`, if there is one. A drop lets candidates through and
   * holds none back, so without one there is nothing to look at: what most ends of interrupt find.
   */
  drop(vcpu: number, group: number): void {
    const active = group === 0 ? this.ap0 : this.ap1;
    active[vcpu]! &= active[vcpu]! - 1;
    if (this.arbitration.anyCandidate(vcpu)) this.arbitration.mark(vcpu);
  }

  /** The group of the most urgent running priority; −1 when nothing runs. Equal priorities: group 0. */
  runningGroup(vcpu: number): number {
    const ap0 = this.ap0[vcpu]!;
    const ap1 = this.ap1[vcpu]!;
    if ((ap0 | ap1) === 0) return -1;
    if (ap0 === 0) return 1;
    return ap1 !== 0 && lowestBit(ap1) < lowestBit(ap0) ? 1 : 0;
  }

  /** As GICC_RPR and ICC_RPR_EL1 read. */
  runningPriority(vcpu: number): number {
    const active = this.ap0[vcpu]! | this.ap1[vcpu]!;
    return active === 0 ? IDLE_PRIORITY : lowestBit(active) << PRIORITY_SHIFT;
  }

  groupPriorityMask(vcpu: number, group: number): number {
    const shift = group === 0 || (this.control[vcpu]! & CBPR) !== 0 ? this.bpr0[vcpu]! + 1 : this.bpr1[vcpu]!;
    return (0xff << shift) & 0xff;
  }

  setPmr(vcpu: number, value: number): void {
    this.pmr[vcpu] = value & PRIORITY_MASK;
    this.arbitration.mark(vcpu);
  }

  /** Masked to three bits first, then raised to the minimum: 8 is 0 is the minimum. */
  setBpr0(vcpu: number, value: number): void {
    this.bpr0[vcpu] = Math.max(value & 7, MIN_BPR0);
    this.arbitration.mark(vcpu);
  }

  setBpr1(vcpu: number, value: number): void {
    this.bpr1[vcpu] = Math.max(value & 7, MIN_BPR1);
    this.arbitration.mark(vcpu);
  }

  setControl(vcpu: number, value: number): void {
    this.control[vcpu] = value;
    this.arbitration.mark(vcpu);
  }

  setGroups(vcpu: number, groups: number): void {
    this.groups[vcpu] = groups & 3;
    this.arbitration.mark(vcpu);
  }

  /** Takes effect at once: the running priority is what the bits say. */
  setActivePriorities(vcpu: number, group: number, value: number): void {
    (group === 0 ? this.ap0 : this.ap1)[vcpu] = value;
    this.arbitration.mark(vcpu);
  }

  splitEoi(vcpu: number): boolean {
    return (this.control[vcpu]! & EOI_MODE) !== 0;
  }
}
