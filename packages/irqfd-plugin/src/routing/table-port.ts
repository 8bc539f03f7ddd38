/**
 * One GSI as the table router keeps it: its resolved targets, its level, who waits for completions. irqfds hold it as their
 * {@link GsiPort}, which is how the resolution is cached in each of them and follows every change of the table at once.
 *
 * Hot: `fire`, `pulse`, `set`.
 */
import { type GsiArgs, type GsiEvent, type GsiPort, HIGH, type IrqResult, type IrqSignal, LOW, PULSE, type Wire } from "@trapline/core";
import type { Target } from "./route-target.ts";

/** What a port needs of its router. */
export interface PortHost {
  readonly gsi$: Wire<GsiArgs, IrqResult, GsiEvent>;
  /** The port that emits: spares the owner of `gsi$` the look-up. Checked by GSI, so a stale one does no harm. */
  emitting: TablePort | undefined;
}

const NOWHERE: readonly Target[] = [];

export class TablePort implements GsiPort {
  readonly gsi: number;
  /** Replaced as a whole when the routes of this GSI change: whoever walks the old list can tell. */
  targets: readonly Target[] = NOWHERE;
  /** Level of the GSI, kept where the profile has pins as ORs. */
  high = false;
  /** What `fire` sends: an edge, or HIGH where the profile has Linux's fast path and it applies. */
  edge: IrqSignal = PULSE;
  /** Told of completions. Replaced, not changed. */
  listeners: readonly (() => void)[] = [];
  /** Somebody keeps this object. */
  held = false;
  private readonly host: PortHost;

  constructor(host: PortHost, gsi: number) {
    this.host = host;
    this.gsi = gsi;
  }

  fire(): IrqResult {
    this.host.emitting = this;
    return this.host.gsi$.emit(this.gsi, this.edge);
  }

  pulse(): IrqResult {
    this.host.emitting = this;
    return this.host.gsi$.emit(this.gsi, PULSE);
  }

  set(high: boolean): IrqResult {
    this.host.emitting = this;
    return this.host.gsi$.emit(this.gsi, high ? HIGH : LOW);
  }

  /** True while the router would lose something by forgetting it. */
  get needed(): boolean {
    return this.held || this.high || this.listeners.length !== 0;
  }
}
