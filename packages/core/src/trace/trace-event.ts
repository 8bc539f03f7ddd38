/**
 * One typed union of everything observable. Plugins add their kinds by declaration merging:
 *
 *     declare module "@trapline/core" {
 *       interface TraceEvents { "my-chip.ack": MyChipAck }
 *     }
 */
import type { BusAccess, DoorbellHit, UnclaimedAccess } from "../bus/bus-event.ts";
import type { SignalEvent } from "../event/event-fd.ts";
import type { CompletionEvent, GsiEvent, MsiEvent, PinEvent, PrivateLineEvent, VcpuLineEvent } from "../irq/irq-event.ts";
import type { MachineEvent } from "../machine/machine-event.ts";
import type { MemoryRemap } from "../memory/cpu-view.ts";
import type { MemoryOverwrite } from "../memory/guest-memory.ts";
import type { SysregAccess } from "../vcpu/sysreg-space.ts";
import type { VcpuExit } from "../vcpu/vcpu-exit.ts";

/** By `kind`. */
export interface TraceEvents {
  access: BusAccess;
  unclaimed: UnclaimedAccess;
  doorbell: DoorbellHit;
  sysreg: SysregAccess;
  exit: VcpuExit;
  signal: SignalEvent;
  gsi: GsiEvent;
  msi: MsiEvent;
  pin: PinEvent;
  "private-line": PrivateLineEvent;
  "vcpu-line": VcpuLineEvent;
  completion: CompletionEvent;
  overwrite: MemoryOverwrite;
  remap: MemoryRemap;
  machine: MachineEvent;
}

/** A `kind` of event: those of core, and those that plugins declare. */
export type TraceKind = keyof TraceEvents;
export type TraceEvent = TraceEvents[TraceKind];
