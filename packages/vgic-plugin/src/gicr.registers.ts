/**
 * GICv3 redistributor registers: the RD_base and SGI_base frames of one vCPU as one bank of 128 KiB (Arm IHI 0069, "The
 * Redistributor register map"). Frames are addressed by location: the hooks' `vcpu` is whose frame it is, not who accesses.
 *
 * The LPI registers belong to the LPI side (lpi/lpi-controller.ts); without one they are RAZ/WI. Not modelled: NMIs, GICv4.
 */
import { compileRegisters, lo32, type RegisterBank, type U64 } from "@trapline/core";
import type { GicV3 } from "./gic-v3.ts";
import { idRegisters, idValuesV3 } from "./id-registers.ts";
import { FIRST_EPPI, FIRST_SPI, MAX_EPPIS } from "./intid-space.ts";
import {
  CLEAR_ACTIVE,
  CLEAR_ENABLE,
  CLEAR_PENDING,
  CONFIG,
  GROUP,
  type IrqBank,
  perIrq,
  PRIORITY,
  SET_ACTIVE,
  SET_ENABLE,
  SET_PENDING,
} from "./per-irq.ts";

/** What the rows ask of the redistributors. */
export interface GicrBank extends IrqBank {
  readonly gic: GicV3;
  typer(vcpu: number): U64;
  waker(vcpu: number): number;
  writeWaker(vcpu: number, value: number): void;
}

/** Bytes from one vCPU's frames to the next's. */
export const GICR_STRIDE = 0x2_0000;
const SGI_BASE = 0x1_0000;

export const gicrRegisters: RegisterBank<GicrBank> = compileRegisters<GicrBank>("GICR", GICR_STRIDE, [
  {
    name: "GICR_CTLR",
    offset: 0x0000,
    access: "RW",
    read: (r, _n, vcpu) => r.gic.lpis?.ctlr(vcpu) ?? 0,
    write: (r, value, _n, vcpu) => r.gic.lpis?.writeCtlr(vcpu, lo32(value)),
    fields: { UWP: 31, DPG1S: 26, DPG1NS: 25, DPG0: 24, RWP: 3, IR: 2, CES: 1, EnableLPIs: 0 },
  },
  { name: "GICR_IIDR", offset: 0x0004, access: "RO", reset: 0x0000_043b },
  {
    name: "GICR_TYPER",
    offset: 0x0008,
    size: 8,
    access: "RO",
    read: (r, _n, vcpu) => r.typer(vcpu),
    fields: { Affinity: [63, 32], PPInum: [31, 27], VSGI: 26, CommonLPIAff: [25, 24], Processor_Number: [23, 8], RVPEID: 7, MPAM: 6, DPGS: 5, Last: 4, DirectLPI: 3, Dirty: 2, VLPIS: 1, PLPIS: 0 },
  },
  { name: "GICR_STATUSR", offset: 0x0010, access: "RAZ/WI", note: "optional, not implemented" },
  {
    name: "GICR_WAKER",
    offset: 0x0014,
    access: "RW",
    reset: 6,
    read: (r, _n, vcpu) => r.waker(vcpu),
    write: (r, value, _n, vcpu) => r.writeWaker(vcpu, lo32(value)),
    fields: { ChildrenAsleep: 2, ProcessorSleep: 1 },
    note: "ChildrenAsleep follows at once; delivery never depends on it",
  },
  { name: "GICR_SETLPIR", offset: 0x0040, size: 8, access: "WO", write: (r, value, _n, vcpu) => r.gic.lpis?.writeSetlpir(vcpu, value) },
  { name: "GICR_CLRLPIR", offset: 0x0048, size: 8, access: "WO", write: (r, value, _n, vcpu) => r.gic.lpis?.writeClrlpir(vcpu, value) },
  {
    name: "GICR_PROPBASER",
    offset: 0x0070,
    size: 8,
    access: "RW",
    read: (r, _n, vcpu) => r.gic.lpis?.propbaser(vcpu) ?? 0,
    write: (r, value, _n, vcpu) => r.gic.lpis?.writePropbaser(vcpu, value),
  },
  {
    name: "GICR_PENDBASER",
    offset: 0x0078,
    size: 8,
    access: "RW",
    read: (r, _n, vcpu) => r.gic.lpis?.pendbaser(vcpu) ?? 0,
    write: (r, value, _n, vcpu) => r.gic.lpis?.writePendbaser(vcpu, value),
  },
  { name: "GICR_INVLPIR", offset: 0x00a0, size: 8, access: "WO", write: (r, value, _n, vcpu) => r.gic.lpis?.writeInvlpir(vcpu, value) },
  { name: "GICR_INVALLR", offset: 0x00b0, size: 8, access: "WO", write: (r, value, _n, vcpu) => r.gic.lpis?.writeInvallr(vcpu, value) },
  { name: "GICR_SYNCR", offset: 0x00c0, access: "RO", note: "Busy is always 0" },
  ...idRegisters<GicrBank>("GICR", 0xffd0, idValuesV3(0x93)),

  perIrq("GICR_IGROUPR0", SGI_BASE + 0x0080, 0, FIRST_SPI, GROUP),
  perIrq("GICR_IGROUPRnE", SGI_BASE + 0x0084, FIRST_EPPI, MAX_EPPIS, GROUP),
  perIrq("GICR_ISENABLER0", SGI_BASE + 0x0100, 0, FIRST_SPI, SET_ENABLE),
  perIrq("GICR_ISENABLERnE", SGI_BASE + 0x0104, FIRST_EPPI, MAX_EPPIS, SET_ENABLE),
  perIrq("GICR_ICENABLER0", SGI_BASE + 0x0180, 0, FIRST_SPI, CLEAR_ENABLE),
  perIrq("GICR_ICENABLERnE", SGI_BASE + 0x0184, FIRST_EPPI, MAX_EPPIS, CLEAR_ENABLE),
  perIrq("GICR_ISPENDR0", SGI_BASE + 0x0200, 0, FIRST_SPI, SET_PENDING),
  perIrq("GICR_ISPENDRnE", SGI_BASE + 0x0204, FIRST_EPPI, MAX_EPPIS, SET_PENDING),
  perIrq("GICR_ICPENDR0", SGI_BASE + 0x0280, 0, FIRST_SPI, CLEAR_PENDING),
  perIrq("GICR_ICPENDRnE", SGI_BASE + 0x0284, FIRST_EPPI, MAX_EPPIS, CLEAR_PENDING),
  perIrq("GICR_ISACTIVER0", SGI_BASE + 0x0300, 0, FIRST_SPI, SET_ACTIVE),
  perIrq("GICR_ISACTIVERnE", SGI_BASE + 0x0304, FIRST_EPPI, MAX_EPPIS, SET_ACTIVE),
  perIrq("GICR_ICACTIVER0", SGI_BASE + 0x0380, 0, FIRST_SPI, CLEAR_ACTIVE),
  perIrq("GICR_ICACTIVERnE", SGI_BASE + 0x0384, FIRST_EPPI, MAX_EPPIS, CLEAR_ACTIVE),
  perIrq("GICR_IPRIORITYR", SGI_BASE + 0x0400, 0, FIRST_SPI, PRIORITY),
  perIrq("GICR_IPRIORITYRnE", SGI_BASE + 0x0420, FIRST_EPPI, MAX_EPPIS, PRIORITY),
  { ...perIrq<GicrBank>("GICR_ICFGR", SGI_BASE + 0x0c00, 0, FIRST_SPI, CONFIG), note: "ICFGR0, the SGIs, is read-only" },
  perIrq("GICR_ICFGRnE", SGI_BASE + 0x0c08, FIRST_EPPI, MAX_EPPIS, CONFIG),
  { name: "GICR_IGRPMODR", offset: SGI_BASE + 0x0d00, count: 3, access: "RAZ/WI", note: "two security states only" },
  { name: "GICR_NSACR", offset: SGI_BASE + 0x0e00, access: "RAZ/WI", note: "two security states only" },
  { name: "GICR_INMIR", offset: SGI_BASE + 0x0f80, count: 3, access: "RAZ/WI", note: "NMIs only" },
]);
