/** KVM_SIGNAL_MSI: kvm-irq-abi C.5 steps 0 and 1, before the ITS decides; K.3 rows 45–48. */
import { ERRNO, type IrqResult, NO_DEVICE_ID, type U64 } from "@trapline/core";
import type { VgicV3 } from "../vgic-v3.ts";

/** The flag that says `deviceId` counts. */
export const KVM_MSI_VALID_DEVID = 1;

/** struct kvm_msi. */
export interface KvmMsi {
  readonly address: U64;
  readonly data: number;
  readonly flags: number;
  readonly deviceId: number;
}

/**
 * @returns 1 delivered, 0 blocked, or a negated errno: EINVAL, ENODEV without an ITS, EBUSY while the ITS or the target's
 * LPIs are disabled
 */
export function signalMsi(gic: VgicV3 | undefined, { address, data, flags, deviceId }: KvmMsi): IrqResult {
  if (gic === undefined || (flags & ~KVM_MSI_VALID_DEVID) !== 0) return -ERRNO.EINVAL;
  if (gic.lpis === undefined) return -ERRNO.ENODEV;
  const result = gic.msi$.emit(address, data, (flags & KVM_MSI_VALID_DEVID) !== 0 ? deviceId : NO_DEVICE_ID);
  return result === -1 ? -ERRNO.EINVAL : result; // nobody's doorbell
}
