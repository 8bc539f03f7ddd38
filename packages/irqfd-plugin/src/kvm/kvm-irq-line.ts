/**
 * KVM_IRQ_LINE of arm64 (kvm-irq-abi.md, B): to a CPU's own lines when the irqchip lives elsewhere, otherwise to an interrupt of
 * the irqchip, through the routing table or beside it as the profile says.
 */
import { HIGH, LOW, type Vcpu, type VcpuLine } from "@trapline/core";
import { refusal } from "../refusal.ts";
import type { RoutingProfile } from "../routing/routing-profile.ts";
import type { TableRouter } from "../routing/table-router.ts";
import { KVM_ARM_IRQ_TYPE_CPU, KVM_ARM_IRQ_TYPE_PPI, KVM_ARM_IRQ_TYPE_SPI, type KvmIrqLevel } from "./kvm-abi.ts";

const FIELD = "kvm_irq_level.irq";

export class KvmIrqLine {
  private readonly router: TableRouter;
  private readonly profile: RoutingProfile;
  private readonly vcpus: readonly Vcpu[];

  constructor(router: TableRouter, vcpus: readonly Vcpu[]) {
    this.router = router;
    this.profile = router.profile;
    this.vcpus = vcpus;
  }

  /** @returns 0, or the irqchip's negated errno. @throws KvmError ENXIO, EINVAL */
  set({ irq, level }: KvmIrqLevel): number {
    const high = level !== 0;
    if (this.profile.isDeviceGsi(irq)) return this.signal(irq, high);
    const { type, vcpu, number } = this.profile.irqWord(irq);
    switch (type) {
      case KVM_ARM_IRQ_TYPE_CPU:
        return this.cpu(vcpu, number, high);
      case KVM_ARM_IRQ_TYPE_SPI:
        this.requireIrqchip(type);
        if (!this.profile.isSpi(number)) throw refusal("EINVAL", `${FIELD} number`, number, "an SPI");
        return this.interrupt(number, 0, high);
      case KVM_ARM_IRQ_TYPE_PPI:
        this.requireIrqchip(type);
        this.requireVcpu(vcpu);
        if (!this.profile.isPpi(number)) throw refusal("EINVAL", `${FIELD} number`, number, "a PPI");
        return this.interrupt(number, vcpu, high);
      default:
        throw refusal("EINVAL", `${FIELD} type`, type, "0 (CPU), 1 (SPI) or 2 (PPI)");
    }
  }

  /** Type 0: no table has ever a say in it. */
  private cpu(vcpu: number, number: number, high: boolean): number {
    const chip = this.router.irqchips[0];
    if (chip !== undefined) throw refusal("ENXIO", `${FIELD} type`, KVM_ARM_IRQ_TYPE_CPU, `1 or 2 on a machine with irqchip ${chip.name}`);
    this.requireVcpu(vcpu);
    if (number > 1) throw refusal("EINVAL", `${FIELD} number`, number, "0 (IRQ) or 1 (FIQ)");
    this.vcpus[vcpu]!.setLine(number as VcpuLine, high);
    return 0;
  }

  private interrupt(intid: number, vcpu: number, high: boolean): number {
    const kvm = this.router.irqchips.find((irqchip) => irqchip.kvm !== undefined)?.kvm;
    const ready = kvm?.prepareInjection() ?? 0;
    if (ready < 0) return ready;
    if (this.profile.irqLineThroughTable) return this.throughTable(intid, vcpu, high);
    if (kvm === undefined) throw refusal("ENXIO", FIELD, intid, "an interrupt of an irqchip that takes them by INTID, of which there is none,");
    return kvm.injectIntid(intid, vcpu, high);
  }

  /** Until the table is set nobody may notice that there is one: what the irqchip does not have is refused as without it. */
  private throughTable(intid: number, vcpu: number, high: boolean): number {
    const gsi = this.profile.defaultGsi({ intid, vcpu })!;
    if (this.router.usesDefaultTable && this.router.resolve(gsi).length === 0) throw refusal("EINVAL", `${FIELD} number`, intid, "an interrupt of the irqchip");
    return this.signal(gsi, high);
  }

  /** A GSI without a route, or a pin that swallows it, is no error. */
  private signal(gsi: number, high: boolean): number {
    this.router.gsi$.emit(gsi, high ? HIGH : LOW);
    return 0;
  }

  private requireIrqchip(type: number): void {
    if (this.router.irqchips.length === 0) throw refusal("ENXIO", `${FIELD} type`, type, "0 on a machine without irqchip");
  }

  private requireVcpu(vcpu: number): void {
    if (vcpu >= this.vcpus.length) throw refusal("EINVAL", `${FIELD} vcpu`, vcpu, this.vcpus.length === 0 ? "none" : `0 … ${this.vcpus.length - 1}`);
  }
}
