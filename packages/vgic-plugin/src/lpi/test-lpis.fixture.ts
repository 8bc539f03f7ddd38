/** The least an LPI side can be: LPIs are pended by the test, nothing is in guest memory. */
import type { PlainData } from "@trapline/core";
import type { VgicV3 } from "../vgic-v3.ts";
import type { LpiController, LpiPort, LpiState } from "./lpi-controller.ts";

export class TestLpis implements LpiController {
  /** In the order in which they were acknowledged. */
  readonly taken: number[] = [];
  private readonly port: LpiPort;
  private readonly pending = new Map<number, { vcpu: number; priority: number }>();

  constructor(port: LpiPort) {
    this.port = port;
  }

  pend(intid: number, vcpu: number, priority: number): void {
    this.pending.set(intid, { vcpu, priority });
    this.port.file(intid, vcpu, priority);
  }

  clear(intid: number): void {
    this.pending.delete(intid);
    this.port.withdraw(intid);
  }

  acknowledged(intid: number): void {
    this.taken.push(intid);
    this.pending.delete(intid);
  }

  peek(intid: number): LpiState {
    const found = this.pending.get(intid);
    return { mapped: true, pending: found !== undefined, enabled: true, priority: found?.priority ?? 0xa0, vcpu: found?.vcpu ?? 0, lpisEnabled: true };
  }

  typer(): number {
    return 1;
  }
  ctlr(): number {
    return 1;
  }
  writeCtlr(): void {}
  propbaser(): number {
    return 0;
  }
  writePropbaser(): void {}
  pendbaser(): number {
    return 0;
  }
  writePendbaser(): void {}
  writeSetlpir(): void {}
  writeClrlpir(): void {}
  writeInvlpir(): void {}
  writeInvallr(): void {}

  savePendingTables(): boolean {
    return true;
  }
  check(): void {}
  reset(): void {
    this.pending.clear();
  }
  save(): PlainData {
    return [...this.pending].map(([intid, { vcpu, priority }]) => [intid, vcpu, priority]);
  }
  restore(state: PlainData): void {
    this.pending.clear();
    for (const [intid, vcpu, priority] of state as readonly (readonly [number, number, number])[]) this.pend(intid, vcpu, priority);
  }
}

/** A factory, and a short way to attach what it makes. */
export const testLpis: ((port: LpiPort) => TestLpis) & { attach(gic: VgicV3): TestLpis } = Object.assign((port: LpiPort) => new TestLpis(port), {
  attach: (gic: VgicV3): TestLpis => gic.attachLpis((port) => new TestLpis(port)) as TestLpis,
});
