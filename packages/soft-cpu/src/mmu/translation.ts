/**
 * The result of a stage 1 translation, filled in place so that a walk allocates nothing, and the permissions it grants
 * (DDI 0487, AArch64.CheckPermission()). A result does not depend on the access: both exception levels and all three kinds of
 * access can be asked of it. Hot: one per TLB miss.
 */
import { FSC_PERMISSION, NO_FAULT } from "./fault-status.ts";

/** Rights, three bits per exception level: EL1 in 2:0, EL0 in 5:3. */
export const RIGHT_READ = 1;
export const RIGHT_WRITE = 2;
export const RIGHT_EXECUTE = 4;
const EL0_SHIFT = 3;
export const ALL_RIGHTS = 0x3f;

export class Translation {
  /** NO_FAULT, or the fault status code of the walk. Nothing below holds after a fault but `level`. */
  fault: number = NO_FAULT;
  /** Level of the lookup that ended the walk; 0 with the MMU off. */
  level = 0;
  /** Physical address of the very byte that was asked for. */
  pa = 0;
  /** Bits of address that the descriptor covers: 12, 21 or 30. What a TLB invalidation of one address in it must remove. */
  blockLog2 = 12;
  rights = 0;
  /** Device memory: unaligned accesses fault. Does not say whether anything but RAM is there. */
  device = false;
  /** True when the translation holds for every ASID. */
  global = true;
  /** MAIR_EL1.Attr<n> as it takes effect. */
  attributes = 0;
  /** SH of the descriptor. */
  shareability = 0;

  /** The three rights of one exception level in bits 2:0. */
  rightsAt(el: number): number {
    return el === 0 ? this.rights >> EL0_SHIFT : this.rights & 7;
  }

  /** NO_FAULT, or the permission fault of an access from `el` that needs all of `needed`. */
  check(el: number, needed: number): number {
    return (this.rightsAt(el) & needed) === needed ? NO_FAULT : FSC_PERMISSION | this.level;
  }
}

/**
 * Rights from the bits that tables and descriptor left over. The rules, for the EL1&0 regime without PAN:
 * - EL1 may always read; EL0 reads and writes only what AP[1] opens; AP[2] takes writing from both;
 * - what EL0 may write, EL1 may not execute;
 * - SCTLR_EL1.WXN takes execution from whoever may write.
 * @param readOnly AP[2] or APTable[1]
 * @param unprivileged AP[1] unless APTable[0]
 */
export function rightsOf(readOnly: boolean, unprivileged: boolean, uxn: boolean, pxn: boolean, wxn: boolean): number {
  const writable = !readOnly;
  const userWritable = writable && unprivileged;
  let rights = RIGHT_READ;
  if (writable) rights |= RIGHT_WRITE;
  if (!(pxn || userWritable || (writable && wxn))) rights |= RIGHT_EXECUTE;
  if (unprivileged) rights |= RIGHT_READ << EL0_SHIFT;
  if (userWritable) rights |= RIGHT_WRITE << EL0_SHIFT;
  if (!(uxn || (userWritable && wxn))) rights |= RIGHT_EXECUTE << EL0_SHIFT;
  return rights;
}
