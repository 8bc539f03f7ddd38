/**
 * A GIC as KVM's injection ioctls see it (KVM_IRQ_LINE, KVM_IRQFD; kvm-irq-abi.md B.2): by INTID, beside the routing table.
 * A GIC of a machine is initialised from the start; one that user space controls becomes so with CTRL_INIT.
 */
import { ERRNO } from "@trapline/core";
import { Subscription } from "rxjs";
import { FIRST_PPI, type IntidSpace } from "../intid-space.ts";
import { PIN_HIGH } from "../irq-state.ts";
import type { IrqTable } from "../irq-table.ts";
import type { PinLayout } from "../pin-layout.ts";

/** What it asks of the chip. */
export interface InjectionTarget {
  readonly pinLayout: PinLayout;
  readonly space: IntidSpace;
  readonly table: IrqTable;
  isDeviceDriven(slot: number): boolean;
}

export class KvmIrqchipView {
  readonly initialised = true;
  private readonly gic: InjectionTarget;

  constructor(gic: InjectionTarget) {
    this.gic = gic;
  }

  /** Calls `listener` once, when the chip becomes initialised: at once. */
  onInitialised(listener: () => void): Subscription {
    listener();
    return Subscription.EMPTY;
  }

  /** The vCPUs its pins have room for. GICv2: 8. */
  get vcpuCapacity(): number {
    return this.gic.pinLayout.vcpuCapacity;
  }

  get spis(): number {
    return this.gic.space.spis;
  }

  /** The pin of an implemented interrupt; −1 where the layout has none for it. @param vcpu counts for PPIs only */
  pinOf(intid: number, vcpu: number): number {
    return this.slot(intid, vcpu) < 0 ? -1 : this.gic.pinLayout.pin(intid, vcpu);
  }

  /** What KVM_IRQ_LINE does before it injects. */
  prepareInjection(): number {
    return 0;
  }

  /**
   * Edge-triggered: latches whenever `level` is true. Level-sensitive: follows it. A PPI that a device of the machine drives
   * is left alone.
   * @returns 0, or −EINVAL for an INTID the chip does not have
   */
  injectIntid(intid: number, vcpu: number, level: boolean): number {
    const slot = this.slot(intid, vcpu);
    if (slot < 0) return -ERRNO.EINVAL;
    if (this.gic.isDeviceDriven(slot)) return 0;
    if (level) this.gic.table.raise(slot, PIN_HIGH, false);
    else this.gic.table.setLevel(slot, PIN_HIGH, false);
    return 0;
  }

  private slot(intid: number, vcpu: number): number {
    const { space } = this.gic;
    if (!Number.isInteger(intid) || intid < FIRST_PPI) return -1;
    const shared = space.sharedSlot(intid);
    if (shared >= 0) return shared;
    return vcpu >= 0 && vcpu < space.vcpuCount ? space.privateSlot(intid, vcpu) : -1;
  }
}
