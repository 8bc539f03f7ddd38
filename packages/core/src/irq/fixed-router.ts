/**
 * The router of machines without the routing plugin: GSI n is pin n of the first irqchip, and nothing can be rerouted.
 * An MSI goes to the first chip that takes it. GSIs from the chip's pin count up lead nowhere; signals there are ignored,
 * as a pin that is not connected would be.
 */
import { Subscription } from "rxjs";
import { gsi as checkGsi } from "../ids.ts";
import type { PlainData } from "../plain-data.ts";
import { Wire } from "../wire/wire.ts";
import type { WireOrder } from "../wire/wire-order.ts";
import type { GsiArgs, GsiPort, GsiRouter, RouteTarget } from "./gsi-router.ts";
import type { GsiEvent, MsiEvent } from "./irq-event.ts";
import type { EdgeTrigger, LevelLine } from "./irq-line.ts";
import { HIGH, IGNORED, type IrqResult, LOW, PULSE, signalName } from "./irq-signal.ts";
import type { Irqchip, MsiArgs } from "./irqchip.ts";
import { msiEvent } from "./irqchip-wires.ts";
import { SharedLines } from "./shared-lines.ts";

export class FixedRouter implements GsiRouter {
  readonly gsi$: Wire<GsiArgs, IrqResult, GsiEvent>;
  readonly msi$: Wire<MsiArgs, IrqResult, MsiEvent>;
  readonly irqchips: Irqchip[] = [];
  readonly sources: { gsi: number; owner: string; trigger: "level" | "edge" }[] = [];
  private readonly shared: SharedLines;
  private readonly completed = new Map<number, Set<() => void>>();

  constructor(order: WireOrder) {
    this.gsi$ = new Wire<GsiArgs, IrqResult, GsiEvent>(order, {
      name: "router.gsi",
      unowned: IGNORED,
      describe: (seq, atNs, result, gsi, signal) => ({ seq, atNs, kind: "gsi", gsi, signal: signalName(signal), result }),
    });
    this.msi$ = new Wire<MsiArgs, IrqResult, MsiEvent>(order, {
      name: "router.msi",
      unowned: IGNORED,
      describe: (seq, atNs, result, address, data, deviceId) => msiEvent(seq, atNs, "router", address, data, deviceId, result),
    });
    this.gsi$.own("fixed router", (gsi, signal) => {
      const irqchip = this.irqchips[0];
      return irqchip !== undefined && gsi < irqchip.pinCount ? irqchip.pins$.emit(gsi, signal) : IGNORED;
    });
    this.msi$.own("fixed router", (address, data, deviceId) => {
      for (const irqchip of this.irqchips) {
        const result = irqchip.capabilities.msi ? irqchip.msi$.emit(address, data, deviceId) : IGNORED;
        if (result >= 0) return result;
      }
      return IGNORED;
    });
    this.shared = new SharedLines((gsi, high) => this.gsi$.emit(gsi, high ? HIGH : LOW));
  }

  addIrqchip(irqchip: Irqchip): Subscription {
    const index = this.irqchips.push(irqchip) - 1;
    return irqchip.completions$.own("fixed router", (pin) => {
      if (index === 0) for (const completed of [...(this.completed.get(pin) ?? [])]) completed();
    });
  }

  line(gsi: number, owner: string): LevelLine {
    this.sources.push({ gsi: checkGsi(gsi), owner, trigger: "level" });
    return this.shared.line(gsi);
  }

  trigger(gsi: number, owner: string): EdgeTrigger {
    this.sources.push({ gsi: checkGsi(gsi), owner, trigger: "edge" });
    return { pulse: () => void this.gsi$.emit(gsi, PULSE) };
  }

  port(gsi: number): GsiPort {
    const pulse = (): IrqResult => this.gsi$.emit(gsi, PULSE);
    return { gsi, set: (high) => this.gsi$.emit(gsi, high ? HIGH : LOW), pulse, fire: pulse };
  }

  onCompletion(gsi: number, completed: () => void): Subscription {
    const listeners = this.completed.get(gsi) ?? new Set();
    this.completed.set(gsi, listeners.add(completed));
    return new Subscription(() => listeners.delete(completed));
  }

  resolve(gsi: number): readonly RouteTarget[] {
    const irqchip = this.irqchips[0];
    return irqchip !== undefined && gsi < irqchip.pinCount ? [{ irqchip: 0, pin: gsi }] : [];
  }

  /** Lines are wires: they stay as the devices drive them, which reset on their own. */
  reset(): void {}

  save(): PlainData {
    return this.shared.save();
  }

  restore(state: PlainData): void {
    this.shared.restore(state as readonly boolean[]);
  }

  close(): void {
    this.gsi$.complete();
    this.msi$.complete();
  }
}
