/**
 * GICv2 CPU interface registers: two 4 KiB pages, GICC_DIR being the second (Arm IHI 0048, "CPU interface register map"),
 * one security state with both groups. Banked by the vCPU that accesses. Hot: GICC_IAR, GICC_EOIR.
 *
 * Not modelled: bypass disables, the two-state view.
 */
import { compileRegisters, lo32, type RegisterBank } from "@trapline/core";
import { ACK_CTL, CBPR, EOI_MODE, FIQ_EN, IDLE_PRIORITY } from "./cpu-interfaces.ts";
import { FIRST_PPI, SPURIOUS } from "./intid-space.ts";
import { type Candidate, groupOf, intidOf, NO_CANDIDATE } from "./candidate.ts";
import { bankOf } from "./per-irq.ts";
import type { GicV2 } from "./gic-v2.ts";

/** QEMU's `virt` reserves 64 KiB; the registers take the first 8. */
export const GICC_FRAME_SIZE = 0x1_0000;
/** A group 1 interrupt is pending, and GICC_CTLR.AckCtl does not let GICC_IAR take it. */
const GROUP1_PENDING = 1022;

/** GICC_CTLR: bits here, in the common control byte, and EOImode at bit 9. */
function readCtlr({ cpus }: GicV2, vcpu: number): number {
  const control = cpus.control[vcpu]!;
  return (
    cpus.groups[vcpu]! |
    ((control & ACK_CTL) !== 0 ? 1 << 2 : 0) |
    ((control & FIQ_EN) !== 0 ? 1 << 3 : 0) |
    ((control & CBPR) !== 0 ? 1 << 4 : 0) |
    ((control & EOI_MODE) !== 0 ? 1 << 9 : 0)
  );
}

function writeCtlr({ cpus }: GicV2, vcpu: number, value: number): void {
  const control =
    ((value & (1 << 2)) !== 0 ? ACK_CTL : 0) |
    ((value & (1 << 3)) !== 0 ? FIQ_EN : 0) |
    ((value & (1 << 4)) !== 0 ? CBPR : 0) |
    ((value & (1 << 9)) !== 0 ? EOI_MODE : 0);
  cpus.setControl(vcpu, control);
  cpus.setGroups(vcpu, value);
}

/** INTID [9:0], and the requesting CPU of an SGI [12:10]. */
function idWithSource(gic: GicV2, vcpu: number, candidate: Candidate): number {
  const intid = intidOf(candidate);
  return intid < FIRST_PPI ? (gic.table.nextSource(gic.space.slot(intid, vcpu)) << 10) | intid : intid;
}

/** What a read of GICC_IAR (`aliased` false) or GICC_AIAR would give for `candidate`. */
function identify(gic: GicV2, vcpu: number, candidate: Candidate, aliased: boolean): number {
  if (candidate === NO_CANDIDATE) return SPURIOUS;
  if (aliased) return groupOf(candidate) === 1 ? idWithSource(gic, vcpu, candidate) : SPURIOUS;
  const mayTake = groupOf(candidate) === 0 || (gic.cpus.control[vcpu]! & ACK_CTL) !== 0;
  return mayTake ? idWithSource(gic, vcpu, candidate) : GROUP1_PENDING;
}

function readIar(gic: GicV2, vcpu: number, aliased: boolean): number {
  const signalled = gic.cpus.signalled(vcpu);
  const id = identify(gic, vcpu, signalled, aliased);
  if ((id & 0x3ff) < GROUP1_PENDING) gic.take(vcpu, signalled);
  return id;
}

/** The source field is not checked: who ends an SGI with the wrong one still ends it. */
function writeEoir(gic: GicV2, vcpu: number, value: number, aliased: boolean): void {
  const slot = gic.slotAt(value & 0x3ff, vcpu);
  if (slot < 0 || gic.cpus.runningPriority(vcpu) === IDLE_PRIORITY) return;
  const group = gic.table.group(slot);
  if (!aliased || group === 1) gic.end(vcpu, value & 0x3ff, slot, group);
}

function writeDir(gic: GicV2, vcpu: number, value: number): void {
  const slot = gic.slotAt(value & 0x3ff, vcpu);
  if (slot >= 0 && gic.cpus.splitEoi(vcpu)) gic.deactivate(vcpu, slot);
}

export const giccRegisters: RegisterBank<GicV2> = compileRegisters<GicV2>("GICC", GICC_FRAME_SIZE, [
  {
    name: "GICC_CTLR",
    offset: 0x0000,
    access: "RW",
    read: (gic, _n, vcpu) => readCtlr(gic, bankOf(vcpu)),
    write: (gic, value, _n, vcpu) => writeCtlr(gic, bankOf(vcpu), lo32(value)),
    fields: { EOImode: 9, CBPR: 4, FIQEn: 3, AckCtl: 2, EnableGrp1: 1, EnableGrp0: 0 },
  },
  {
    name: "GICC_PMR",
    offset: 0x0004,
    access: "RW",
    read: (gic, _n, vcpu) => gic.cpus.pmr[bankOf(vcpu)]!,
    write: (gic, value, _n, vcpu) => gic.cpus.setPmr(bankOf(vcpu), lo32(value)),
  },
  {
    name: "GICC_BPR",
    offset: 0x0008,
    access: "RW",
    reset: 2,
    read: (gic, _n, vcpu) => gic.cpus.bpr0[bankOf(vcpu)]!,
    write: (gic, value, _n, vcpu) => gic.cpus.setBpr0(bankOf(vcpu), lo32(value)),
  },
  {
    name: "GICC_IAR",
    offset: 0x000c,
    access: "RO",
    reset: SPURIOUS,
    read: (gic, _n, vcpu) => readIar(gic, bankOf(vcpu), false),
    peek: (gic, _n, vcpu) => identify(gic, bankOf(vcpu), gic.cpus.signalled(bankOf(vcpu)), false),
  },
  { name: "GICC_EOIR", offset: 0x0010, access: "WO", write: (gic, value, _n, vcpu) => writeEoir(gic, bankOf(vcpu), lo32(value), false) },
  { name: "GICC_RPR", offset: 0x0014, access: "RO", reset: 0xff, read: (gic, _n, vcpu) => gic.cpus.runningPriority(bankOf(vcpu)) },
  {
    name: "GICC_HPPIR",
    offset: 0x0018,
    access: "RO",
    reset: SPURIOUS,
    read: (gic, _n, vcpu) => identify(gic, bankOf(vcpu), gic.cpus.candidate(bankOf(vcpu)), false),
  },
  {
    name: "GICC_ABPR",
    offset: 0x001c,
    access: "RW",
    reset: 3,
    read: (gic, _n, vcpu) => gic.cpus.bpr1[bankOf(vcpu)]!,
    write: (gic, value, _n, vcpu) => gic.cpus.setBpr1(bankOf(vcpu), lo32(value)),
  },
  {
    name: "GICC_AIAR",
    offset: 0x0020,
    access: "RO",
    reset: SPURIOUS,
    read: (gic, _n, vcpu) => readIar(gic, bankOf(vcpu), true),
    peek: (gic, _n, vcpu) => identify(gic, bankOf(vcpu), gic.cpus.signalled(bankOf(vcpu)), true),
  },
  { name: "GICC_AEOIR", offset: 0x0024, access: "WO", write: (gic, value, _n, vcpu) => writeEoir(gic, bankOf(vcpu), lo32(value), true) },
  {
    name: "GICC_AHPPIR",
    offset: 0x0028,
    access: "RO",
    reset: SPURIOUS,
    read: (gic, _n, vcpu) => identify(gic, bankOf(vcpu), gic.cpus.candidate(bankOf(vcpu)), true),
  },
  {
    name: "GICC_APR",
    offset: 0x00d0,
    access: "RW",
    count: 4,
    read: (gic, n, vcpu) => (n === 0 ? gic.cpus.activePriorities(bankOf(vcpu), 0) : 0),
    write: (gic, value, n, vcpu) => {
      if (n === 0) gic.cpus.setActivePriorities(bankOf(vcpu), 0, lo32(value));
    },
    note: "32 levels: APR1 to APR3 are RAZ/WI",
  },
  {
    name: "GICC_NSAPR",
    offset: 0x00e0,
    access: "RW",
    count: 4,
    read: (gic, n, vcpu) => (n === 0 ? gic.cpus.activePriorities(bankOf(vcpu), 1) : 0),
    write: (gic, value, n, vcpu) => {
      if (n === 0) gic.cpus.setActivePriorities(bankOf(vcpu), 1, lo32(value));
    },
    note: "the group 1 copy; 32 levels: NSAPR1 to NSAPR3 are RAZ/WI",
  },
  { name: "GICC_IIDR", offset: 0x00fc, access: "RO", reset: 0x0002_043b, note: "Linux tests & 0xff0fff against 0x0002043b" },
  { name: "GICC_DIR", offset: 0x1000, access: "WO", write: (gic, value, _n, vcpu) => writeDir(gic, bankOf(vcpu), lo32(value)) },
]);
