/** What the KVM-shaped control interface needs to know of the virtual machine it belongs to, and its numbers. */
import { type ErrnoName, KvmError, type VcpuTopology, type WireOrder } from "@trapline/core";

/** One virtual machine, as KVM_CREATE_DEVICE sees it. */
export interface KvmVm {
  readonly order: WireOrder;
  /** vCPUs that exist, in order of creation, with dense ids. */
  readonly topology: VcpuTopology;
  /** Some vCPU has run. */
  readonly hasRun: boolean;
  /** Some vCPU is inside KVM_RUN now. */
  readonly running: boolean;
  /** Bits of guest-physical addresses. */
  readonly ipaBits: number;
  /** GIC versions the host can virtualise. */
  readonly versions: readonly (2 | 3)[];
  /** The VM's GIC, once it is created. */
  vgic?: object | undefined;
}

/** Attribute groups (include/uapi/asm/kvm.h, KVM_DEV_ARM_VGIC_GRP_*). */
export const GROUP = { ADDR: 0, DIST_REGS: 1, CPU_REGS: 2, NR_IRQS: 3, CTRL: 4, REDIST_REGS: 5, CPU_SYSREGS: 6, LEVEL_INFO: 7 } as const;

/** Attributes of the group ADDR. */
export const ADDR = { V2_DIST: 0, V2_CPU: 1, V3_DIST: 2, V3_REDIST: 3, V3_REDIST_REGION: 5 } as const;

/** Attribute of the group CTRL that makes the interrupts exist. */
export const CTRL_INIT = 0;
/** Attribute of the group CTRL of a GICv3 that writes what LPIs are pending into the guest's pending tables. */
export const CTRL_SAVE_PENDING_TABLES = 3;

/** What an address reads before it is set. */
export const ADDR_UNSET = 0xffff_ffff_ffff_ffffn;

export const MAX_VCPUS_V2 = 8;
export const MAX_VCPUS_V3 = 512;

/** @throws KvmError always */
export function refuse(errno: ErrnoName, subject: string, message: string, remedy: string, value?: number | bigint): never {
  throw new KvmError(errno, message, { subject, remedy, ...(value === undefined ? {} : { value }) });
}
