/** SYS encodings: every form of Armv8.0 at EL1, and what EL0 may use of them. */
import { sysregEncoding } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { DONE, TRAPPED, UNDEFINED } from "./outcome.ts";
import { underTest } from "./registers.fixture.ts";
import { SYSTEM_INSTRUCTIONS, systemInstruction, systemInstructionAccess } from "./system-instructions.ts";

const UCI = 1n << 26n;
const DZE = 1n << 14n;

describe("a system instruction", () => {
  //   op1 CRn CRm op2   name               does                                     EL0 needs
  it.each([
    [0, 7, 1, 0, /*  */ "IC IALLUIS", /* */ "all-instructions", /*               */ null],
    [0, 7, 5, 0, /*  */ "IC IALLU", /*   */ "all-instructions", /*               */ null],
    [3, 7, 5, 1, /*  */ "IC IVAU", /*    */ "line invalidate-instructions", /*   */ UCI],
    [0, 7, 6, 1, /*  */ "DC IVAC", /*    */ "line invalidate", /*                */ null],
    [0, 7, 6, 2, /*  */ "DC ISW", /*     */ "set-way", /*                        */ null],
    [0, 7, 10, 2, /* */ "DC CSW", /*     */ "set-way", /*                        */ null],
    [0, 7, 14, 2, /* */ "DC CISW", /*    */ "set-way", /*                        */ null],
    [3, 7, 4, 1, /*  */ "DC ZVA", /*     */ "line zero", /*                      */ DZE],
    [3, 7, 10, 1, /* */ "DC CVAC", /*    */ "line clean", /*                     */ UCI],
    [3, 7, 11, 1, /* */ "DC CVAU", /*    */ "line clean", /*                     */ UCI],
    [3, 7, 14, 1, /* */ "DC CIVAC", /*   */ "line clean-invalidate", /*          */ UCI],
    [0, 7, 8, 0, /*  */ "AT S1E1R", /*   */ "translate read EL1", /*             */ null],
    [0, 7, 8, 1, /*  */ "AT S1E1W", /*   */ "translate write EL1", /*            */ null],
    [0, 7, 8, 2, /*  */ "AT S1E0R", /*   */ "translate read EL0", /*             */ null],
    [0, 7, 8, 3, /*  */ "AT S1E0W", /*   */ "translate write EL0", /*            */ null],
    [0, 8, 3, 0, /*  */ "TLBI VMALLE1IS", "tlb all IS", /*                       */ null],
    [0, 8, 3, 1, /*  */ "TLBI VAE1IS", /**/ "tlb va IS", /*                      */ null],
    [0, 8, 3, 2, /*  */ "TLBI ASIDE1IS", /**/ "tlb asid IS", /*                  */ null],
    [0, 8, 3, 3, /*  */ "TLBI VAAE1IS", /**/ "tlb va-any-asid IS", /*            */ null],
    [0, 8, 3, 5, /*  */ "TLBI VALE1IS", /**/ "tlb va last IS", /*                */ null],
    [0, 8, 3, 7, /*  */ "TLBI VAALE1IS", /**/ "tlb va-any-asid last IS", /*      */ null],
    [0, 8, 7, 0, /*  */ "TLBI VMALLE1", /**/ "tlb all", /*                       */ null],
    [0, 8, 7, 1, /*  */ "TLBI VAE1", /*  */ "tlb va", /*                         */ null],
    [0, 8, 7, 2, /*  */ "TLBI ASIDE1", /**/ "tlb asid", /*                       */ null],
    [0, 8, 7, 3, /*  */ "TLBI VAAE1", /* */ "tlb va-any-asid", /*                */ null],
    [0, 8, 7, 5, /*  */ "TLBI VALE1", /* */ "tlb va last", /*                    */ null],
    [0, 8, 7, 7, /*  */ "TLBI VAALE1", /**/ "tlb va-any-asid last", /*           */ null],
  ] as const)("1,%d,%d,%d,%d is %s", (op1, crn, crm, op2, name, does, needs) => {
    const found = systemInstruction(sysregEncoding(1, op1, crn, crm, op2))!;
    const words = {
      line: () => `line ${"operation" in found ? found.operation : ""}`,
      "all-instructions": () => "all-instructions",
      "set-way": () => "set-way",
      translate: () => ("el" in found ? `translate ${found.isWrite ? "write" : "read"} EL${found.el}` : ""),
      tlb: () => ("scope" in found ? `tlb ${found.scope}${found.lastLevel ? " last" : ""}${found.innerShareable ? " IS" : ""}` : ""),
    };
    expect([found.name, words[found.kind]()]).toEqual([name, does]);

    const access = (sctlr: bigint, el: number): number => {
      const cpu = underTest();
      cpu.write("SCTLR_EL1", sctlr);
      return systemInstructionAccess(found, cpu.state, el);
    };
    expect([access(0n, 1), access(0n, 0)]).toEqual([DONE, needs === null ? UNDEFINED : TRAPPED]);
    const byBit = (bit: bigint): number => (needs === null ? UNDEFINED : bit === needs ? DONE : TRAPPED);
    expect([access(UCI, 0), access(DZE, 0)]).toEqual([byBit(UCI), byBit(DZE)]);
  });

  it("has a row above for every one there is", () => {
    expect(SYSTEM_INSTRUCTIONS.length).toBe(27);
    expect(new Set(SYSTEM_INSTRUCTIONS.map(({ encoding }) => encoding)).size).toBe(27);
  });

  //   op1 CRn CRm op2   of
  it.each([
    [3, 7, 12, 1, /*  */ "DC CVAP, of Armv8.2"],
    [0, 7, 9, 0, /*   */ "AT S1E1RP, of Armv8.2"],
    [4, 7, 8, 0, /*   */ "AT S1E2R"],
    [4, 8, 3, 0, /*   */ "TLBI ALLE2IS"],
    [0, 8, 1, 0, /*   */ "TLBI VMALLE1OS, of Armv8.4"],
    [0, 8, 3, 4, /*   */ "nothing"],
    [0, 11, 0, 0, /*  */ "implementations"],
    [3, 7, 3, 4, /*   */ "CFP RCTX, of Armv8.5"],
  ])("1,%d,%d,%d,%d is UNDEFINED: %s", (op1, crn, crm, op2) => {
    expect(systemInstruction(sysregEncoding(1, op1, crn, crm, op2))).toBeUndefined();
  });
});
