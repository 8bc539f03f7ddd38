/**
 * Constants and structures of the KVM ioctls this package answers, as include/uapi/linux/kvm.h names them
 * (kvm-irq-abi.md, A.1–A.5). 64-bit fields are bigint, everything else a number, so that C ports line by line.
 */

export const KVM_IRQ_ROUTING_IRQCHIP = 1;
export const KVM_IRQ_ROUTING_MSI = 2;
/** In the flags of an MSI routing entry and of kvm_msi. */
export const KVM_MSI_VALID_DEVID = 1;

export const KVM_IRQFD_FLAG_DEASSIGN = 1;
export const KVM_IRQFD_FLAG_RESAMPLE = 2;

export const KVM_IOEVENTFD_FLAG_DATAMATCH = 1;
export const KVM_IOEVENTFD_FLAG_PIO = 2;
export const KVM_IOEVENTFD_FLAG_DEASSIGN = 4;
export const KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY = 8;
/** Bit 4 belongs to an unnamed enumerator of the kernel and is accepted. */
export const KVM_IOEVENTFD_VALID_FLAG_MASK = 0x1f;

export const KVM_ARM_IRQ_VCPU2_SHIFT = 28;
export const KVM_ARM_IRQ_TYPE_SHIFT = 24;
export const KVM_ARM_IRQ_VCPU_SHIFT = 16;
export const KVM_ARM_IRQ_TYPE_CPU = 0;
export const KVM_ARM_IRQ_TYPE_SPI = 1;
export const KVM_ARM_IRQ_TYPE_PPI = 2;
export const KVM_ARM_IRQ_CPU_IRQ = 0;
export const KVM_ARM_IRQ_CPU_FIQ = 1;

export const KVM_CAP_IRQCHIP = 0;
export const KVM_CAP_NR_VCPUS = 9;
export const KVM_CAP_IRQ_ROUTING = 25;
export const KVM_CAP_IRQ_INJECT_STATUS = 26;
export const KVM_CAP_IRQFD = 32;
export const KVM_CAP_IOEVENTFD = 36;
export const KVM_CAP_MAX_VCPUS = 66;
export const KVM_CAP_SIGNAL_MSI = 77;
export const KVM_CAP_IRQFD_RESAMPLE = 82;
export const KVM_CAP_IOEVENTFD_NO_LENGTH = 100;
export const KVM_CAP_CHECK_EXTENSION_VM = 105;
export const KVM_CAP_IOEVENTFD_ANY_LENGTH = 122;
export const KVM_CAP_MSI_DEVID = 131;
export const KVM_CAP_ARM_IRQ_LINE_LAYOUT_2 = 174;

/** ioctl numbers, LP64. */
export const KVM_CHECK_EXTENSION = 0xae03;
export const KVM_IRQ_LINE = 0x4008_ae61;
export const KVM_IRQ_LINE_STATUS = 0xc008_ae67;
export const KVM_SET_GSI_ROUTING = 0x4008_ae6a;
export const KVM_IRQFD = 0x4020_ae76;
export const KVM_IOEVENTFD = 0x4040_ae79;
export const KVM_SIGNAL_MSI = 0x4020_aea5;

export interface KvmIrqLevel {
  /** The irq word: see RoutingProfile. */
  readonly irq: number;
  readonly level: number;
}

/** The union of kvm_irq_routing_entry. */
export type KvmRoutingTarget =
  | { readonly irqchip: { readonly irqchip: number; readonly pin: number } }
  | { readonly msi: { readonly addressLo: number; readonly addressHi: number; readonly data: number; readonly devid: number } }
  /** Of a type arm64 does not know (3 and up): its 32 bytes. */
  | { readonly raw: Uint8Array };

export interface KvmIrqRoutingEntry {
  readonly gsi: number;
  /** KVM_IRQ_ROUTING_IRQCHIP, KVM_IRQ_ROUTING_MSI. */
  readonly type: number;
  readonly flags: number;
  readonly u: KvmRoutingTarget;
}

export interface KvmIrqRouting {
  readonly nr: number;
  readonly flags: number;
  readonly entries: readonly KvmIrqRoutingEntry[];
}

export interface KvmIrqfd {
  readonly fd: number;
  readonly gsi: number;
  readonly flags: number;
  readonly resamplefd: number;
}

export interface KvmIoeventfd {
  readonly datamatch: bigint;
  readonly addr: bigint;
  readonly len: number;
  /** Signed, unlike that of kvm_irqfd. */
  readonly fd: number;
  readonly flags: number;
}

export interface KvmMsi {
  readonly addressLo: number;
  readonly addressHi: number;
  readonly data: number;
  readonly flags: number;
  readonly devid: number;
}
