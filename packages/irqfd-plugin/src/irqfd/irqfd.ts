/**
 * One irqfd: an eventfd whose signal raises a GSI (virt/kvm/eventfd.c; kvm-irq-abi.md, D).
 *
 * It owns `signals$` of its eventfd, takes the count before any reader can, and signals its port, in which the router keeps
 * the GSI resolved. One write is one attempt, whatever its value. What Linux defers to a work queue happens here at once.
 *
 * Hot: `signalled`. Everything else is cold.
 */
import type { EventFd, GsiPort } from "@trapline/core";
import { Subscription } from "rxjs";
import type { Resampler } from "./resampler.ts";

export class Irqfd {
  readonly eventFd: EventFd;
  readonly gsi: number;
  /** Level semantics: signalled after the guest finished the interrupt. */
  readonly resample: EventFd | undefined;
  /** Shared by all resampling irqfds of the GSI. */
  readonly resampler: Resampler | undefined;
  active = true;
  private readonly port: GsiPort;
  private readonly scope = new Subscription();

  /** @param closed called when the eventfd is closed */
  constructor(eventFd: EventFd, port: GsiPort, resample: EventFd | undefined, resampler: Resampler | undefined, closed: (irqfd: Irqfd) => void) {
    this.eventFd = eventFd;
    this.gsi = port.gsi;
    this.resample = resample;
    this.resampler = resampler;
    this.port = port;
    this.scope.add(eventFd.signals$.own(`irqfd of GSI ${port.gsi}`, () => this.signalled()));
    this.scope.add(eventFd.onClose(() => closed(this)));
    resampler?.attach(this);
  }

  /** A signal that came before: delivered once, and the count stays (D.3). */
  deliverEarlier(): void {
    if (this.eventFd.count === 0) return;
    if (this.resampler === undefined) this.port.pulse();
    else this.resampler.raise();
  }

  /** When it returns nothing more is injected. Takes the count once, as Linux's removal from the wait queue does. */
  detach(): void {
    if (!this.active) return;
    this.active = false;
    this.scope.unsubscribe();
    if (!this.eventFd.closed) this.eventFd.read();
    this.resampler?.detach(this);
  }

  private signalled(): void {
    this.eventFd.read();
    if (this.resampler === undefined) this.port.fire();
    else this.resampler.raise();
  }
}
