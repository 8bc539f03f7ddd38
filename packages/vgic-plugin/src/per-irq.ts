/**
 * Registers with a field per interrupt: one row of the manual (GICD_ISENABLER<n>) from one rule per interrupt.
 *
 * A bank says which slot an INTID has in it, −1 where it has none: those fields are RAZ/WI. So the same fields make the
 * distributor's arrays, the redistributors' banks and the extended ranges. Write-one registers look only at ones.
 */
import type { RegisterAccess, RegisterSpec, Width } from "@trapline/core";
import { lo32 } from "@trapline/core";
import { FIRST_PPI } from "./intid-space.ts";
import { ACTIVE, EDGE, ENABLED } from "./irq-state.ts";
import { lowestBit } from "./candidate.ts";
import type { Vgic } from "./vgic.ts";

/** A set of interrupts as one frame shows it. */
export interface IrqBank {
  readonly gic: Vgic;
  /** The slot of `intid` in this bank, as `vcpu` sees it; −1 when it has none. */
  slotAt(intid: number, vcpu: number): number;
}

/** Whose bank an access sees: accesses from the host (−1) that of vCPU 0. */
export function bankOf(vcpu: number): number {
  return vcpu < 0 ? 0 : vcpu;
}

/** What a field of an interrupt means. */
export interface IrqField {
  readonly bits: 1 | 2 | 8;
  readonly access: RegisterAccess;
  read(gic: Vgic, slot: number): number;
  /** For W1S and W1C called for ones only. @param vcpu who writes, or whose frame it is */
  write?(gic: Vgic, slot: number, value: number, vcpu: number): void;
}

/**
 * @param offset of the register that holds `firstIntid`
 * @param intids how many interrupts the row covers
 */
export function perIrq<D extends IrqBank>(name: string, offset: number, firstIntid: number, intids: number, field: IrqField): RegisterSpec<D> {
  const { bits, access } = field;
  const perRegister = 32 / bits;
  const widths: readonly Width[] = bits === 8 ? [1, 4] : [4];
  const read = (bank: D, n: number, vcpu: number): number => {
    const first = firstIntid + n * perRegister;
    let value = 0;
    for (let i = 0; i < perRegister; i++) {
      const slot = bank.slotAt(first + i, vcpu);
      if (slot >= 0) value |= field.read(bank.gic, slot) << (i * bits);
    }
    return value >>> 0;
  };
  const row = { name, offset, access, count: Math.ceil(intids / perRegister), widths, read };
  if (field.write === undefined) return row;
  const mask = 2 ** bits - 1;
  const onesOnly = access === "W1S" || access === "W1C";
  return {
    ...row,
    write: (bank, value, n, vcpu) => {
      const first = firstIntid + n * perRegister;
      const word = lo32(value);
      if (onesOnly) {
        for (let left = word; left !== 0; left &= left - 1) {
          const slot = bank.slotAt(first + lowestBit(left), vcpu);
          if (slot >= 0) field.write!(bank.gic, slot, 1, vcpu);
        }
        return;
      }
      for (let i = 0; i < perRegister; i++) {
        const slot = bank.slotAt(first + i, vcpu);
        if (slot >= 0) field.write!(bank.gic, slot, (word >>> (i * bits)) & mask, vcpu);
      }
    },
  };
}

const isSgi = (gic: Vgic, slot: number): boolean => gic.table.intid(slot) < FIRST_PPI;

export const GROUP: IrqField = {
  bits: 1,
  access: "RW",
  read: (gic, slot) => gic.table.group(slot),
  write: (gic, slot, value) => gic.table.setGroup(slot, value),
};

const isEnabled = (gic: Vgic, slot: number): number => ((gic.table.flags(slot) & ENABLED) === 0 ? 0 : 1);
export const SET_ENABLE: IrqField = { bits: 1, access: "W1S", read: isEnabled, write: (gic, slot) => gic.table.setEnabled(slot, true) };
export const CLEAR_ENABLE: IrqField = { bits: 1, access: "W1C", read: isEnabled, write: (gic, slot) => gic.table.setEnabled(slot, false) };

/** Reads latch or level: derived pending. */
const readsPending = (gic: Vgic, slot: number): number => (gic.table.pending(slot) ? 1 : 0);
export const SET_PENDING: IrqField = { bits: 1, access: "W1S", read: readsPending, write: (gic, slot) => void gic.table.latch(slot) };
export const CLEAR_PENDING: IrqField = { bits: 1, access: "W1C", read: readsPending, write: (gic, slot) => gic.table.unlatch(slot) };
/** GICv2: SGIs are requested per source, through SPENDSGIR; their bits here are read-only. */
export const SET_PENDING_V2: IrqField = {
  ...SET_PENDING,
  write: (gic, slot) => {
    if (!isSgi(gic, slot)) gic.table.latch(slot);
  },
};
export const CLEAR_PENDING_V2: IrqField = {
  ...CLEAR_PENDING,
  write: (gic, slot) => {
    if (!isSgi(gic, slot)) gic.table.unlatch(slot);
  },
};

const isActive = (gic: Vgic, slot: number): number => ((gic.table.flags(slot) & ACTIVE) === 0 ? 0 : 1);
export const SET_ACTIVE: IrqField = { bits: 1, access: "W1S", read: isActive, write: (gic, slot) => gic.table.setActive(slot, true) };
export const CLEAR_ACTIVE: IrqField = { bits: 1, access: "W1C", read: isActive, write: (gic, slot, _one, vcpu) => gic.deactivate(vcpu, slot) };

export const PRIORITY: IrqField = {
  bits: 8,
  access: "RW",
  read: (gic, slot) => gic.table.priority(slot),
  write: (gic, slot, value) => gic.table.setPriority(slot, value),
};

/** Two bits: 2 edge, 0 level; the low bit is RAZ/WI. SGIs are edge for good. */
export const CONFIG: IrqField = {
  bits: 2,
  access: "RW",
  read: (gic, slot) => ((gic.table.flags(slot) & EDGE) === 0 ? 0 : 2),
  write: (gic, slot, value) => {
    if (!isSgi(gic, slot)) gic.table.setEdge(slot, (value & 2) !== 0);
  },
};
