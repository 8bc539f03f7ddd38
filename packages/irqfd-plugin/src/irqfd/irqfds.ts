/** KVM_IRQFD: which eventfd raises which GSI (kvm-irq-abi.md, D.1). Cold; what a signal does is in irqfd.ts. */
import {
  type EventFd,
  type GsiRouter,
  hex,
  type Irqchip,
  type IrqfdBinding,
  type Irqfds,
  type PlainData,
  SnapshotError,
} from "@trapline/core";
import { refusal } from "../refusal.ts";
import { Irqfd } from "./irqfd.ts";
import { Resampler } from "./resampler.ts";

interface SavedIrqfds {
  readonly bindings: readonly string[];
  readonly high: readonly number[];
}

export class RoutedIrqfds implements Irqfds {
  private readonly router: GsiRouter;
  private readonly bound = new Map<EventFd, Irqfd>();
  private readonly resamplers = new Map<number, Resampler>();

  constructor(router: GsiRouter) {
    this.router = router;
  }

  /** Every check comes before the first effect, in the kernel's order: what is refused leaves nothing behind. */
  assign(binding: IrqfdBinding): void {
    const { eventFd, gsi, resample } = binding;
    refuseUninitialised(this.router.irqchips);
    requireOpen("kvm_irqfd.fd", eventFd);
    const port = this.router.port(gsi);
    if (resample !== undefined) requireOpen("kvm_irqfd.resamplefd", resample);
    const owner = eventFd.signals$.ownerName;
    if (owner !== undefined) {
      throw refusal("EBUSY", "kvm_irqfd.fd", `eventfd ${eventFd.name}, bound to ${owner}`, "an eventfd nobody is bound to", "deassign it there first");
    }
    const resampler = resample === undefined ? undefined : this.resamplerOf(gsi);
    const irqfd = new Irqfd(eventFd, port, resample, resampler, (closed) => this.remove(closed));
    this.bound.set(eventFd, irqfd);
    irqfd.deliverEarlier();
  }

  deassign({ eventFd, gsi }: Pick<IrqfdBinding, "eventFd" | "gsi">): void {
    requireOpen("kvm_irqfd.fd", eventFd);
    const irqfd = this.bound.get(eventFd);
    if (irqfd !== undefined && irqfd.gsi === gsi) this.remove(irqfd);
  }

  get bindings(): readonly IrqfdBinding[] {
    return [...this.bound.values()].map(({ eventFd, gsi, resample }) => (resample === undefined ? { eventFd, gsi } : { eventFd, gsi, resample }));
  }

  /** The lines of resampling irqfds drop; bindings and counters are the host's and stay. */
  reset(): void {
    for (const resampler of this.resamplers.values()) if (resampler.high) resampler.lower();
  }

  close(): void {
    for (const irqfd of [...this.bound.values()]) this.remove(irqfd);
  }

  save(): PlainData {
    return { bindings: this.describe(), high: [...this.resamplers].filter(([, { high }]) => high).map(([gsi]) => gsi) };
  }

  /** @throws SnapshotError unless the same eventfds, by name, are bound to the same GSIs */
  restore(state: PlainData): void {
    const saved = state as unknown as SavedIrqfds;
    const [theirs, ours] = [String(saved?.bindings), String(this.describe())];
    if (theirs !== ours) {
      throw new SnapshotError("the saved irqfds are not those of this machine", {
        subject: "irqfd",
        value: theirs || "none",
        limit: ours || "none",
        remedy: "assign the same irqfds before restoring",
      });
    }
    const high = new Set(saved.high);
    for (const [gsi, resampler] of this.resamplers) resampler.high = high.has(gsi);
  }

  private describe(): readonly string[] {
    return [...this.bound.values()]
      .map(({ eventFd, gsi, resample }) => `${eventFd.name} → ${hex(gsi)}${resample === undefined ? "" : `, resample ${resample.name}`}`)
      .toSorted();
  }

  private remove(irqfd: Irqfd): void {
    if (this.bound.get(irqfd.eventFd) === irqfd) this.bound.delete(irqfd.eventFd);
    irqfd.detach();
  }

  private resamplerOf(gsi: number): Resampler {
    let resampler = this.resamplers.get(gsi);
    if (resampler === undefined) {
      resampler = new Resampler(this.router, this.router.port(gsi), () => this.resamplers.delete(gsi));
      this.resamplers.set(gsi, resampler);
    }
    return resampler;
  }
}

/** The first check of KVM_IRQFD, before any file descriptor is looked at. @throws KvmError EAGAIN */
export function refuseUninitialised(irqchips: readonly Irqchip[]): void {
  const unready = irqchips.find(({ kvm }) => kvm !== undefined && !kvm.initialised);
  if (irqchips.length !== 0 && unready === undefined) return;
  throw refusal("EAGAIN", "irqchip", unready === undefined ? "none" : `${unready.name}, not initialised`, "an initialised irqchip", "assign irqfds after it is");
}

function requireOpen(field: string, eventFd: EventFd): void {
  if (eventFd.closed) throw refusal("EBADF", field, `eventfd ${eventFd.name}, closed`, "an open eventfd");
}
