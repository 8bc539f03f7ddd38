/**
 * Where each LPI is filed: the GIC's half of the seam in lpi-controller.ts. Two bytes for the vCPU and one for the level of
 * each LPI, so memory is fixed by the number of INTID bits. Hot: file, withdraw.
 */
import type { VcpuTopology, WireOrder } from "@trapline/core";
import type { Arbitration } from "../arbitration.ts";
import { FIRST_LPI } from "../intid-space.ts";
import * as candidates from "../candidate.ts";
import type { LpiPort } from "./lpi-controller.ts";

// docs/adr/0023-interrupt-delivery.md
const { candidateOf } = candidates;
/** LPIs are always group 1. */
const GROUP1 = 1;
const NOWHERE = 0xff;

export class FiledLpis implements LpiPort {
  declare readonly intidBits: number;
  declare readonly topology: VcpuTopology;
  declare readonly order: WireOrder;
  declare private readonly arbitration: Arbitration;
  declare private readonly vcpuOf: Uint16Array;
  declare private readonly levelOf: Uint8Array;

  constructor(intidBits: number, topology: VcpuTopology, order: WireOrder, arbitration: Arbitration) {
    this.intidBits = intidBits;
    this.topology = topology;
    this.order = order;
    this.arbitration = arbitration;
    const count = Math.max(0, 2 ** intidBits - FIRST_LPI);
    this.vcpuOf = new Uint16Array(count);
    this.levelOf = new Uint8Array(count).fill(NOWHERE);
  }

  file(intid: number, vcpu: number, priority: number, last = false): void {
    const index = intid - FIRST_LPI;
    const filed = this.levelOf[index];
    if (filed === undefined || !(vcpu >= 0 && vcpu < this.topology.count)) return;
    const level = (priority >>> 3) & 31;
    if (filed !== NOWHERE) return this.refile(intid, filed, level, vcpu);
    this.levelOf[index] = level;
    this.vcpuOf[index] = vcpu;
    this.arbitration.arrive(vcpu, candidateOf(level, intid, GROUP1), last);
  }

  withdraw(intid: number): void {
    const index = intid - FIRST_LPI;
    const filed = this.levelOf[index] ?? NOWHERE;
    if (filed === NOWHERE) return;
    this.levelOf[index] = NOWHERE;
    const vcpu = this.vcpuOf[index]!;
    if (this.arbitration.remove(vcpu, candidateOf(filed, intid, GROUP1))) this.arbitration.mark(vcpu);
  }

  /** It was acknowledged, and arbitration has removed it already. */
  taken(intid: number): void {
    this.levelOf[intid - FIRST_LPI] = NOWHERE;
  }

  filedAt(intid: number): number {
    const index = intid - FIRST_LPI;
    return (this.levelOf[index] ?? NOWHERE) === NOWHERE ? -1 : this.vcpuOf[index]!;
  }

  /** Forgets everything; the queues are cleared by who calls this. */
  clear(): void {
    this.levelOf.fill(NOWHERE);
  }

  private refile(intid: number, filed: number, level: number, vcpu: number): void {
    const { arbitration } = this;
    const index = intid - FIRST_LPI;
    const wasAt = this.vcpuOf[index]!;
    if (filed === level && wasAt === vcpu) return;
    const left = arbitration.remove(wasAt, candidateOf(filed, intid, GROUP1));
    this.levelOf[index] = level;
    this.vcpuOf[index] = vcpu;
    const came = arbitration.insert(vcpu, candidateOf(level, intid, GROUP1));
    if (came || (left && wasAt === vcpu)) arbitration.mark(vcpu); // after both, as in irq-table.ts
    if (left && wasAt !== vcpu) arbitration.mark(wasAt);
  }
}
