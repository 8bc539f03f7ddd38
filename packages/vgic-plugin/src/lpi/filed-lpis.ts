/**
 * Where each LPI is filed: the GIC's half of the seam in lpi-controller.ts. Two bytes for the vCPU and one for the level of
 * each LPI, so memory is fixed by the number of INTID bits. Hot: file, withdraw.
 */
import type { VcpuTopology, WireOrder } from "@trapline/core";
import type { Arbitration } from "../arbitration.ts";
import { FIRST_LPI } from "../intid-space.ts";
import type { LpiPort } from "./lpi-controller.ts";

/** LPIs are always group 1. */
const GROUP1 = 1;
const NOWHERE = 0xff;

export class FiledLpis implements LpiPort {
  readonly intidBits: number;
  readonly topology: VcpuTopology;
  readonly order: WireOrder;
  private readonly arbitration: Arbitration;
  private readonly vcpuOf: Uint16Array;
  private readonly levelOf: Uint8Array;

  constructor(intidBits: number, topology: VcpuTopology, order: WireOrder, arbitration: Arbitration) {
    this.intidBits = intidBits;
    this.topology = topology;
    this.order = order;
    this.arbitration = arbitration;
    const count = Math.max(0, 2 ** intidBits - FIRST_LPI);
    this.vcpuOf = new Uint16Array(count);
    this.levelOf = new Uint8Array(count).fill(NOWHERE);
  }

  file(intid: number, vcpu: number, priority: number): void {
    const index = intid - FIRST_LPI;
    const filed = this.levelOf[index];
    if (filed === undefined || !(vcpu >= 0 && vcpu < this.arbitration.vcpuCount)) return;
    const level = (priority >>> 3) & 31;
    if (filed === level && this.vcpuOf[index] === vcpu) return;
    const wasAt = this.vcpuOf[index]!;
    if (filed !== NOWHERE) this.arbitration.remove(wasAt, GROUP1, filed, intid);
    this.levelOf[index] = level;
    this.vcpuOf[index] = vcpu;
    this.arbitration.insert(vcpu, GROUP1, level, intid);
    this.arbitration.mark(vcpu);
    if (filed !== NOWHERE && wasAt !== vcpu) this.arbitration.mark(wasAt);
  }

  withdraw(intid: number): void {
    const index = intid - FIRST_LPI;
    const filed = this.levelOf[index] ?? NOWHERE;
    if (filed === NOWHERE) return;
    this.levelOf[index] = NOWHERE;
    this.arbitration.remove(this.vcpuOf[index]!, GROUP1, filed, intid);
    this.arbitration.mark(this.vcpuOf[index]!);
  }

  filedAt(intid: number): number {
    const index = intid - FIRST_LPI;
    return (this.levelOf[index] ?? NOWHERE) === NOWHERE ? -1 : this.vcpuOf[index]!;
  }

  /** Forgets everything; the queues are cleared by who calls this. */
  clear(): void {
    this.levelOf.fill(NOWHERE);
  }
}
