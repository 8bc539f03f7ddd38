/**
 * Registers as user space saves and restores them (kvm-irq-abi.md H.5). Mostly the guest's view; where it differs:
 *
 * | register | v2 | v3 |
 * |---|---|---|
 * | ISPENDR | reads derived pending, ones latch | reads and replaces the latch: zeroes clear it |
 * | ICPENDR | as the guest | reads 0, ignores writes |
 * | ISACTIVER, ICACTIVER | act on the stored state: nothing completes | the same |
 * | GICD_IIDR | must name this model; unlocks writes of IGROUPR | must name this model |
 * | GICC_PMR | travels in bits 4:0 | – |
 */
import type { RegisterFrame } from "@trapline/core";
import { bankOf, type IrqBank } from "../per-irq.ts";
import { LATCH } from "../irq-state.ts";
import type { VgicV2 } from "../vgic-v2.ts";
import type { VgicV3 } from "../vgic-v3.ts";
import { refuse } from "./kvm-vm.ts";

/** Product 0x4B, implementer Arm; the revision is in bits 15:12. */
export const KVM_IIDR = 0x4b00_043b;
const IIDR = 0x008;
const IGROUPR = 0x080;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const GICC_PMR = 0x04;

/** The 32 interrupts of one register. */
function each(bank: IrqBank, first: number, vcpu: number, use: (slot: number, bit: number) => void): void {
  for (let bit = 0; bit < 32; bit++) {
    const slot = bank.slotAt(first + bit, vcpu);
    if (slot >= 0) use(slot, bit);
  }
}

const within = (offset: number, base: number): boolean => offset >= base && offset < base + 0x80;

/** One frame with the arrays of a distributor at `base`: GICD, or SGI_base of a redistributor. */
export class UserFrame {
  private readonly bank: IrqBank;
  private readonly frame: RegisterFrame<never>;
  private readonly base: number;
  private groupsUnlocked: boolean;

  constructor(gic: VgicV2 | VgicV3, bank: IrqBank, frame: RegisterFrame<never>, base = 0) {
    this.bank = bank;
    this.frame = frame;
    this.base = base;
    this.groupsUnlocked = gic.version === 3;
  }

  /** Does the kernel's table have it? */
  has(offset: number): boolean {
    return offset % 4 === 0 && offset < this.frame.bank.frameSize && this.frame.bank.at(offset) !== undefined;
  }

  read(offset: number, vcpu: number): number {
    if (!this.has(offset)) return 0;
    const { gic } = this.bank;
    const at = offset - this.base;
    if (gic.version === 3 && within(at, ICPENDR)) return 0;
    if (gic.version === 3 && within(at, ISPENDR)) {
      let value = 0;
      each(this.bank, 8 * (at - ISPENDR), vcpu, (slot, bit) => {
        if ((gic.table.flags(slot) & LATCH) !== 0) value |= 1 << bit;
      });
      return value >>> 0;
    }
    return Number(this.frame.peek(offset, 4, bankOf(vcpu)));
  }

  /** @throws KvmError EINVAL for an IIDR of another model */
  write(offset: number, value: number, vcpu: number): void {
    if (!this.has(offset)) return;
    const { gic } = this.bank;
    const { table } = gic;
    const at = offset - this.base;
    if (this.base === 0 && at === IIDR) return this.writeIidr(value);
    if (within(at, IGROUPR) && !this.groupsUnlocked) return;
    if (within(at, ISACTIVER) || within(at, ICACTIVER)) {
      const set = within(at, ISACTIVER);
      const first = 8 * (at - (set ? ISACTIVER : ICACTIVER));
      return each(this.bank, first, vcpu, (slot, bit) => {
        if ((value & (1 << bit)) !== 0) table.setActive(slot, set);
      });
    }
    if (gic.version === 3 && within(at, ICPENDR)) return;
    if (gic.version === 3 && within(at, ISPENDR)) {
      return each(this.bank, 8 * (at - ISPENDR), vcpu, (slot, bit) => {
        if ((value & (1 << bit)) !== 0) table.latch(slot);
        else table.unlatch(slot);
      });
    }
    this.frame.write(offset, 4, value, bankOf(vcpu));
  }

  private writeIidr(value: number): void {
    const revision = (value >>> 12) & 0xf;
    if ((value & ~0xf000) >>> 0 !== KVM_IIDR || revision < 2 || revision > 3) {
      refuse("EINVAL", "GICD_IIDR", "the saved GIC is another model", "restore into the kernel it was saved on, or one that knows its revision", value);
    }
    this.bank.gic.iidr = value >>> 0;
    this.groupsUnlocked = true;
  }
}

/** GICC of a v2: PMR travels as the kernel keeps it, without its unimplemented bits. */
export function readGicc(gic: VgicV2, offset: number, vcpu: number): number {
  const value = offset % 4 === 0 ? Number(gic.cpuInterface.peek(offset, 4, vcpu)) : 0;
  return offset === GICC_PMR ? value >>> 3 : value;
}

export function writeGicc(gic: VgicV2, offset: number, value: number, vcpu: number): void {
  if (offset % 4 === 0) gic.cpuInterface.write(offset, 4, offset === GICC_PMR ? (value & 0x1f) << 3 : value, vcpu);
}
