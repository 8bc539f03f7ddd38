/** KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, attribute 3 of the group CTRL of a GICv3 device: kvm-irq-abi H.6. */
import { KvmError } from "@trapline/core";
import type { LpiController } from "./lpi-controller.ts";

/**
 * Writes only what differs, and never the first KiB of a table. A GIC without LPIs has nothing to write.
 * @throws KvmError EBUSY while a vCPU runs, EFAULT when a pending table is not in RAM
 */
export function savePendingTables(lpis: LpiController | undefined, vcpuRunning = false): void {
  if (vcpuRunning) throw new KvmError("EBUSY", "a vCPU is running", { subject: "pending tables", remedy: "stop the machine first" });
  if (lpis === undefined || lpis.savePendingTables()) return;
  throw new KvmError("EFAULT", "a pending table is not in RAM", {
    subject: "GICR_PENDBASER",
    remedy: "save while the guest's tables are in place",
  });
}
