/** What happens to the machine as a whole, on `machine.events$`. */
import type { WireEvent } from "../wire/wire-order.ts";

export interface MachineEvent extends WireEvent {
  readonly kind: "machine";
  readonly what: "started" | "reset" | "restoring" | "closed";
  /** Which reset. */
  readonly reset?: "power-on" | "warm";
}
