/**
 * GICv3 distributor registers (Arm IHI 0069, "The Distributor register map"), as one security state with affinity routing
 * sees them: GICD_CTLR.DS and ARE are one for good, so SGIs and PPIs are RAZ/WI here and live in the redistributors.
 *
 * Not modelled: NMIs (GICD_INMIR), GICv4.
 */
import { compileRegisters, hi32, lo32, type RegisterBank, type U64, u64 } from "@trapline/core";
import type { GicV3 } from "./gic-v3.ts";
import { idRegisters, idValuesV3 } from "./id-registers.ts";
import { FIRST_ESPI, FIRST_SPI, MAX_ESPIS, MAX_SPIS } from "./intid-space.ts";
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

/** The shared interrupts as a bank. */
export interface GicdV3 extends IrqBank {
  readonly gic: GicV3;
}

export const GICD_FRAME_SIZE = 0x1_0000;
/** One security state (DS) and affinity routing (ARE), both fixed. */
const CTLR_FIXED = 0x50;

const route = (base: number) => ({
  read: (d: GicdV3, n: number): U64 => {
    const slot = d.gic.space.sharedSlot(base + n);
    return slot < 0 ? 0 : u64(d.gic.routeHigh(slot), d.gic.routeLow(slot));
  },
  write: (d: GicdV3, value: U64, n: number): void => {
    const slot = d.gic.space.sharedSlot(base + n);
    if (slot >= 0) d.gic.setRoute(slot, lo32(value), hi32(value));
  },
});
const message = (set: boolean) => (d: GicdV3, value: U64): void => {
  d.gic.messageSpi(lo32(value) & 0x1fff, set);
};

export const gicdV3Registers: RegisterBank<GicdV3> = compileRegisters<GicdV3>("GICD", GICD_FRAME_SIZE, [
  {
    name: "GICD_CTLR",
    offset: 0x0000,
    access: "RW",
    reset: CTLR_FIXED,
    read: (d) => CTLR_FIXED | d.gic.cpus.distributorGroups,
    write: (d, value) => d.gic.setDistributorGroups(lo32(value)),
    fields: { RWP: 31, nASSGIreq: 8, E1NWF: 7, DS: 6, ARE: 4, EnableGrp1: 1, EnableGrp0: 0 },
  },
  {
    name: "GICD_TYPER",
    offset: 0x0004,
    access: "RO",
    read: (d) => d.gic.typer,
    fields: { ESPI_range: [31, 27], RSS: 26, No1N: 25, A3V: 24, IDbits: [23, 19], DVIS: 18, LPIS: 17, MBIS: 16, num_LPIs: [15, 11], SecurityExtn: 10, NMI: 9, ESPI: 8, CPUNumber: [7, 5], ITLinesNumber: [4, 0] },
  },
  { name: "GICD_IIDR", offset: 0x0008, access: "RO", reset: 0x0000_043b, read: (d) => d.gic.iidr },
  { name: "GICD_TYPER2", offset: 0x000c, access: "RO", note: "GICv4.1 only" },
  { name: "GICD_STATUSR", offset: 0x0010, access: "RAZ/WI", note: "optional, not implemented" },
  { name: "GICD_SETSPI_NSR", offset: 0x0040, access: "WO", widths: [2, 4], write: message(true), note: "with message-based SPIs" },
  { name: "GICD_CLRSPI_NSR", offset: 0x0048, access: "WO", widths: [2, 4], write: message(false), note: "with message-based SPIs" },
  { name: "GICD_SETSPI_SR", offset: 0x0050, access: "RES0", note: "two security states only" },
  { name: "GICD_CLRSPI_SR", offset: 0x0058, access: "RES0", note: "two security states only" },
  { name: "GICD_SEIR", offset: 0x0068, access: "RAZ/WI" },
  perIrq("GICD_IGROUPR", 0x0080, 0, 1024, GROUP),
  perIrq("GICD_ISENABLER", 0x0100, 0, 1024, SET_ENABLE),
  perIrq("GICD_ICENABLER", 0x0180, 0, 1024, CLEAR_ENABLE),
  perIrq("GICD_ISPENDR", 0x0200, 0, 1024, SET_PENDING),
  perIrq("GICD_ICPENDR", 0x0280, 0, 1024, CLEAR_PENDING),
  perIrq("GICD_ISACTIVER", 0x0300, 0, 1024, SET_ACTIVE),
  perIrq("GICD_ICACTIVER", 0x0380, 0, 1024, CLEAR_ACTIVE),
  perIrq("GICD_IPRIORITYR", 0x0400, 0, 1024, PRIORITY),
  { name: "GICD_ITARGETSR", offset: 0x0800, count: 255, access: "RAZ/WI", widths: [1, 4], note: "legacy, with affinity routing" },
  perIrq("GICD_ICFGR", 0x0c00, 0, 1024, CONFIG),
  { name: "GICD_IGRPMODR", offset: 0x0d00, count: 32, access: "RAZ/WI", note: "two security states only" },
  { name: "GICD_NSACR", offset: 0x0e00, count: 64, access: "RAZ/WI", note: "two security states only" },
  { name: "GICD_SGIR", offset: 0x0f00, access: "RES0", note: "legacy, with affinity routing" },
  { name: "GICD_CPENDSGIR", offset: 0x0f10, count: 4, access: "RES0", widths: [1, 4], note: "legacy, with affinity routing" },
  { name: "GICD_SPENDSGIR", offset: 0x0f20, count: 4, access: "RES0", widths: [1, 4], note: "legacy, with affinity routing" },
  { name: "GICD_INMIR", offset: 0x0f80, count: 32, access: "RAZ/WI", note: "NMIs only" },
  perIrq("GICD_IGROUPRnE", 0x1000, FIRST_ESPI, MAX_ESPIS, GROUP),
  perIrq("GICD_ISENABLERnE", 0x1200, FIRST_ESPI, MAX_ESPIS, SET_ENABLE),
  perIrq("GICD_ICENABLERnE", 0x1400, FIRST_ESPI, MAX_ESPIS, CLEAR_ENABLE),
  perIrq("GICD_ISPENDRnE", 0x1600, FIRST_ESPI, MAX_ESPIS, SET_PENDING),
  perIrq("GICD_ICPENDRnE", 0x1800, FIRST_ESPI, MAX_ESPIS, CLEAR_PENDING),
  perIrq("GICD_ISACTIVERnE", 0x1a00, FIRST_ESPI, MAX_ESPIS, SET_ACTIVE),
  perIrq("GICD_ICACTIVERnE", 0x1c00, FIRST_ESPI, MAX_ESPIS, CLEAR_ACTIVE),
  perIrq("GICD_IPRIORITYRnE", 0x2000, FIRST_ESPI, MAX_ESPIS, PRIORITY),
  perIrq("GICD_ICFGRnE", 0x3000, FIRST_ESPI, MAX_ESPIS, CONFIG),
  { name: "GICD_IGRPMODRnE", offset: 0x3400, count: 32, access: "RAZ/WI", note: "two security states only" },
  { name: "GICD_NSACRnE", offset: 0x3600, count: 64, access: "RAZ/WI", note: "two security states only" },
  { name: "GICD_INMIRnE", offset: 0x3b00, count: 32, access: "RAZ/WI", note: "NMIs only" },
  { name: "GICD_IROUTER", offset: 0x6000 + 8 * FIRST_SPI, size: 8, count: MAX_SPIS, access: "RW", ...route(FIRST_SPI), note: "IROUTER32 is the first" },
  { name: "GICD_IROUTERnE", offset: 0x8000, size: 8, count: MAX_ESPIS, access: "RW", ...route(FIRST_ESPI) },
  ...idRegisters<GicdV3>("GICD", 0xffd0, idValuesV3(0x92)),
]);
