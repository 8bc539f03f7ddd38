/**
 * The resampling irqfds of one GSI (kvm-irq-abi.md, D.4). The first signal raises the GSI and it stays; when the guest finishes
 * the interrupt the GSI is lowered once, and then every resamplefd is signalled, whoever had fired.
 *
 * Lowering comes first: a listener that still asserts signals again in place, and the line must end high.
 */
import type { EventFd, GsiPort, GsiRouter } from "@trapline/core";
import type { Subscription } from "rxjs";

/** An irqfd as its resampler knows it. */
export interface Resampled {
  readonly active: boolean;
  readonly resample: EventFd | undefined;
}

export class Resampler {
  /** What it last drove. The chip may see another level: where the routing profile is Linux's, routes take no line along. */
  high = false;
  private readonly port: GsiPort;
  private readonly emptied: () => void;
  private readonly completions: Subscription;
  /** Replaced, not changed: a notification under way goes on with the list it began with. */
  private members: readonly Resampled[] = [];

  /** @param emptied called when the last member left */
  constructor(router: GsiRouter, port: GsiPort, emptied: () => void) {
    this.port = port;
    this.emptied = emptied;
    this.completions = router.onCompletion(port.gsi, () => this.completed());
  }

  attach(irqfd: Resampled): void {
    this.members = [...this.members, irqfd];
  }

  /** The last one lowers the GSI. */
  detach(irqfd: Resampled): void {
    this.members = this.members.filter((other) => other !== irqfd);
    if (this.members.length !== 0) return;
    this.completions.unsubscribe();
    this.emptied();
    this.lower();
  }

  raise(): void {
    this.high = true;
    this.port.set(true);
  }

  /** Without telling anybody. */
  lower(): void {
    this.high = false;
    this.port.set(false);
  }

  private completed(): void {
    this.lower();
    for (const irqfd of this.members) if (irqfd.active) irqfd.resample?.signal();
  }
}
