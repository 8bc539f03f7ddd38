/**
 * IRQ and FIQ of each vCPU, and for which interrupt they went up. A chip decides once for all that came in (docs/adr/0002), so a line's
 * event names no interrupt: it is said of the one that came in alone, otherwise when a vCPU has taken one.
 */
import type { TraceEvents } from "@trapline/core";
import type { CpuStepEvent } from "./cpu-step.ts";
import type { Moment, OpenJourney } from "./journey.ts";

export class VcpuLines {
  /** When a line that is high went up, by chip, vCPU and line. */
  private readonly high = new Map<string, Moment>();
  /** What came in since the context began. */
  private fresh: OpenJourney[] = [];
  private before: OpenJourney[] = [];

  mayRaise(journey: OpenJourney): void {
    this.fresh.push(journey);
  }

  /** The context is over. @param because the event that ended it, when it is a line's: it is part of the same decision */
  settle(because: TraceEvents["vcpu-line"] | undefined): void {
    if (this.fresh.length === 0 && this.before.length === 0) return;
    this.before = because === undefined ? [] : this.fresh.length > 0 ? this.fresh : this.before;
    this.fresh = [];
  }

  driven({ irqchip, vcpu, line, level, seq, atNs }: TraceEvents["vcpu-line"]): void {
    const key = keyOf(irqchip, vcpu, line);
    if (!level) return void this.high.delete(key);
    this.high.set(key, { seq, atNs });
    const mine = this.before.filter((journey) => journey.irqchip === irqchip && journey.steps.acknowledge === undefined);
    if (mine.length !== 1 || mine[0]!.steps.line !== undefined) return;
    mine[0]!.steps.line = { seq, atNs };
    mine[0]!.vcpu = vcpu;
  }

  /** The vCPU takes it: its line was high, whatever for at first. Group 1 is IRQ. */
  taken(journey: OpenJourney, { irqchip, vcpu, group }: CpuStepEvent): void {
    const order = group === 0 ? (["fiq", "irq"] as const) : (["irq", "fiq"] as const);
    const up = order.map((line) => this.high.get(keyOf(irqchip, vcpu, line))).find((moment) => moment !== undefined);
    const { raise } = journey.steps;
    if (up !== undefined && journey.steps.line === undefined && (raise === undefined || up.seq > raise.seq)) journey.steps.line = up;
  }

  reset(): void {
    this.high.clear();
    this.fresh = [];
    this.before = [];
  }
}

const keyOf = (irqchip: string, vcpu: number, line: "irq" | "fiq"): string => `${irqchip}/${vcpu}/${line}`;
