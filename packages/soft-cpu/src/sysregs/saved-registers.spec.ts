/** A snapshot of the system registers: by name, complete, and taken only by a PE that it fits. */
import { isTraplineError, type PlainData } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodingOf, type RegistersUnderTest, underTest } from "./registers.fixture.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";

type Saved = { readonly [name: string]: PlainData };
const saved = (cpu: RegistersUnderTest): Saved => cpu.registers.save() as Saved;

/** All that can be read without side effects, bar the timer's, which is saved apart. */
function readable(cpu: RegistersUnderTest): readonly unknown[] {
  return cpu.registers.names.filter((name) => !/^CNT[PV]/.test(name)).map((name) => [name, cpu.registers.peek(name)]);
}

describe("saved system registers", () => {
  it("can be read: each register under its name", () => {
    const cpu = underTest();
    cpu.write("TTBR0_EL1", 0x4000_0000n);
    cpu.state.sp = 0x7000n;
    expect(saved(cpu)).toMatchObject({ TTBR0_EL1: 0x4000_0000n, SCTLR_EL1: 0x30d5_0998n, SP_EL0: 0n, SP_EL1: 0x7000n, PSTATE: 0x3c5n });
  });

  it("bring back everything, whatever was written to whatever register", () => {
    const value64 = fc.bigInt(0n, 2n ** 64n - 1n);
    const write = fc.tuple(fc.constantFrom(...SYSTEM_REGISTERS.registers.filter(({ access }) => access !== "RO")), value64);
    fc.assert(fc.property(fc.array(write, { maxLength: 60 }), value64, fc.boolean(), (writes, sp, el0) => {
      const first = underTest();
      first.state.sp = sp;
      first.write("CPACR_EL1", 3n << 20n);
      for (const [{ encoding }, value] of writes) first.registers.write(encoding, value, 1);
      if (el0) first.enterEl0();
      const data = structuredClone(first.registers.save());
      const second = underTest();
      second.write("TPIDR_EL0", 99n);
      second.registers.restore(data);
      expect(second.registers.save()).toEqual(data);
      expect(readable(second)).toEqual(readable(first));
      expect([second.state.pstate, second.state.sp, second.state.el]).toEqual([first.state.pstate, first.state.sp, el0 ? 0 : 1]);
    }), { numRuns: 60 });
  });

  it("do not change when they are saved", () => {
    const cpu = underTest();
    const bytes = cpu.state.bytes.slice();
    cpu.registers.save();
    expect(cpu.state.bytes).toEqual(bytes);
  });
});

describe("a snapshot is refused", () => {
  const good = saved(underTest());
  const IN = "in the saved system registers should be";

  it.each<readonly [string, PlainData, string]>([
    ["that is no record", [1], "the saved system registers are no record"],
    ["without a register", { ...good, TCR_EL1: null }, `TCR_EL1 ${IN} a bigint within`],
    ["with a number for a register", { ...good, TCR_EL1: 5 }, `TCR_EL1 ${IN} a bigint within`],
    ["with bits that the register does not have", { ...good, VBAR_EL1: 0x801n }, `VBAR_EL1 ${IN} a bigint within`],
    ["with more than 64 bits", { ...good, ELR_EL1: 2n ** 64n }, `ELR_EL1 ${IN} a bigint within`],
    ["with a negative value", { ...good, FAR_EL1: -1n }, `FAR_EL1 ${IN} a bigint within`],
    ["with an exception level it does not have", { ...good, PSTATE: 0x3c9n }, `PSTATE ${IN} a bigint within`],
    ["at EL0 with EL1's stack pointer", { ...good, PSTATE: 1n }, `PSTATE ${IN} a mode of AArch64 at EL0 or EL1`],
    ["with a register it does not know", { ...good, ZCR_EL1: 0n }, `ZCR_EL1 ${IN} absent: this vCPU has no such register`],
    ["of another vCPU", saved(underTest({ affinity: 1 })), "the saved vCPU has MPIDR_EL1 0xc000_0001, this one 0xc000_0000; restore into"],
    ["of another kind of PE", saved(underTest({ midr: 1 })), "the saved vCPU has MIDR_EL1 0x1, this one 0xf_54c0"],
    ["of a machine with another GIC", saved(underTest({ gicSystemRegisters: false })), "the saved vCPU has ID_AA64PFR0_EL1"],
  ])("%s, and nothing changes", (_, data, message) => {
    const cpu = underTest();
    cpu.write("MAIR_EL1", 0xff44n);
    const before = cpu.state.bytes.slice();
    let error: unknown;
    try {
      cpu.registers.restore(data);
    } catch (thrown) {
      error = thrown;
    }
    expect(isTraplineError(error, "snapshot") && error.message).toContain(message);
    expect(cpu.state.bytes).toEqual(before);
    expect(cpu.registers.read(encodingOf("MAIR_EL1"), 1)).toBe(0xff44n);
  });
});
