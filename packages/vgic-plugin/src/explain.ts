/**
 * Why an interrupt is or is not signalled to a vCPU, in the manual's terms and in the order in which the GIC asks
 * (Arm IHI 0069, "Interrupt states" and "Interrupt prioritization"). Pure: it reads a {@link DeliveryState} and nothing else.
 */
import { describeIntid, hex } from "@trapline/core";
import { type DeliverySource, type DeliveryState, deliveryState } from "./delivery-state.ts";

/** What is asked, in order. */
export type DeliveryCheck =
  | "implemented"
  | "lpi-mapped"
  | "lpis-enabled"
  | "pending"
  | "enabled"
  | "not-active"
  | "targeted"
  | "distributor-group"
  | "cpu-interface-group"
  | "best"
  | "priority-mask"
  | "preempts";

/** One question that the GIC asks before it signals an interrupt, and the answer. */
export interface DeliveryStep {
  readonly check: DeliveryCheck;
  readonly passed: boolean;
  /** One sentence with the register and the values that decided. */
  readonly text: string;
}

/** Why an interrupt is, or is not, signalled to a vCPU. */
export interface Explanation {
  readonly intid: number;
  readonly vcpu: number;
  /** The vCPU's line is high because of it. */
  readonly signalled: boolean;
  /** Everything that was asked, failed ones included; after a missing INTID nothing is. */
  readonly steps: readonly DeliveryStep[];
  /** The failed steps, or that it is signalled, as a paragraph. */
  readonly text: string;
}

/** Why `intid` is or is not signalled to `vcpu` now. Changes nothing. */
export function explain(gic: DeliverySource, intid: number, vcpu: number): Explanation {
  return explainState(deliveryState(gic, intid, vcpu));
}

/** The same for state that was read before. */
export function explainState(state: DeliveryState): Explanation {
  const { intid, vcpu } = state;
  const steps = state.implemented ? [...lpiSteps(state), ...irqSteps(state), ...cpuSteps(state)] : [missing(state)];
  const failed = steps.filter(({ passed }) => !passed);
  const name = `${describeIntid(intid)} (INTID ${intid})`;
  const text =
    failed.length === 0
      ? `${name} is signalled to vCPU ${vcpu} at priority ${hex(state.priority, 2)}.`
      : `${name} is not signalled to vCPU ${vcpu}: ${failed.map((step) => step.text).join("; ")}.`;
  return { intid, vcpu, signalled: failed.length === 0, steps, text };
}

const step = (check: DeliveryCheck, passed: boolean, yes: string, no: string): DeliveryStep => ({ check, passed, text: passed ? yes : no });

function missing({ intid, vcpu }: DeliveryState): DeliveryStep {
  return step("implemented", false, "", `this GIC has no ${describeIntid(intid)} for vCPU ${vcpu}: see GICD_TYPER`);
}

function lpiSteps({ lpi }: DeliveryState): DeliveryStep[] {
  if (lpi === undefined) return [];
  return [
    step("lpi-mapped", lpi.mapped, "an event is mapped to it", "no ITS event is mapped to it (MAPTI, MAPI)"),
    step("lpis-enabled", lpi.lpisEnabled, "GICR_CTLR.EnableLPIs is 1", `GICR_CTLR.EnableLPIs of vCPU ${lpi.vcpu} is 0`),
  ];
}

function irqSteps(state: DeliveryState): DeliveryStep[] {
  const { latch, level, edge, enabled, active, targets, vcpu, lpi, version, intid } = state;
  const pending = latch || (level && !edge);
  const why = latch ? "it is latched" : "its wire is high and it is level-sensitive";
  const idle = edge && level ? "its wire is high, but it is edge-triggered and saw no new edge" : "it is not pending: no latch, and the wire is low";
  const enable = lpi !== undefined ? "the enable bit of its configuration byte" : `the enable bit in ${intid < 32 && version === 3 ? "GICR" : "GICD"}_ISENABLER`;
  const route = lpi !== undefined ? "its collection" : version === 2 ? "GICD_ITARGETSR" : "GICD_IROUTER";
  const where = targets.length === 0 ? "nobody" : `vCPU ${targets.join(", ")}`;
  return [
    step("pending", pending, why, lpi !== undefined ? "it is not pending" : idle),
    step("enabled", enabled, `${enable} is 1`, `${enable} is 0`),
    step("not-active", !active, "it is not active", "it is active: a vCPU took it and has not deactivated it (EOIR, or DIR with split EOI)"),
    step("targeted", targets.includes(vcpu), `${route} sends it to vCPU ${vcpu}`, `${route} sends it to ${where}`),
  ];
}

function cpuSteps(state: DeliveryState): DeliveryStep[] {
  const { version, group, distributorGroups, cpuGroups, pmr, priority, runningPriority, groupPriority, candidate, candidatePriority, intid } = state;
  const cpuEnable = version === 3 ? `ICC_IGRPEN${group}_EL1` : `GICC_CTLR.EnableGrp${group}`;
  const mask = version === 3 ? "ICC_PMR_EL1" : "GICC_PMR";
  const idle = runningPriority === 0xff;
  const beaten = candidate >= 0 && candidate !== intid && (candidatePriority < priority || (candidatePriority === priority && candidate < intid));
  return [
    step(
      "distributor-group",
      ((distributorGroups >> group) & 1) === 1,
      `GICD_CTLR.EnableGrp${group} is 1`,
      `it is in group ${group}, and GICD_CTLR.EnableGrp${group} is 0`,
    ),
    step("cpu-interface-group", ((cpuGroups >> group) & 1) === 1, `${cpuEnable} is 1`, `it is in group ${group}, and ${cpuEnable} is 0`),
    step(
      "best",
      !beaten,
      "no better interrupt is pending",
      `INTID ${candidate} with priority ${hex(candidatePriority, 2)} goes before it (priority ${hex(priority, 2)})`,
    ),
    step(
      "priority-mask",
      priority < pmr,
      `its priority ${hex(priority, 2)} is below ${mask} ${hex(pmr, 2)}`,
      `its priority ${hex(priority, 2)} is not below ${mask} ${hex(pmr, 2)}`,
    ),
    step(
      "preempts",
      idle || groupPriority < runningPriority,
      idle ? "nothing is running" : `its group priority ${hex(groupPriority, 2)} preempts the running ${hex(runningPriority, 2)}`,
      `its group priority ${hex(groupPriority, 2)} does not preempt the running priority ${hex(runningPriority, 2)}`,
    ),
  ];
}
