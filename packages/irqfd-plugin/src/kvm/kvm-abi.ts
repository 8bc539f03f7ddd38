/**
 * Constants and structures of the KVM ioctls this package answers, as include/uapi/linux/kvm.h names them
 * (kvm-irq-abi.md, A.1–A.5). 64-bit fields are bigint, everything else a number, so that C ports line by line.
 */

export const KVM_IRQ_ROUTING_IRQCHIP = 1;
/** The entry leads to a message. */
export const KVM_IRQ_ROUTING_MSI = 2;
/** In the flags of an MSI routing entry and of kvm_msi. */
export const KVM_MSI_VALID_DEVID = 1;

/** Removes the binding. */
export const KVM_IRQFD_FLAG_DEASSIGN = 1;
/** Level semantics: `resamplefd` is signalled when the guest is done. */
export const KVM_IRQFD_FLAG_RESAMPLE = 2;

/** Rings for that value only. */
export const KVM_IOEVENTFD_FLAG_DATAMATCH = 1;
/** The address is a port. */
export const KVM_IOEVENTFD_FLAG_PIO = 2;
/** Removes the binding. */
export const KVM_IOEVENTFD_FLAG_DEASSIGN = 4;
/** The address is a subchannel of s390; registered, and never rung on arm64. */
export const KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY = 8;
/** Bit 4 belongs to an unnamed enumerator of the kernel and is accepted. */
export const KVM_IOEVENTFD_VALID_FLAG_MASK = 0x1f;

/** Bits 31:28 of the word of KVM_IRQ_LINE: bits 11:8 of the vCPU's number. */
export const KVM_ARM_IRQ_VCPU2_SHIFT = 28;
/** Bits 27:24: the type. */
export const KVM_ARM_IRQ_TYPE_SHIFT = 24;
/** Bits 23:16: bits 7:0 of the vCPU's number. */
export const KVM_ARM_IRQ_VCPU_SHIFT = 16;
/** A line of a vCPU, for a GIC elsewhere. */
export const KVM_ARM_IRQ_TYPE_CPU = 0;
/** A shared interrupt, by INTID. */
export const KVM_ARM_IRQ_TYPE_SPI = 1;
/** A private interrupt of the vCPU, by INTID. */
export const KVM_ARM_IRQ_TYPE_PPI = 2;
/** The number of IRQ in type CPU. */
export const KVM_ARM_IRQ_CPU_IRQ = 0;
/** The number of FIQ in type CPU. */
export const KVM_ARM_IRQ_CPU_FIQ = 1;

/** 1: the kernel has an irqchip. */
export const KVM_CAP_IRQCHIP = 0;
/** vCPUs that are recommended. */
export const KVM_CAP_NR_VCPUS = 9;
/** The most entries of a routing table, 4096 in Linux. */
export const KVM_CAP_IRQ_ROUTING = 25;
/** 0 on arm64, although KVM_IRQ_LINE_STATUS is accepted. */
export const KVM_CAP_IRQ_INJECT_STATUS = 26;
/** 1: KVM_IRQFD is there. */
export const KVM_CAP_IRQFD = 32;
/** 1: KVM_IOEVENTFD is there. */
export const KVM_CAP_IOEVENTFD = 36;
/** vCPUs at most. */
export const KVM_CAP_MAX_VCPUS = 66;
/** 1: KVM_SIGNAL_MSI is there. */
export const KVM_CAP_SIGNAL_MSI = 77;
/** 1: irqfds take KVM_IRQFD_FLAG_RESAMPLE. */
export const KVM_CAP_IRQFD_RESAMPLE = 82;
/** 0 on arm64, although a length of 0 is accepted. */
export const KVM_CAP_IOEVENTFD_NO_LENGTH = 100;
/** 1: a machine answers KVM_CHECK_EXTENSION, too. */
export const KVM_CAP_CHECK_EXTENSION_VM = 105;
/** 1: an ioeventfd of length 0 is rung by writes of any width. */
export const KVM_CAP_IOEVENTFD_ANY_LENGTH = 122;
/** 1 where the machine has an ITS: messages then carry a device id (KVM_MSI_VALID_DEVID). */
export const KVM_CAP_MSI_DEVID = 131;
/** 1: KVM_IRQ_LINE takes vCPUs above 255. */
export const KVM_CAP_ARM_IRQ_LINE_LAYOUT_2 = 174;

/** ioctl numbers, LP64. */
export const KVM_CHECK_EXTENSION = 0xae03;
/** Takes a `KvmIrqLevel`. */
export const KVM_IRQ_LINE = 0x4008_ae61;
/** As KVM_IRQ_LINE, with the result in `irq`. */
export const KVM_IRQ_LINE_STATUS = 0xc008_ae67;
/** Takes a `KvmIrqRouting`: the whole table. */
export const KVM_SET_GSI_ROUTING = 0x4008_ae6a;
/** Takes a `KvmIrqfd`. */
export const KVM_IRQFD = 0x4020_ae76;
/** Takes a `KvmIoeventfd`. */
export const KVM_IOEVENTFD = 0x4040_ae79;
/** Takes a `KvmMsi`. */
export const KVM_SIGNAL_MSI = 0x4020_aea5;

/** struct kvm_irq_level. */
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

/** struct kvm_irq_routing_entry. */
export interface KvmIrqRoutingEntry {
  readonly gsi: number;
  /** KVM_IRQ_ROUTING_IRQCHIP, KVM_IRQ_ROUTING_MSI. */
  readonly type: number;
  readonly flags: number;
  readonly u: KvmRoutingTarget;
}

/** struct kvm_irq_routing, with its entries. */
export interface KvmIrqRouting {
  readonly nr: number;
  readonly flags: number;
  readonly entries: readonly KvmIrqRoutingEntry[];
}

/** struct kvm_irqfd. */
export interface KvmIrqfd {
  readonly fd: number;
  readonly gsi: number;
  readonly flags: number;
  readonly resamplefd: number;
}

/** struct kvm_ioeventfd. */
export interface KvmIoeventfd {
  readonly datamatch: bigint;
  readonly addr: bigint;
  readonly len: number;
  /** Signed, unlike that of kvm_irqfd. */
  readonly fd: number;
  readonly flags: number;
}

/** struct kvm_msi. */
export interface KvmMsi {
  readonly addressLo: number;
  readonly addressHi: number;
  readonly data: number;
  readonly flags: number;
  readonly devid: number;
}
