/**
 * GICv2 distributor registers (Arm IHI 0048, "Distributor register map"), one security state with both groups.
 *
 * The first 32 INTIDs are banked by the vCPU that accesses; accesses from the host see the bank of vCPU 0. INTIDs that are
 * not implemented are RAZ/WI. Not modelled: the two-state view, the line status registers.
 */
import { compileRegisters, lo32, type RegisterBank, type RegisterSpec } from "@trapline/core";
import { ID_VALUES_V2, idRegisters } from "./id-registers.ts";
import { FIRST_SPI } from "./intid-space.ts";
import {
  bankOf,
  CLEAR_ACTIVE,
  CLEAR_ENABLE,
  CLEAR_PENDING_V2,
  CONFIG,
  GROUP,
  type IrqField,
  perIrq,
  PRIORITY,
  SET_ACTIVE,
  SET_ENABLE,
  SET_PENDING_V2,
} from "./per-irq.ts";
import { sendSgi } from "./sgi-v2.ts";
import type { GicV2 } from "./gic-v2.ts";

/** QEMU's `virt` reserves 64 KiB; the registers take the first 4. */
export const GICD_V2_FRAME_SIZE = 0x1_0000;

/** One byte per INTID, one bit per CPU. Those of SGIs and PPIs read the reader's own bit and ignore writes. */
const TARGETS: IrqField = {
  bits: 8,
  access: "RW",
  read: (gic, slot) => gic.table.target(slot),
  write: (gic, slot, value) => {
    if (gic.table.intid(slot) >= FIRST_SPI) gic.table.setTarget(slot, value & ((1 << gic.space.vcpuCount) - 1));
  },
};

/** Four SGIs a register, one byte each, one bit per CPU that requested it. */
function sgiSources(name: string, offset: number, set: boolean): RegisterSpec<GicV2> {
  return {
    name,
    offset,
    access: set ? "W1S" : "W1C",
    count: 4,
    widths: [1, 4],
    read: (gic, n, vcpu) => {
      let value = 0;
      for (let i = 0; i < 4; i++) value |= gic.table.sources[gic.slotAt(4 * n + i, vcpu)]! << (8 * i);
      return value >>> 0;
    },
    write: (gic, value, n, vcpu) => {
      for (let i = 0; i < 4; i++) {
        const mask = (lo32(value) >>> (8 * i)) & ((1 << gic.space.vcpuCount) - 1);
        const slot = gic.slotAt(4 * n + i, vcpu);
        if (!set) gic.table.removeSources(slot, mask);
        else for (let cpu = 0; cpu < gic.space.vcpuCount; cpu++) if ((mask & (1 << cpu)) !== 0) gic.table.addSource(slot, cpu);
      }
    },
  };
}

export const gicdV2Registers: RegisterBank<GicV2> = compileRegisters<GicV2>("GICD", GICD_V2_FRAME_SIZE, [
  {
    name: "GICD_CTLR",
    offset: 0x000,
    access: "RW",
    read: (gic) => gic.cpus.distributorGroups,
    write: (gic, value) => gic.setDistributorGroups(lo32(value)),
    fields: { EnableGrp1: 1, EnableGrp0: 0 },
  },
  { name: "GICD_TYPER", offset: 0x004, access: "RO", read: (gic) => gic.typer, fields: { LSPI: [15, 11], SecurityExtn: 10, CPUNumber: [7, 5], ITLinesNumber: [4, 0] } },
  { name: "GICD_IIDR", offset: 0x008, access: "RO", reset: 0x0000_043b, read: (gic) => gic.iidr },
  perIrq("GICD_IGROUPR", 0x080, 0, 1024, GROUP),
  perIrq("GICD_ISENABLER", 0x100, 0, 1024, SET_ENABLE),
  perIrq("GICD_ICENABLER", 0x180, 0, 1024, CLEAR_ENABLE),
  perIrq("GICD_ISPENDR", 0x200, 0, 1024, SET_PENDING_V2),
  perIrq("GICD_ICPENDR", 0x280, 0, 1024, CLEAR_PENDING_V2),
  perIrq("GICD_ISACTIVER", 0x300, 0, 1024, SET_ACTIVE),
  perIrq("GICD_ICACTIVER", 0x380, 0, 1024, CLEAR_ACTIVE),
  perIrq("GICD_IPRIORITYR", 0x400, 0, 1024, PRIORITY),
  perIrq("GICD_ITARGETSR", 0x800, 0, 1024, TARGETS),
  perIrq("GICD_ICFGR", 0xc00, 0, 1024, CONFIG),
  { name: "GICD_PPISR", offset: 0xd00, access: "RAZ/WI", note: "line status, implementation defined" },
  { name: "GICD_SPISR", offset: 0xd04, count: 31, access: "RAZ/WI", note: "line status, implementation defined" },
  { name: "GICD_NSACR", offset: 0xe00, count: 64, access: "RAZ/WI", note: "two security states only" },
  { name: "GICD_SGIR", offset: 0xf00, access: "WO", write: (gic, value, _n, vcpu) => sendSgi(gic, bankOf(vcpu), lo32(value)) },
  sgiSources("GICD_CPENDSGIR", 0xf10, false),
  sgiSources("GICD_SPENDSGIR", 0xf20, true),
  ...idRegisters<GicV2>("GICD", 0xfd0, ID_VALUES_V2),
]);
