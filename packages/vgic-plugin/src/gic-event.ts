/** What a GIC's CPU interfaces do, as trace events: the steps of an interrupt between the vCPU line and the completion. */
import { Wire, type WireEvent, type WireOrder } from "@trapline/core";

interface GicEventBase extends WireEvent {
  /** Name of the chip. */
  readonly irqchip: string;
  /** The vCPU that did it. */
  readonly vcpu: number;
  readonly intid: number;
}

/** IAR returned an interrupt. */
export interface GicAcknowledge extends GicEventBase {
  readonly kind: "gic.acknowledge";
  readonly group: 0 | 1;
  readonly priority: number;
}

/** EOIR was accepted: the running priority dropped. */
export interface GicEoi extends GicEventBase {
  readonly kind: "gic.eoi";
  readonly group: 0 | 1;
}

/** The interrupt is no longer active: by EOIR, DIR or ICACTIVER. */
export interface GicDeactivate extends GicEventBase {
  readonly kind: "gic.deactivate";
}

/** A software-generated interrupt was requested for one target. */
export interface GicSgi extends GicEventBase {
  readonly kind: "gic.sgi";
  readonly target: number;
}

declare module "@trapline/core" {
  interface TraceEvents {
    "gic.acknowledge": GicAcknowledge;
    "gic.eoi": GicEoi;
    "gic.deactivate": GicDeactivate;
    "gic.sgi": GicSgi;
  }
}

export type GicEvent = GicAcknowledge | GicEoi | GicDeactivate | GicSgi;

export const ACKNOWLEDGE = 0;
export const EOI = 1;
export const DEACTIVATE = 2;
export const SGI = 3;
export type GicStep = typeof ACKNOWLEDGE | typeof EOI | typeof DEACTIVATE | typeof SGI;

/** `detail`: ACKNOWLEDGE priority × 2 + group; EOI group; SGI target vCPU; otherwise 0. */
export type GicArgs = readonly [step: GicStep, vcpu: number, intid: number, detail: number];

/** The wire `NAME.cpu`. Nobody owns it: it only tells. */
export function gicWire(order: WireOrder, irqchip: string): Wire<GicArgs, void, GicEvent> {
  return new Wire<GicArgs, void, GicEvent>(order, {
    name: `${irqchip}.cpu`,
    unowned: undefined,
    describe: (seq, atNs, _answer, step, vcpu, intid, detail) => {
      const group = (detail & 1) as 0 | 1;
      switch (step) {
        case ACKNOWLEDGE:
          return { seq, atNs, kind: "gic.acknowledge", irqchip, vcpu, intid, group, priority: detail >> 1 };
        case EOI:
          return { seq, atNs, kind: "gic.eoi", irqchip, vcpu, intid, group };
        case DEACTIVATE:
          return { seq, atNs, kind: "gic.deactivate", irqchip, vcpu, intid };
        case SGI:
          return { seq, atNs, kind: "gic.sgi", irqchip, vcpu, intid, target: detail };
      }
    },
  });
}
