/** Everything that decides whether one interrupt is signalled to one vCPU, read without side effects. See explain.ts. */
import { FIRST_LPI, type IntidSpace } from "./intid-space.ts";
import { ANY_HIGH, EDGE, ENABLED, LATCH } from "./irq-state.ts";
import type { LpiState } from "./lpi/lpi-controller.ts";
import { intidOf, NO_CANDIDATE, priorityOf } from "./candidate.ts";
import type { CpuInterfaces } from "./cpu-interfaces.ts";
import type { IrqTable } from "./irq-table.ts";

/** What is read: any GIC of this package. */
export interface DeliverySource {
  readonly version: 2 | 3;
  readonly space: IntidSpace;
  readonly table: IrqTable;
  readonly cpus: CpuInterfaces;
  peekLpi(intid: number): LpiState | undefined;
  targetsOf(slot: number): readonly number[];
}

export interface DeliveryState {
  readonly version: 2 | 3;
  readonly intid: number;
  readonly vcpu: number;
  /** Does the GIC have this INTID, for this vCPU? */
  readonly implemented: boolean;
  readonly latch: boolean;
  readonly level: boolean;
  readonly edge: boolean;
  readonly enabled: boolean;
  readonly active: boolean;
  readonly group: 0 | 1;
  /** Masked to the implemented bits. */
  readonly priority: number;
  /** The vCPUs it may go to now. */
  readonly targets: readonly number[];
  /** Set for LPIs; undefined for anything else, and for LPIs nobody knows. */
  readonly lpi: LpiState | undefined;
  /** Groups enabled in GICD_CTLR: bit 0, bit 1. */
  readonly distributorGroups: number;
  /** Groups enabled at the vCPU's CPU interface. */
  readonly cpuGroups: number;
  readonly pmr: number;
  /** 0xFF when nothing runs. */
  readonly runningPriority: number;
  /** The part of `priority` that preempts, by the binary point. */
  readonly groupPriority: number;
  /** The interrupt the CPU interface would take next, whatever PMR and running priority; −1 for none. */
  readonly candidate: number;
  readonly candidatePriority: number;
}

/** @param vcpu a vCPU of the machine; others read as not implemented */
export function deliveryState(gic: DeliverySource, intid: number, vcpu: number): DeliveryState {
  const { cpus, table, space } = gic;
  const exists = Number.isInteger(vcpu) && vcpu >= 0 && vcpu < space.vcpuCount;
  const known = exists && Number.isInteger(intid) && intid >= 0;
  const slot = known && intid < FIRST_LPI ? space.slot(intid, vcpu) : -1;
  const lpi = known && intid >= FIRST_LPI ? gic.peekLpi(intid) : undefined;
  const flags = slot < 0 ? 0 : table.flags(slot);
  const group = lpi !== undefined ? 1 : ((flags >>> 7) as 0 | 1);
  const priority = lpi?.priority ?? (slot < 0 ? 0 : table.priority(slot));
  const best = exists ? cpus.candidate(vcpu) : NO_CANDIDATE;
  return {
    version: gic.version,
    intid,
    vcpu,
    implemented: slot >= 0 || lpi !== undefined,
    latch: lpi?.pending ?? (flags & LATCH) !== 0,
    level: (flags & ANY_HIGH) !== 0,
    edge: lpi !== undefined || (flags & EDGE) !== 0,
    enabled: lpi?.enabled ?? (flags & ENABLED) !== 0,
    active: slot >= 0 && table.active(slot),
    group,
    priority,
    targets: lpi !== undefined ? (lpi.vcpu < 0 ? [] : [lpi.vcpu]) : slot < 0 ? [] : gic.targetsOf(slot),
    lpi,
    distributorGroups: cpus.distributorGroups,
    cpuGroups: exists ? cpus.groups[vcpu]! : 0,
    pmr: exists ? cpus.pmr[vcpu]! : 0,
    runningPriority: exists ? cpus.runningPriority(vcpu) : 0xff,
    groupPriority: exists ? priority & cpus.groupPriorityMask(vcpu, group) : priority,
    candidate: best === NO_CANDIDATE ? -1 : intidOf(best),
    candidatePriority: best === NO_CANDIDATE ? 0xff : priorityOf(best),
  };
}
