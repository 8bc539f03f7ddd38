/** What a PLIC adds to the trace: claims. `intid` and `vcpu` under the names by which every chip tells of an acknowledge. */
import type { WireEvent } from "@trapline/core";

export interface PlicAcknowledge extends WireEvent {
  readonly kind: "plic.acknowledge";
  readonly irqchip: string;
  readonly context: number;
  readonly vcpu: number;
  /** The source's id. */
  readonly intid: number;
}

declare module "@trapline/core" {
  interface TraceEvents {
    "plic.acknowledge": PlicAcknowledge;
  }
}
