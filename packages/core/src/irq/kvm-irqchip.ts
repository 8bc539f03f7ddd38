/**
 * What an irqchip adds when KVM's ioctls are to reach it as "the in-kernel interrupt controller": whether it is initialised
 * (vgic_initialized in Linux), which of its pins an INTID is, and injection by INTID beside the routing table.
 *
 * Optional: a chip that is no GIC leaves `Irqchip.kvm` out and is routed to by pin all the same. With it, irqfd-plugin can
 * answer KVM_IRQ_LINE, KVM_IRQFD and KVM_SET_GSI_ROUTING as arm64 does, without knowing which chip it talks to.
 */
import type { Subscription } from "rxjs";

export interface KvmIrqchip {
  /** Its interrupts exist. Until then KVM_IRQFD answers EAGAIN. */
  readonly initialised: boolean;
  /** Calls `listener` once, when the chip becomes initialised; at once if it is. */
  onInitialised(listener: () => void): Subscription;
  /** The vCPUs it has private interrupts for, fixed when it is created. GICv2: 8. */
  readonly vcpuCapacity: number;
  /** SPIs it implements, 0 … 988: INTIDs 32 … 31 + spis. */
  readonly spis: number;
  /**
   * The pin behind an interrupt. `vcpu` counts for PPIs only (extended ones too). Profiles number pins in routing entries
   * each in their own way and ask here for the chip's own number; the chip need not know the profile.
   * @returns −1 for an INTID without an input: SGIs, what is not implemented, LPIs unless the chip takes them by pin
   */
  pinOf(intid: number, vcpu: number): number;
  /**
   * What KVM_IRQ_LINE does before it injects.
   * @returns 0 when the chip is initialised, be it on this occasion (GICv2); −EBUSY (GICv3) or −ENOMEM when it is not
   */
  prepareInjection(): number;
  /**
   * KVM_IRQ_LINE by INTID (kvm_vgic_inject_irq): an edge-configured interrupt latches whenever `level` is true, a
   * level-configured one follows it, and one that a device of the machine drives is left alone.
   * @param vcpu counts for PPIs only; exists
   * @returns 0, or −EINVAL for an INTID the chip does not have
   */
  injectIntid(intid: number, vcpu: number, level: boolean): number;
}
