/**
 * The oracle: a GICv3 written to be read, not to be fast. Every question is answered by looking at every interrupt. It shares
 * no code with the model; the rules are those of gic.md 0.2, B.8 and E.2, one line each.
 */
export interface SlowIrq {
  readonly intid: number;
  /** Bank, −1 for shared. */
  readonly bank: number;
  latch: boolean;
  wire: boolean;
  edge: boolean;
  enabled: boolean;
  active: boolean;
  priority: number;
  group: number;
  target: number;
}

interface SlowCpu {
  pmr: number;
  bpr0: number;
  bpr1: number;
  cbpr: boolean;
  split: boolean;
  groups: Set<number>;
  /** Group priorities that run, by group, worst first. */
  running: number[][];
}

export class SlowGic {
  readonly irqs: SlowIrq[] = [];
  readonly cpus: SlowCpu[];
  distributor: Set<number> = new Set<number>();

  constructor(pes: number, shared: readonly number[], banked: readonly number[]) {
    this.cpus = Array.from({ length: pes }, () => ({
      pmr: 0,
      bpr0: 2,
      bpr1: 3,
      cbpr: false,
      split: false,
      groups: new Set<number>(),
      running: [[], []],
    }));
    const make = (intid: number, bank: number): SlowIrq => ({
      intid,
      bank,
      latch: false,
      wire: false,
      edge: intid < 16,
      enabled: intid < 16,
      active: false,
      priority: 0,
      group: 0,
      target: bank < 0 ? 0 : bank,
    });
    for (const intid of shared) this.irqs.push(make(intid, -1));
    for (let pe = 0; pe < pes; pe++) for (const intid of banked) this.irqs.push(make(intid, pe));
  }

  irq(intid: number, pe: number): SlowIrq {
    return this.irqs.find((irq) => irq.intid === intid && (irq.bank === -1 || irq.bank === pe))!;
  }

  pending(irq: SlowIrq): boolean {
    return irq.latch || (!irq.edge && irq.wire);
  }

  drive(irq: SlowIrq, high: boolean): void {
    if (high && irq.edge) irq.latch = true;
    irq.wire = high;
  }

  candidate(pe: number): SlowIrq | undefined {
    const cpu = this.cpus[pe]!;
    return this.irqs
      .filter((irq) => irq.target === pe && irq.enabled && !irq.active && this.pending(irq))
      .filter((irq) => this.distributor.has(irq.group) && cpu.groups.has(irq.group))
      .sort((a, b) => a.priority - b.priority || a.intid - b.intid)[0];
  }

  groupPriority(pe: number, priority: number, group: number): number {
    const { bpr0, bpr1, cbpr } = this.cpus[pe]!;
    const ignored = group === 0 || cbpr ? bpr0 + 1 : bpr1;
    return Math.floor(priority / 2 ** ignored) * 2 ** ignored;
  }

  runningPriority(pe: number): number {
    return Math.min(0xff, ...this.cpus[pe]!.running.flat());
  }

  signalled(pe: number): SlowIrq | undefined {
    const irq = this.candidate(pe);
    if (irq === undefined || irq.priority >= this.cpus[pe]!.pmr) return undefined;
    const idle = this.cpus[pe]!.running.flat().length === 0;
    return idle || this.groupPriority(pe, irq.priority, irq.group) < this.runningPriority(pe) ? irq : undefined;
  }

  acknowledge(pe: number, group: number): number {
    const irq = this.signalled(pe);
    if (irq === undefined || irq.group !== group) return 1023;
    irq.active = true;
    irq.latch = false;
    const priority = this.groupPriority(pe, irq.priority, group);
    const running = this.cpus[pe]!.running[group]!;
    if (!running.includes(priority)) running.push(priority);
    return irq.intid;
  }

  end(pe: number, intid: number, group: number): void {
    const { running, split } = this.cpus[pe]!;
    if (running.flat().length === 0) return;
    const urgent = running[0]!.includes(this.runningPriority(pe)) ? 0 : 1;
    if (urgent !== group) return;
    running[group] = running[group]!.filter((priority) => priority !== this.runningPriority(pe));
    if (!split) this.irq(intid, pe).active = false;
  }

  deactivate(pe: number, intid: number): void {
    if (this.cpus[pe]!.split) this.irq(intid, pe).active = false;
  }
}
