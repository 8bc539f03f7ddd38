/**
 * What a chip's CPU interface tells of an interrupt, by the shape it has in a trace: GICs and ITSs as @trapline/vgic-plugin writes
 * them, and any other chip that does the same. Nothing here names a plugin.
 *
 * A chip of yours joins in with events of kind `NAME.acknowledge`, `NAME.eoi` and `NAME.deactivate`, with `irqchip`, `vcpu` and `intid`.
 */
import type { WireEvent } from "@trapline/core";

/** A vCPU took an interrupt, ended it, or deactivated it. */
export interface CpuStepEvent extends WireEvent {
  readonly irqchip: string;
  readonly vcpu: number;
  readonly intid: number;
  readonly group?: number;
  readonly priority?: number;
}

/** `gic.sgi`: one vCPU asked another. */
export interface SgiEvent extends CpuStepEvent {
  readonly target: number;
}

/** `its.translation`: a message became an LPI. */
export interface TranslationEvent extends WireEvent {
  readonly deviceId: number;
  readonly eventId: number;
  readonly intid?: number;
  readonly vcpu?: number;
  readonly result: number;
}

export type CpuStep = "acknowledge" | "eoi" | "deactivate";

const STEPS: Readonly<Record<string, CpuStep>> = { acknowledge: "acknowledge", eoi: "eoi", deactivate: "deactivate" };

/** Which step an event of that kind is: "gic.eoi" → "eoi". */
export function cpuStepOf(kind: string): CpuStep | undefined {
  const dot = kind.lastIndexOf(".");
  return dot <= 0 ? undefined : STEPS[kind.slice(dot + 1)];
}
