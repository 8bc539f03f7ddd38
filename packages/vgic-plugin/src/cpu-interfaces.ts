/**
 * The CPU interfaces of all vCPUs: priority mask, binary points, active priorities, and the choice of what is signalled.
 * GICv2's GICC_* frame and GICv3's ICC_* registers are two views of it (Arm IHI 0048 and IHI 0069, "Interrupt prioritization").
 *
 * Rules, for 5 implemented priority bits, all of them preemption bits:
 * - A pending interrupt counts while its group is enabled at the distributor and here; the best counted one is the candidate.
 * - It is signalled iff its priority is below PMR (strictly) and nothing runs, or its group priority is below the running one.
 * - Group priority := priority & mask; mask is 0xFF << (BPR0 + 1) for group 0 and with CBPR, else 0xFF << BPR1.
 *
 * Cold: what each interrupt reads of this is derived into vcpu-states.ts when it changes; acknowledge and drop are there, too.
 */
import type { PlainData } from "@trapline/core";
import type { Arbitration } from "./arbitration.ts";
import { type Candidate, NO_CANDIDATE } from "./candidate.ts";
import { PRIORITY_MASK } from "./irq-state.ts";
import type { SavedState } from "./saved-state.ts";
import type { VcpuStates } from "./vcpu-states.ts";

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
  readonly pmr: Uint8Array;
  readonly bpr0: Uint8Array;
  readonly bpr1: Uint8Array;
  readonly control: Uint8Array;
  /** Groups enabled here: bit 0, bit 1. */
  readonly groups: Uint8Array;
  private readonly arbitration: Arbitration;
  private readonly states: VcpuStates;
  private groupsOfDistributor = 0;

  constructor(count: number, arbitration: Arbitration) {
    this.count = count;
    this.arbitration = arbitration;
    this.states = arbitration.states;
    this.pmr = new Uint8Array(count);
    this.bpr0 = new Uint8Array(count);
    this.bpr1 = new Uint8Array(count);
    this.control = new Uint8Array(count);
    this.groups = new Uint8Array(count);
    for (let vcpu = 0; vcpu < count; vcpu++) this.reset(vcpu);
  }

  /** The reset state of one interface (gic.md A.5.15, H.2.4). */
  reset(vcpu: number): void {
    this.pmr[vcpu] = 0;
    this.bpr0[vcpu] = MIN_BPR0;
    this.bpr1[vcpu] = MIN_BPR1;
    this.control[vcpu] = 0;
    this.groups[vcpu] = 0;
    this.states.setActivePriorities(vcpu, 0, 0);
    this.states.setActivePriorities(vcpu, 1, 0);
    this.derive(vcpu);
  }

  /** Every register of every interface. */
  save(): PlainData {
    const { pmr, bpr0, bpr1, control, groups } = this;
    const active = (group: number): number[] => Array.from({ length: this.count }, (_, vcpu) => this.activePriorities(vcpu, group));
    return {
      ...{ pmr: pmr.slice(), bpr0: bpr0.slice(), bpr1: bpr1.slice(), control: control.slice(), groups: groups.slice() },
      ...{ ap0: active(0), ap1: active(1) },
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

  /** Groups enabled at the distributor: bit 0, bit 1. */
  get distributorGroups(): number {
    return this.groupsOfDistributor;
  }

  set distributorGroups(groups: number) {
    this.groupsOfDistributor = groups & 3;
    for (let vcpu = 0; vcpu < this.count; vcpu++) this.derive(vcpu);
  }

  /** The best interrupt whose group is enabled at the distributor and here, whatever its priority. */
  candidate(vcpu: number): Candidate {
    const groups = this.groupsOfDistributor & this.groups[vcpu]!;
    const best0 = (groups & 1) === 0 ? NO_CANDIDATE : this.states.best(vcpu, 0);
    const best1 = (groups & 2) === 0 ? NO_CANDIDATE : this.states.best(vcpu, 1);
    return best0 < best1 ? best0 : best1;
  }

  /** The candidate, if PMR and the running priority let it through. */
  signalled(vcpu: number): Candidate {
    return this.states.signalled(vcpu);
  }

  /** As GICC_RPR and ICC_RPR_EL1 read. */
  runningPriority(vcpu: number): number {
    const level = this.states.runningLevel(vcpu);
    return level < 0 ? IDLE_PRIORITY : level << PRIORITY_SHIFT;
  }

  /** As GICC_APR, GICC_NSAPR, ICC_AP0R0_EL1 and ICC_AP1R0_EL1 read. */
  activePriorities(vcpu: number, group: number): number {
    return this.states.activePriorities(vcpu, group);
  }

  groupPriorityMask(vcpu: number, group: number): number {
    const shift = group === 0 || (this.control[vcpu]! & CBPR) !== 0 ? this.bpr0[vcpu]! + 1 : this.bpr1[vcpu]!;
    return (0xff << shift) & 0xff;
  }

  setPmr(vcpu: number, value: number): void {
    this.pmr[vcpu] = value & PRIORITY_MASK;
    this.changed(vcpu);
  }

  /** Masked to three bits first, then raised to the minimum: 8 is 0 is the minimum. */
  setBpr0(vcpu: number, value: number): void {
    this.bpr0[vcpu] = Math.max(value & 7, MIN_BPR0);
    this.changed(vcpu);
  }

  setBpr1(vcpu: number, value: number): void {
    this.bpr1[vcpu] = Math.max(value & 7, MIN_BPR1);
    this.changed(vcpu);
  }

  setControl(vcpu: number, value: number): void {
    this.control[vcpu] = value;
    this.changed(vcpu);
  }

  setGroups(vcpu: number, groups: number): void {
    this.groups[vcpu] = groups & 3;
    this.changed(vcpu);
  }

  /** Takes effect at once: the running priority is what the bits say. */
  setActivePriorities(vcpu: number, group: number, value: number): void {
    this.states.setActivePriorities(vcpu, group, value);
    this.arbitration.mark(vcpu);
  }

  splitEoi(vcpu: number): boolean {
    return (this.control[vcpu]! & EOI_MODE) !== 0;
  }

  private changed(vcpu: number): void {
    this.derive(vcpu);
    this.arbitration.mark(vcpu);
  }

  /** What the registers of the vCPU say, in the form that is read for each interrupt. */
  private derive(vcpu: number): void {
    const groups = this.groupsOfDistributor & this.groups[vcpu]!;
    const open = this.pmr[vcpu]! >>> PRIORITY_SHIFT;
    this.states.admit(vcpu, {
      open0: (groups & 1) === 0 ? 0 : open,
      open1: (groups & 2) === 0 ? 0 : open,
      mask0: this.groupPriorityMask(vcpu, 0) >>> PRIORITY_SHIFT,
      mask1: this.groupPriorityMask(vcpu, 1) >>> PRIORITY_SHIFT,
      splitEoi: this.splitEoi(vcpu),
    });
  }
}
