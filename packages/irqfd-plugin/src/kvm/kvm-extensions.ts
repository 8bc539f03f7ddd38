/** What KVM_CHECK_EXTENSION reports on the VM's file descriptor (kvm-irq-abi.md, A.4). */
import type { TableRouter } from "../routing/table-router.ts";
import * as abi from "./kvm-abi.ts";

/** vCPUs of a machine whose irqchip sets no limit: the GICv3's of Linux. */
const VGIC_V3_MAX_CPUS = 512;

/** Capabilities whose value depends on nothing. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [abi.KVM_CAP_IRQCHIP, 1],
  [abi.KVM_CAP_IRQ_INJECT_STATUS, 0],
  [abi.KVM_CAP_IRQFD, 1],
  [abi.KVM_CAP_IOEVENTFD, 1],
  [abi.KVM_CAP_SIGNAL_MSI, 1],
  [abi.KVM_CAP_IRQFD_RESAMPLE, 1],
  [abi.KVM_CAP_IOEVENTFD_NO_LENGTH, 0],
  [abi.KVM_CAP_CHECK_EXTENSION_VM, 1],
  [abi.KVM_CAP_IOEVENTFD_ANY_LENGTH, 1],
]);

export function extension(capability: number, router: TableRouter, vcpus: number): number {
  switch (capability) {
    case abi.KVM_CAP_IRQ_ROUTING:
      return router.profile.maxRoutes;
    case abi.KVM_CAP_MAX_VCPUS:
      return router.irqchips.find(({ kvm }) => kvm !== undefined)?.kvm?.vcpuCapacity ?? Math.max(VGIC_V3_MAX_CPUS, vcpus);
    case abi.KVM_CAP_NR_VCPUS:
      return vcpus;
    case abi.KVM_CAP_MSI_DEVID:
      return router.irqchips.some(({ capabilities }) => capabilities.msi) ? 1 : 0;
    case abi.KVM_CAP_ARM_IRQ_LINE_LAYOUT_2:
      return router.profile.hasLayout2 ? 1 : 0;
    default:
      return FIXED.get(capability) ?? 0;
  }
}
