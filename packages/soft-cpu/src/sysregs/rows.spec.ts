/**
 * The table of system registers: its form, and for every row the reset value, the bits that can be written, and what becomes of an
 * access in a direction it does not have (Arm ARM DDI 0487, D13).
 */
import { describe, expect, it } from "vitest";
import { SYSREG_SLOTS } from "../state/layout.ts";
import { DONE, ELSEWHERE, UNDEFINED } from "./outcome.ts";
import { encodingOf, underTest } from "./registers.fixture.ts";
import type { Access } from "./row.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";
import { RAZ, SLOTS_END } from "./slots.ts";

const { registers: rows } = SYSTEM_REGISTERS;

describe("the table", () => {
  it("is in order of encoding, with one reader and one writer each", () => {
    const encodings = rows.map(({ encoding }) => encoding);
    expect(encodings).toEqual([...encodings].sort((a, b) => a - b));
    const readers = rows.filter(({ access }) => access !== "WO").map(({ encoding }) => encoding);
    const writers = rows.filter(({ access }) => access !== "RO").map(({ encoding }) => encoding);
    expect([new Set(readers).size, new Set(writers).size]).toEqual([readers.length, writers.length]);
  });

  it("finds each row by its encoding and direction", () => {
    expect(rows.filter((row) => row.access !== "WO" && SYSTEM_REGISTERS.reader(row.encoding) !== row)).toEqual([]);
    expect(rows.filter((row) => row.access !== "RO" && SYSTEM_REGISTERS.writer(row.encoding) !== row)).toEqual([]);
  });

  it("gives each name once, and each slot but that of zero to one register", () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    const slots = rows.flatMap(({ slot }) => (slot === undefined || slot === RAZ ? [] : [slot]));
    expect(new Set(slots).size).toBe(slots.length);
    expect(Math.max(...slots)).toBe(SLOTS_END - 1);
    expect(SLOTS_END).toBeLessThanOrEqual(SYSREG_SLOTS);
  });

  it("says of each register how it is read and written", () => {
    const bare = rows.filter(({ slot }) => slot === undefined);
    expect(bare.filter(({ access, read }) => access !== "WO" && read === undefined)).toEqual([]);
    expect(bare.filter(({ access, write }) => access !== "RO" && write === undefined)).toEqual([]);
  });

  it("covers the ID space, op1 0, CRm 1 to 7, without a gap", () => {
    for (let crm = 1; crm < 8; crm++) {
      for (let op2 = 0; op2 < 8; op2++) expect(SYSTEM_REGISTERS.reader(encodingOf(`S3_0_C0_C${crm}_${op2}`))?.access).toBe("RO");
    }
  });
});

// What a register holds after reset, and after all ones and all zeros were written to it. Rows not named: 0, ~0, 0.
//   register              reset          after ~0              after 0
const VALUES: readonly (readonly [string, bigint, bigint?, bigint?])[] = [
  ["OSDTRRX_EL1", /*     */ 0n, /*     */ 0xffff_ffffn],
  ["DBGBCR<n>_EL1", /*   */ 0n, /*     */ 0x00ff_e1e7n],
  ["DBGWVR<n>_EL1", /*   */ 0n, /*     */ 0xffff_ffff_ffff_fffcn],
  ["DBGWCR<n>_EL1", /*   */ 0n, /*     */ 0x1f1f_ffffn],
  ["MDCCINT_EL1", /*     */ 0n, /*     */ 0x6000_0000n],
  ["MDSCR_EL1", /*       */ 0n, /*     */ 0x6ce0_f041n], // the OS lock is locked after reset
  ["OSDTRTX_EL1", /*     */ 0n, /*     */ 0xffff_ffffn],
  ["OSECCR_EL1", /*      */ 0n, /*     */ 0xffff_ffffn],
  ["MDRAR_EL1", /*       */ 0n],
  ["OSLSR_EL1", /*       */ 0xan],
  ["OSDLR_EL1", /*       */ 0n, /*     */ 1n],
  ["DBGPRCR_EL1", /*     */ 0n, /*     */ 1n],
  ["DBGCLAIMSET_EL1", /* */ 0xffn, /*  */ 0xffn, /*             */ 0xffn], // reads which tags there are
  ["DBGCLAIMCLR_EL1", /* */ 0n, /*     */ 0n],
  ["DBGAUTHSTATUS_EL1", /**/ 0xan],
  ["MIDR_EL1", /*        */ 0x000f_54c0n],
  ["MPIDR_EL1", /*       */ 0xc000_0000n],
  ["ID_AA64PFR0_EL1", /* */ 0x1100_0000_0100_0011n],
  ["ID_AA64DFR0_EL1", /* */ 0x1030_5006n],
  ["ID_AA64ISAR0_EL1", /**/ 0x0001_0000n],
  ["ID_AA64MMFR0_EL1", /**/ 0x0f00_0022n],
  ["SCTLR_EL1", /*       */ 0x30d5_0998n, 0x34dd_db9fn, /*       */ 0x30d0_0980n],
  ["ACTLR_EL1", /*       */ 0n, /*     */ 0n],
  ["CPACR_EL1", /*       */ 0n, /*     */ 0x0030_0000n],
  ["TTBR0_EL1", /*       */ 0n, /*     */ 0xffff_ffff_ffff_fffen],
  ["TTBR1_EL1", /*       */ 0n, /*     */ 0xffff_ffff_ffff_fffen],
  ["TCR_EL1", /*         */ 0n, /*     */ 0x0000_0077_ffff_ffbfn],
  ["SPSel", /*           */ 1n, /*     */ 1n],
  ["CurrentEL", /*       */ 4n],
  ["AFSR0_EL1", /*       */ 0n, /*     */ 0n],
  ["AFSR1_EL1", /*       */ 0n, /*     */ 0n],
  ["AMAIR_EL1", /*       */ 0n, /*     */ 0n],
  ["VBAR_EL1", /*        */ 0n, /*     */ 0xffff_ffff_ffff_f800n],
  ["CNTKCTL_EL1", /*     */ 0n, /*     */ 0x3ffn],
  ["CCSIDR_EL1", /*      */ 0x700f_e01an],
  ["CLIDR_EL1", /*       */ 0x0920_0003n],
  ["CSSELR_EL1", /*      */ 0n, /*     */ 0xfn],
  ["CTR_EL0", /*         */ 0x8444_c004n],
  ["DCZID_EL0", /*       */ 4n],
  ["NZCV", /*            */ 0n, /*     */ 0xf000_0000n],
  ["DAIF", /*            */ 0x3c0n, /* */ 0x3c0n],
  ["FPCR", /*            */ 0n, /*     */ 0x07c0_0000n],
  ["FPSR", /*            */ 0n, /*     */ 0x0800_009fn],
  ["CNTFRQ_EL0", /*      */ 62_500_000n, 0xffff_ffffn],
  ["CNTP_TVAL_EL0", /*   */ 0n, /*     */ 0xffff_ffffn],
  ["CNTP_CTL_EL0", /*    */ 0n, /*     */ 7n], // expired at once: CVAL is 0
  ["CNTV_TVAL_EL0", /*   */ 0n, /*     */ 0xffff_ffffn],
  ["CNTV_CTL_EL0", /*    */ 0n, /*     */ 7n],
];

/** Reset value, and what is left of all ones and of zero. */
function valuesOf(name: string): readonly [reset: bigint, ones: bigint, zeros: bigint] {
  const bank = name.replace(/^(DBG[BW][CV]R)\d/, "$1<n>");
  const [, reset, ones = 2n ** 64n - 1n, zeros = 0n] = VALUES.find(([n]) => n === name || n === bank) ?? [name, 0n];
  return [reset, ones, zeros];
}

/** FP registers are reached only with FPEN set. */
function withFp(name: string): ReturnType<typeof underTest> {
  const cpu = underTest();
  if (name.startsWith("FP")) cpu.write("CPACR_EL1", 3n << 20n);
  return cpu;
}

const named = (...kinds: readonly Access[]): readonly (readonly [string, number])[] =>
  rows.filter(({ access }) => kinds.includes(access)).map(({ name, encoding }) => [name, encoding]);

describe("a register", () => {
  it.each(named("RW", "RO"))("%s has its reset value", (name, encoding) => {
    expect(withFp(name).registers.read(encoding, 1)).toBe(valuesOf(name)[0]);
  });

  it.each(named("RW"))("%s keeps the bits that it has", (name, encoding) => {
    const { registers } = withFp(name);
    const [, ones, zeros] = valuesOf(name);
    expect(registers.write(encoding, 2n ** 64n - 1n, 1)).toBe(DONE);
    expect(registers.read(encoding, 1)).toBe(ones);
    expect(registers.write(encoding, 0n, 1)).toBe(DONE);
    expect(registers.read(encoding, 1)).toBe(zeros);
  });

  // Written, the encoding of DBGDTRRX_EL0 is DBGDTRTX_EL0.
  it.each(named("RO").filter(([name]) => name !== "DBGDTRRX_EL0"))("%s cannot be written: UNDEFINED", (_, encoding) => {
    const { registers } = underTest();
    const before = registers.save();
    expect([registers.write(encoding, 2n ** 64n - 1n, 1), registers.save()]).toEqual([UNDEFINED, before]);
  });

  it.each(named("WO").filter(([name]) => name !== "DBGDTRTX_EL0"))("%s cannot be read: UNDEFINED", (_, encoding) => {
    expect(underTest().registers.read(encoding, 1)).toBe(UNDEFINED);
  });

  it("is in the list of values only if it exists", () => {
    const all = new Set(rows.map(({ name }) => name.replace(/^(DBG[BW][CV]R)\d/, "$1<n>")));
    expect(VALUES.map(([name]) => name).filter((name) => !all.has(name))).toEqual([]);
  });
});

describe("what has no row", () => {
  //   encoding             what it would be                            at EL1       at EL0
  it.each([
    ["S3_0_C12_C12_0", /* */ "ICC_IAR1_EL1, the interrupt controller's", ELSEWHERE, UNDEFINED],
    ["S3_3_C9_C12_0", /*  */ "PMCR_EL0", /*                           */ ELSEWHERE, ELSEWHERE],
    ["S3_4_C1_C1_0", /*   */ "HCR_EL2", /*                            */ ELSEWHERE, UNDEFINED],
    ["S3_0_C15_C2_0", /*  */ "IMPLEMENTATION DEFINED", /*             */ ELSEWHERE, UNDEFINED],
    ["S3_0_C0_C0_1", /*   */ "unallocated next to MIDR_EL1", /*       */ ELSEWHERE, UNDEFINED],
    ["S2_0_C0_C6_4", /*   */ "DBGBVR6_EL1, beyond the last", /*       */ ELSEWHERE, UNDEFINED],
    ["S3_0_C12_C0_2", /*  */ "RMR_EL1", /*                            */ ELSEWHERE, UNDEFINED],
    ["S3_0_C4_C2_3", /*   */ "PAN, of Armv8.1", /*                    */ ELSEWHERE, UNDEFINED],
  ])("%s (%s) is left to the machine", (name, _, el1, el0) => {
    const { registers } = underTest();
    expect([registers.read(encodingOf(name), 1), registers.write(encodingOf(name), 0n, 1)]).toEqual([el1, el1]);
    expect([registers.read(encodingOf(name), 0), registers.write(encodingOf(name), 0n, 0)]).toEqual([el0, el0]);
  });
});
