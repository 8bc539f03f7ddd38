/** What the vCPU says of itself, field by field (Arm ARM DDI 0487, D13.2). */
import { defaultAffinity } from "@trapline/core";
import { describe, expect, it } from "vitest";
import * as identity from "./cpu-identity.ts";
import { underTest } from "./registers.fixture.ts";

const field = (register: string, hi: number, lo: number): number =>
  Number(BigInt.asUintN(hi - lo + 1, (underTest().read(register) as bigint) >> BigInt(lo)));

type Field = [register: string, field: string, hi: number, lo: number, value: number, meaning: string];

describe("the vCPU", () => {
  //   register              field          bits      value   meaning
  it.each<Field>([
    ["ID_AA64PFR0_EL1", /* */ "EL0", /*   */ 3, 0, /**/ 1, "AArch64 only"],
    ["ID_AA64PFR0_EL1", /* */ "EL1", /*   */ 7, 4, /**/ 1, "AArch64 only"],
    ["ID_AA64PFR0_EL1", /* */ "EL2", /*   */ 11, 8, /**/ 0, "absent"],
    ["ID_AA64PFR0_EL1", /* */ "EL3", /*   */ 15, 12, 0, "absent"],
    ["ID_AA64PFR0_EL1", /* */ "FP", /*    */ 19, 16, 0, "single and double precision"],
    ["ID_AA64PFR0_EL1", /* */ "AdvSIMD", /**/ 23, 20, 0, "the same"],
    ["ID_AA64PFR0_EL1", /* */ "CSV2", /*  */ 59, 56, 1, "no branch prediction to train"],
    ["ID_AA64PFR0_EL1", /* */ "CSV3", /*  */ 63, 60, 1, "no speculation past a fault"],
    ["ID_AA64DFR0_EL1", /* */ "DebugVer", 3, 0, /**/ 6, "Armv8.0"],
    ["ID_AA64DFR0_EL1", /* */ "TraceVer", 7, 4, /**/ 0, "no trace unit"],
    ["ID_AA64DFR0_EL1", /* */ "PMUVer", /**/ 11, 8, /**/ 0, "no performance monitors"],
    ["ID_AA64DFR0_EL1", /* */ "BRPs", /*  */ 15, 12, identity.BREAKPOINTS - 1, "6"],
    ["ID_AA64DFR0_EL1", /* */ "WRPs", /*  */ 23, 20, identity.WATCHPOINTS - 1, "4"],
    ["ID_AA64DFR0_EL1", /* */ "CTX_CMPs", 31, 28, identity.CONTEXT_BREAKPOINTS - 1, "2"],
    ["ID_AA64ISAR0_EL1", /**/ "AES", /*   */ 7, 4, /**/ 0, "absent"],
    ["ID_AA64ISAR0_EL1", /**/ "CRC32", /* */ 19, 16, 1, "present"],
    ["ID_AA64ISAR0_EL1", /**/ "Atomic", /**/ 23, 20, 0, "no LSE"],
    ["ID_AA64MMFR0_EL1", /**/ "PARange", /**/ 3, 0, /**/ 2, "40 bits"],
    ["ID_AA64MMFR0_EL1", /**/ "ASIDBits", 7, 4, /**/ 2, "16 bits"],
    ["ID_AA64MMFR0_EL1", /**/ "BigEnd", /**/ 11, 8, /**/ 0, "one endianness"],
    ["ID_AA64MMFR0_EL1", /**/ "TGran16", /**/ 23, 20, 0, "absent"],
    ["ID_AA64MMFR0_EL1", /**/ "TGran64", /**/ 27, 24, 15, "absent"],
    ["ID_AA64MMFR0_EL1", /**/ "TGran4", /**/ 31, 28, 0, "present"],
    ["MIDR_EL1", /*        */ "Implementer", 31, 24, 0, "reserved for software use"],
    ["MIDR_EL1", /*        */ "Architecture", 19, 16, 15, "see the ID registers"],
    ["CTR_EL0", /*         */ "DIC", /*   */ 29, 29, 0, "invalidate for new instructions"],
    ["CTR_EL0", /*         */ "IDC", /*   */ 28, 28, 0, "clean for new instructions"],
    ["CTR_EL0", /*         */ "L1Ip", /*  */ 15, 14, 3, "PIPT"],
    ["CLIDR_EL1", /*       */ "Ctype1", /**/ 2, 0, /**/ 3, "separate"],
    ["CLIDR_EL1", /*       */ "Ctype2", /**/ 5, 3, /**/ 0, "no level 2"],
    ["CLIDR_EL1", /*       */ "LoC", /*   */ 26, 24, 1, "level 1"],
  ])("%s.%s [%d:%d] is %d: %s", (register, _, hi, lo, value) => {
    expect(field(register, hi, lo)).toBe(value);
  });

  it("promises what the constants for other parts say", () => {
    expect(4 << field("DCZID_EL0", 3, 0)).toBe(identity.ZERO_BLOCK_BYTES);
    expect([4 << field("CTR_EL0", 19, 16), 4 << field("CTR_EL0", 3, 0)]).toEqual([identity.CACHE_LINE_BYTES, identity.CACHE_LINE_BYTES]);
    expect([32, 36, 40, 42, 44, 48][field("ID_AA64MMFR0_EL1", 3, 0)]).toBe(identity.PHYSICAL_ADDRESS_BITS);
  });

  it("has the interrupt controller's registers only if the machine does", () => {
    const gic = (gicSystemRegisters: boolean): bigint => (underTest({ gicSystemRegisters }).read("ID_AA64PFR0_EL1") as bigint) >> 24n & 15n;
    expect([gic(false), gic(true)]).toEqual([0n, 1n]);
  });

  it.each([
    [0, /*         */ true, /* */ 0xc000_0000n], // U: alone
    [0, /*         */ false, /**/ 0x8000_0000n],
    [defaultAffinity(17), false, 0x8000_0101n],
    [0x0102_0304, /**/ false, /**/ 0x01_8002_0304n],
    [0xffff_ffff, /**/ false, /**/ 0xff_80ff_ffffn],
  ])("of affinity %d is MPIDR_EL1", (affinity, uniprocessor, mpidr) => {
    expect(underTest({ affinity, uniprocessor }).read("MPIDR_EL1")).toBe(mpidr);
  });

  it("may pass for another PE, start elsewhere, and need no cache maintenance for code", () => {
    const { read } = underTest({ midr: 0x411f_d070, resetVector: 0xffff_0000n, coherentInstructions: true });
    expect([read("MIDR_EL1"), read("RVBAR_EL1"), read("CTR_EL0")]).toEqual([0x411f_d070n, 0xffff_0000n, 0xb444_c004n]);
  });
});
