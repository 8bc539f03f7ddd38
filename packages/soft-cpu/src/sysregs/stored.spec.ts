/** What the decoder may turn into a load or a store. */
import { describe, expect, it } from "vitest";
import { SYSREGS } from "../state/layout.ts";
import { DONE } from "./outcome.ts";
import { encodingOf, underTest } from "./registers.fixture.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";
import { storedRead, storedWrite } from "./stored.ts";

const names = (of: typeof storedRead, el0: boolean): readonly string[] =>
  [...new Set(SYSTEM_REGISTERS.registers.filter(({ encoding }) => of(encoding)?.el0 === el0).map(({ name }) => name))];

describe("a store in place", () => {
  it("is MSR of registers that only hold what is written", () => {
    expect(names(storedWrite, true)).toEqual(["TPIDR_EL0"]);
    const banks = [0, 1, 2, 3, 4, 5].map((n) => `DBGBVR${n}_EL1`);
    expect(names(storedWrite, false)).toEqual([
      "SPSR_EL1", "ELR_EL1", "ESR_EL1", "FAR_EL1", "PAR_EL1", "CONTEXTIDR_EL1", "TPIDR_EL1", "TPIDRRO_EL0",
    ]);
    for (const name of [...banks, "SCTLR_EL1", "MAIR_EL1", "VBAR_EL1", "CNTV_CVAL_EL0", "SP_EL0", "MIDR_EL1"]) {
      expect([name, storedWrite(encodingOf(name))]).toEqual([name, undefined]);
    }
  });

  it("leaves nothing for the slow way to do", () => {
    for (const { name, encoding } of SYSTEM_REGISTERS.registers) {
      const stored = storedWrite(encoding);
      if (stored === undefined) continue;
      const cpu = underTest();
      for (const value of [2n ** 64n - 1n, 0n, 0x1234_5678_9abc_def1n]) {
        expect([name, cpu.registers.write(encoding, value, 1), cpu.state.u64[stored.address >> 3]]).toEqual([name, DONE, value]);
      }
      expect(cpu.log).toEqual([]);
    }
  });
});

describe("a load in place", () => {
  it("is MRS of storage, at EL0 too where nothing can forbid it", () => {
    expect(names(storedRead, true)).toEqual(["TPIDR_EL0", "TPIDRRO_EL0"]);
    const loads = ["CTR_EL0", "DCZID_EL0", "MIDR_EL1", "TTBR1_EL1", "VBAR_EL1", "SCTLR_EL1", "ID_ISAR6_EL1", "CNTFRQ_EL0", "DBGWCR3_EL1"];
    for (const name of loads) {
      expect([name, storedRead(encodingOf(name))?.el0]).toEqual([name, false]);
    }
    const others = ["CNTVCT_EL0", "CNTV_CTL_EL0", "CCSIDR_EL1", "SP_EL0", "NZCV", "FPCR", "ISR_EL1", "OSECCR_EL1", "DBGDTRRX_EL0"];
    for (const name of others) {
      expect([name, storedRead(encodingOf(name))]).toEqual([name, undefined]);
    }
    expect(storedRead(encodingOf("S3_0_C12_C12_0"))).toBeUndefined();
  });

  it("loads what the slow way returns, before and after everything was written", () => {
    const cpu = underTest();
    for (const value of [undefined, 2n ** 64n - 1n, 0n]) {
      if (value !== undefined) for (const { encoding } of SYSTEM_REGISTERS.registers) cpu.registers.write(encoding, value, 1);
      for (const { name, encoding } of SYSTEM_REGISTERS.registers) {
        const stored = storedRead(encoding);
        if (stored === undefined) continue;
        expect([name, cpu.state.u64[stored.address >> 3]]).toEqual([name, cpu.registers.read(encoding, 1)]);
        if (stored.el0) expect(cpu.registers.read(encoding, 0)).toBe(cpu.state.u64[stored.address >> 3]);
        expect(stored.address % 8 === 0 && stored.address >= SYSREGS).toBe(true);
      }
    }
  });
});
