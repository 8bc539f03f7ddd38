/**
 * The GICv3 CPU interface as system registers, in the manual's order (Arm IHI 0069, "AArch64 System register descriptions").
 *
 * Direction violations and what is not listed are UNDEFINED: with 5 priority bits there is one APR per group, so
 * ICC_AP0R1_EL1 … ICC_AP1R3_EL1 do not exist, nor does ICC_NMIAR1_EL1 without NMIs. Hot: the rows of IAR1 and EOIR1.
 */
import { hi32, type SysregClaim, type SysregDevice, sysregEncoding, type U64, UNDEFINED } from "@trapline/core";
import * as core from "@trapline/core";
import { CBPR, EOI_MODE } from "./cpu-interfaces.ts";
import { FIRST_LPI, SPURIOUS } from "./intid-space.ts";
import * as candidates from "./candidate.ts";
import { NO_CANDIDATE } from "./candidate.ts";
import { sendSgi } from "./sgi-v3.ts";
import type { GicV3 } from "./gic-v3.ts";

// docs/adr/0023-interrupt-delivery.md
const { lo32 } = core;
const { groupOf, intidOf } = candidates;

/** A register of the CPU interface, and what it does. */
export interface IccRegister extends SysregClaim {
  /** Absent: reading is UNDEFINED. */
  readonly read?: (gic: GicV3, vcpu: number) => U64;
  /** Absent: writing is UNDEFINED. */
  readonly write?: (gic: GicV3, value: U64, vcpu: number) => void;
  /** Reads without side effects, where `read` has some. */
  readonly peek?: (gic: GicV3, vcpu: number) => U64;
}

const icc = (name: string, crm: number, op2: number, hooks: Omit<IccRegister, keyof SysregClaim>, crn = 12): IccRegister => ({
  name,
  encoding: sysregEncoding(3, 0, crn, crm, op2),
  ...hooks,
});

/** What IAR would return: only an interrupt of `group` that is being signalled. */
function peekIar(gic: GicV3, vcpu: number, group: number): number {
  const signalled = gic.cpus.signalled(vcpu);
  return signalled === NO_CANDIDATE || groupOf(signalled) !== group ? SPURIOUS : intidOf(signalled);
}

function readIar(gic: GicV3, vcpu: number, group: number): number {
  const signalled = gic.states.signalled(vcpu);
  if (signalled === NO_CANDIDATE || groupOf(signalled) !== group) return SPURIOUS;
  gic.take(vcpu, signalled);
  return intidOf(signalled);
}

/** The best pending interrupt if it is of `group`, whatever PMR and the running priority. */
function readHppir(gic: GicV3, vcpu: number, group: number): number {
  const candidate = gic.cpus.candidate(vcpu);
  return candidate === NO_CANDIDATE || groupOf(candidate) !== group ? SPURIOUS : intidOf(candidate);
}

/** Ignored unless the most urgent running priority is of this group, and for what is no interrupt here. */
function writeEoir(gic: GicV3, value: U64, vcpu: number, group: number): void {
  if (!gic.states.runs(vcpu, group)) return;
  const intid = (typeof value === "number" ? value : lo32(value)) & 0xff_ffff; // a number's low word without a call
  const slot = gic.space.slot(intid, vcpu); // −1 for LPIs
  if (slot >= 0 || gic.isLpi(intid)) gic.end(vcpu, intid, slot, group);
}

function writeDir(gic: GicV3, value: U64, vcpu: number): void {
  if (!gic.cpus.splitEoi(vcpu)) return;
  const intid = lo32(value) & 0xff_ffff;
  const slot = intid < FIRST_LPI ? gic.space.slot(intid, vcpu) : -1;
  if (slot >= 0) gic.deactivate(vcpu, slot);
}

/** With CBPR, BPR1 is a read-only view of BPR0 plus one. */
function readBpr1({ cpus }: GicV3, vcpu: number): number {
  return (cpus.control[vcpu]! & CBPR) === 0 ? cpus.bpr1[vcpu]! : Math.min(cpus.bpr0[vcpu]! + 1, 7);
}

function setGroup(gic: GicV3, vcpu: number, group: number, value: U64): void {
  const bit = 1 << group;
  gic.setCpuGroups(vcpu, (lo32(value) & 1) === 0 ? gic.cpus.groups[vcpu]! & ~bit : gic.cpus.groups[vcpu]! | bit);
}

/** The CPU interface of a GICv3: ICC_*_EL1. */
export const ICC_REGISTERS: readonly IccRegister[] = [
  icc("ICC_PMR_EL1", 6, 0, { read: (g, v) => g.cpus.pmr[v]!, write: (g, value, v) => g.cpus.setPmr(v, lo32(value)) }, 4),
  icc("ICC_IAR0_EL1", 8, 0, { read: (g, v) => readIar(g, v, 0), peek: (g, v) => peekIar(g, v, 0) }),
  icc("ICC_EOIR0_EL1", 8, 1, { write: (g, value, v) => writeEoir(g, value, v, 0) }),
  icc("ICC_HPPIR0_EL1", 8, 2, { read: (g, v) => readHppir(g, v, 0) }),
  icc("ICC_BPR0_EL1", 8, 3, { read: (g, v) => g.cpus.bpr0[v]!, write: (g, value, v) => g.cpus.setBpr0(v, lo32(value)) }),
  icc("ICC_AP0R0_EL1", 8, 4, { read: (g, v) => g.cpus.activePriorities(v, 0), write: (g, value, v) => g.cpus.setActivePriorities(v, 0, lo32(value)) }),
  icc("ICC_AP1R0_EL1", 9, 0, { read: (g, v) => g.cpus.activePriorities(v, 1), write: (g, value, v) => g.cpus.setActivePriorities(v, 1, lo32(value)) }),
  icc("ICC_DIR_EL1", 11, 1, { write: writeDir }),
  icc("ICC_RPR_EL1", 11, 3, { read: (g, v) => g.cpus.runningPriority(v) }),
  icc("ICC_SGI1R_EL1", 11, 5, { write: (g, value, v) => sendSgi(g, v, lo32(value), hi32(value), 1) }),
  icc("ICC_ASGI1R_EL1", 11, 6, { write: (g, value, v) => sendSgi(g, v, lo32(value), hi32(value), 0) }),
  icc("ICC_SGI0R_EL1", 11, 7, { write: (g, value, v) => sendSgi(g, v, lo32(value), hi32(value), 0) }),
  icc("ICC_IAR1_EL1", 12, 0, { read: (g, v) => readIar(g, v, 1), peek: (g, v) => peekIar(g, v, 1) }),
  icc("ICC_EOIR1_EL1", 12, 1, { write: (g, value, v) => writeEoir(g, value, v, 1) }),
  icc("ICC_HPPIR1_EL1", 12, 2, { read: (g, v) => readHppir(g, v, 1) }),
  icc("ICC_BPR1_EL1", 12, 3, {
    read: readBpr1,
    write: (g, value, v) => {
      if ((g.cpus.control[v]! & CBPR) === 0) g.cpus.setBpr1(v, lo32(value));
    },
  }),
  icc("ICC_CTLR_EL1", 12, 4, {
    read: (g, v) => g.cpuControlFixed | g.cpus.control[v]!,
    write: (g, value, v) => g.cpus.setControl(v, lo32(value) & (CBPR | EOI_MODE)),
  }),
  icc("ICC_SRE_EL1", 12, 5, { read: () => 7, write: () => {} }),
  icc("ICC_IGRPEN0_EL1", 12, 6, { read: (g, v) => g.cpus.groups[v]! & 1, write: (g, value, v) => setGroup(g, v, 0, value) }),
  icc("ICC_IGRPEN1_EL1", 12, 7, { read: (g, v) => g.cpus.groups[v]! >> 1, write: (g, value, v) => setGroup(g, v, 1, value) }),
];

/** Encoding of a register by its name, for guests in tests and for tools. @throws nothing: undefined for a name it does not have */
export function iccEncoding(name: string): number | undefined {
  return ICC_REGISTERS.find((register) => register.name === name)?.encoding;
}

/** All op0 = 3, op1 = 0 registers, by the low 11 bits of the encoding: CRn, CRm, op2. */
const BY_LOW_BITS: readonly (IccRegister | undefined)[] = ICC_REGISTERS.reduce<(IccRegister | undefined)[]>(
  (table, register) => {
    table[register.encoding & 0x7ff] = register;
    return table;
  },
  new Array<IccRegister | undefined>(0x800).fill(undefined),
);

const IAR1 = iccEncoding("ICC_IAR1_EL1")!;
const EOIR1 = iccEncoding("ICC_EOIR1_EL1")!;

/** The registers of one GIC as the vCPUs' exits reach them. */
export class IccInterface implements SysregDevice {
  declare private readonly gic: GicV3;

  constructor(gic: GicV3) {
    this.gic = gic;
  }

  /** The two registers of every interrupt come first: a call the engine can see through saves the look-up and an opaque one. */
  readSysreg(encoding: number, vcpu: number): U64 {
    return encoding === IAR1 ? readIar(this.gic, vcpu, 1) : this.readOther(encoding, vcpu);
  }

  writeSysreg(encoding: number, value: U64, vcpu: number): void | number {
    return encoding === EOIR1 ? writeEoir(this.gic, value, vcpu, 1) : this.writeOther(encoding, value, vcpu);
  }

  peekSysreg(encoding: number, vcpu: number): U64 | undefined {
    const register = BY_LOW_BITS[encoding & 0x7ff];
    return (register?.peek ?? register?.read)?.(this.gic, vcpu);
  }

  private readOther(encoding: number, vcpu: number): U64 {
    const register = BY_LOW_BITS[encoding & 0x7ff];
    return register?.read === undefined ? UNDEFINED : register.read(this.gic, vcpu);
  }

  private writeOther(encoding: number, value: U64, vcpu: number): void | number {
    const register = BY_LOW_BITS[encoding & 0x7ff];
    if (register?.write === undefined) return UNDEFINED;
    register.write(this.gic, value, vcpu);
  }
}
