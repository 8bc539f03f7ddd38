/** What accesses to system registers do beyond storing: hooks, PSTATE, stack pointers, the OS lock, the debug channel, timers. */
import { sysregEncoding } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HOST_VALUE, PENDING_LINES } from "../state/layout.ts";
import { fpTrapped, wfeTrapped, wfiTrapped } from "./el0-gates.ts";
import { DONE, TRAPPED, UNDEFINED } from "./outcome.ts";
import { encodingOf, underTest } from "./registers.fixture.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";

const ONES = 2n ** 64n - 1n;

describe("a write that changes something", () => {
  //   register          value         tells
  it.each([
    ["SCTLR_EL1", /*   */ 1n, /*     */ "translation SCTLR_EL1"],
    ["TTBR0_EL1", /*   */ 0x1000n, /**/ "translation TTBR0_EL1"],
    ["TTBR1_EL1", /*   */ 0x1000n, /**/ "translation TTBR1_EL1"],
    ["TCR_EL1", /*     */ 16n, /*    */ "translation TCR_EL1"],
    ["MAIR_EL1", /*    */ 0xffn, /*  */ "translation MAIR_EL1"],
    ["CPACR_EL1", /*   */ ONES, /*   */ "fp trap"],
    ["DAIF", /*        */ 0n, /*     */ "interrupt mask, debug"],
    ["MDSCR_EL1", /*   */ 0x8000n, /**/ "debug"],
    ["OSLAR_EL1", /*   */ 0n, /*     */ "debug"],
    ["OSDLR_EL1", /*   */ 1n, /*     */ "debug"],
    ["DBGBVR5_EL1", /* */ 4n, /*     */ "debug"],
    ["DBGBCR0_EL1", /* */ 1n, /*     */ "debug"],
    ["DBGWVR3_EL1", /* */ 4n, /*     */ "debug"],
    ["DBGWCR0_EL1", /* */ 1n, /*     */ "debug"],
  ])("of %s = %d tells the vCPU: %s", (name, value, told) => {
    const cpu = underTest();
    expect([cpu.write(name, value), cpu.log]).toEqual([DONE, told.split(", ")]);
  });

  it("has happened when the vCPU is told", () => {
    const cpu = underTest();
    const seen: unknown[] = [];
    cpu.log.push = (...told) => seen.push(...told, cpu.read("TTBR0_EL1"));
    cpu.write("TTBR0_EL1", 0x1000n);
    expect(seen).toEqual(["translation TTBR0_EL1", 0x1000n]);
  });

  it("and one that changes nothing in registers of translation tells nothing", () => {
    const cpu = underTest();
    cpu.write("TTBR0_EL1", 0x1001n);
    cpu.write("TTBR0_EL1", 0x1000n);
    cpu.write("SCTLR_EL1", 0x30d5_0998n);
    cpu.write("ACTLR_EL1", ONES);
    expect(cpu.log).toEqual(["translation TTBR0_EL1"]);
  });

  it("of FPCR tells that rounding may differ", () => {
    const cpu = underTest();
    cpu.write("CPACR_EL1", ONES);
    cpu.write("FPCR", 1n << 24n);
    expect(cpu.log).toEqual(["fp trap", "fp control"]);
  });
});

describe("MSR (immediate)", () => {
  //   op1 op2  imm   EL0, UMA 0   EL0, UMA 1   EL1       DAIF after, from A and F set
  it.each([
    [3, 6, /**/ 0b1010, TRAPPED, /**/ DONE, /**/ DONE, /**/ 0x3c0 & ~0], // DAIFSet D, I
    [3, 6, /**/ 0b0010, TRAPPED, /**/ DONE, /**/ DONE, /**/ 0x1c0],
    [3, 7, /**/ 0b0001, TRAPPED, /**/ DONE, /**/ DONE, /**/ 0x100], // DAIFClr F
    [3, 7, /**/ 0b1111, TRAPPED, /**/ DONE, /**/ DONE, /**/ 0],
    [0, 3, /**/ 1, /* */ UNDEFINED, /**/ UNDEFINED, /**/ UNDEFINED, /**/ 0x140], // UAO, of Armv8.2
    [0, 4, /**/ 1, /* */ UNDEFINED, /**/ UNDEFINED, /**/ UNDEFINED, /**/ 0x140], // PAN, of Armv8.1
    [3, 5, /**/ 1, /* */ UNDEFINED, /**/ UNDEFINED, /**/ UNDEFINED, /**/ 0x140],
  ])("op1 %d op2 %d with %d", (op1, op2, immediate, closed, open, el1, daif) => {
    const at = (el: number, uma: bigint): readonly number[] => {
      const cpu = underTest();
      cpu.write("SCTLR_EL1", uma << 9n);
      cpu.write("DAIF", 0x140n);
      cpu.log.length = 0;
      const outcome = cpu.registers.writeImmediate(op1, op2, immediate, el);
      expect(cpu.log).toEqual(outcome === DONE ? ["interrupt mask"] : []);
      return [outcome, cpu.state.daif];
    };
    expect([at(0, 0n), at(0, 1n), at(1, 0n)]).toEqual([[closed, 0x140], [open, daif], [el1, daif]]);
  });

  it("selects the stack pointer at EL1 only", () => {
    const cpu = underTest();
    cpu.state.sp = 0x1000n;
    cpu.write("SP_EL0", 0x2000n);
    expect(cpu.registers.writeImmediate(0, 5, 0, 0)).toBe(UNDEFINED);
    expect(cpu.registers.writeImmediate(0, 5, 0, 1)).toBe(DONE);
    expect([cpu.state.sp, cpu.read("SPSel"), cpu.read("SP_EL0")]).toEqual([0x2000n, 0n, UNDEFINED]);
    cpu.state.sp = 0x2010n;
    expect([cpu.registers.peek("SP_EL0"), cpu.registers.peek("SP_EL1"), cpu.write("SP_EL0", 0n)]).toEqual([0x2010, 0x1000, UNDEFINED]);
    cpu.write("SPSel", 3n);
    expect([cpu.state.sp, cpu.read("SP_EL0"), cpu.read("SPSel")]).toEqual([0x1000n, 0x2010n, 1n]);
  });

  it("selects what is selected without harm", () => {
    const cpu = underTest();
    cpu.state.sp = 0x1000n;
    cpu.registers.writeImmediate(0, 5, 1, 1);
    expect([cpu.state.sp, cpu.registers.peek("SP_EL1")]).toEqual([0x1000n, 0x1000]);
  });
});

describe("ISR_EL1", () => {
  it("shows lines whether masked or not", () => {
    const cpu = underTest();
    cpu.state.i32[PENDING_LINES >> 2] = 0xc0;
    expect(cpu.read("ISR_EL1")).toBe(0xc0n);
  });
});

describe("CCSIDR_EL1", () => {
  //   CSSELR_EL1  cache
  it.each([
    [0n, /*      */ 0x700f_e01an], // level 1, data
    [1n, /*      */ 0x200f_e01an], // level 1, instruction
    [2n, /*      */ 0n], // there is no level 2
    [15n, /*     */ 0n],
  ])("describes the cache that CSSELR_EL1 = %d names", (csselr, ccsidr) => {
    const cpu = underTest();
    cpu.write("CSSELR_EL1", csselr);
    expect(cpu.read("CCSIDR_EL1")).toBe(ccsidr);
  });

  it("tells 32 KiB in 4 ways of 64-byte lines", () => {
    const ccsidr = Number(underTest().read("CCSIDR_EL1"));
    const [line, ways, sets] = [16 << (ccsidr & 7), ((ccsidr >> 3) & 0x3ff) + 1, ((ccsidr >> 13) & 0x7fff) + 1];
    expect([line, ways, line * ways * sets]).toEqual([64, 4, 32 * 1024]);
  });
});

describe("the OS lock", () => {
  it("is locked after reset, and follows OSLAR_EL1", () => {
    const cpu = underTest();
    const seen = [0n, 1n, 2n].map((oslar) => {
      cpu.write("OSLAR_EL1", oslar);
      return cpu.read("OSLSR_EL1");
    });
    expect(seen).toEqual([0x8n, 0xan, 0x8n]);
  });

  it("open, protects the external debugger's part of MDSCR_EL1", () => {
    const cpu = underTest();
    cpu.write("MDSCR_EL1", ONES);
    cpu.write("OSLAR_EL1", 0n);
    cpu.write("MDSCR_EL1", 0n);
    expect(cpu.read("MDSCR_EL1")).toBe(0x6ce0_4040n);
    cpu.write("MDSCR_EL1", 1n);
    expect(cpu.read("MDSCR_EL1")).toBe(0x6ce0_4041n);
  });

  it("open, makes OSECCR_EL1 ignore writes", () => {
    const cpu = underTest();
    cpu.write("OSECCR_EL1", 5n);
    cpu.write("OSLAR_EL1", 0n);
    cpu.write("OSECCR_EL1", 6n);
    expect(cpu.read("OSECCR_EL1")).toBe(0n);
    cpu.write("OSLAR_EL1", 1n);
    expect(cpu.read("OSECCR_EL1")).toBe(5n);
  });
});

describe("the claim tags", () => {
  it("are set and cleared one by one", () => {
    const cpu = underTest();
    cpu.write("DBGCLAIMSET_EL1", 0x10fn);
    cpu.write("DBGCLAIMCLR_EL1", 0x3n);
    cpu.write("DBGCLAIMSET_EL1", 0x80n);
    expect([cpu.read("DBGCLAIMCLR_EL1"), cpu.read("DBGCLAIMSET_EL1")]).toEqual([0x8cn, 0xffn]);
  });
});

describe("the debug channel", () => {
  const TX_FULL = 1n << 29n;
  const RX_FULL = 1n << 30n;

  it("stays full once something was sent, for nobody takes it", () => {
    const cpu = underTest();
    expect(cpu.read("MDCCSR_EL0")).toBe(0n);
    cpu.write("DBGDTRTX_EL0", 0x1_2345_6789n);
    expect([cpu.read("MDCCSR_EL0"), cpu.read("OSDTRTX_EL1"), cpu.read("MDCCSR_EL0")]).toEqual([TX_FULL, 0x2345_6789n, TX_FULL]);
  });

  it("takes two words at once, the upper one in the other direction's place", () => {
    const cpu = underTest();
    cpu.write("DBGDTR_EL0", 0x1111_2222_3333_4444n);
    expect([cpu.read("OSDTRRX_EL1"), cpu.read("OSDTRTX_EL1")]).toEqual([0x1111_2222n, 0x3333_4444n]);
  });

  it("is emptied by a read, but not by a peek, of what an OS restored", () => {
    const cpu = underTest();
    cpu.write("OSDTRRX_EL1", 7n);
    cpu.write("OSDTRTX_EL1", 9n);
    cpu.write("MDSCR_EL1", RX_FULL);
    expect([cpu.registers.peek("DBGDTRRX_EL0"), cpu.registers.peek("DBGDTR_EL0")]).toEqual([7, 0x9_0000_0007]);
    expect(cpu.read("MDCCSR_EL0")).toBe(RX_FULL);
    expect([cpu.read("DBGDTR_EL0"), cpu.read("MDCCSR_EL0")]).toEqual([0x9_0000_0007n, 0n]);
    cpu.write("MDSCR_EL1", RX_FULL);
    expect([cpu.read("DBGDTRRX_EL0"), cpu.read("MDCCSR_EL0")]).toEqual([7n, 0n]);
  });
});

describe("timer registers", () => {
  it.each([["CNTP", 30], ["CNTV", 27]] as const)("%s reach the timer of INTID %d", (prefix, intid) => {
    const cpu = underTest();
    cpu.clock.advanceTo(1600);
    cpu.write(`${prefix}_CVAL_EL0`, 200n);
    cpu.write(`${prefix}_CTL_EL0`, 1n);
    expect([cpu.read("CNTVCT_EL0"), cpu.read("CNTPCT_EL0")]).toEqual([100n, 100n]);
    expect([cpu.read(`${prefix}_TVAL_EL0`), cpu.read(`${prefix}_CTL_EL0`)]).toEqual([100n, 1n]);
    cpu.clock.advanceTo(3200);
    expect([cpu.log, cpu.read(`${prefix}_CTL_EL0`)]).toEqual([[`${intid} high`], 5n]);
    cpu.write(`${prefix}_TVAL_EL0`, 0xffff_ffffn);
    expect(cpu.read(`${prefix}_CVAL_EL0`)).toBe(199n);
    cpu.write(`${prefix}_CTL_EL0`, 3n);
    expect(cpu.log[1]).toBe(`${intid} low`);
    expect([cpu.registers.peek(`${prefix}_CTL_EL0`), cpu.registers.peek(`${prefix}_TVAL_EL0`)]).toEqual([7, 0xffff_ffff]);
  });

  it("CNTKCTL_EL1 switches the event stream", () => {
    const cpu = underTest();
    cpu.write("CNTKCTL_EL1", 0x14n); // EVNTEN, bit 1 of the counter
    cpu.timer.eventStream.waitForEvent();
    cpu.clock.advanceTo(100);
    expect([cpu.log, cpu.timer.eventStream.take()]).toEqual([["event"], true]);
  });

  it("CNTFRQ_EL0 tells what was written and changes no rate", () => {
    const cpu = underTest();
    cpu.write("CNTFRQ_EL0", 1n);
    cpu.clock.advanceTo(1600);
    expect([cpu.read("CNTFRQ_EL0"), cpu.read("CNTVCT_EL0")]).toEqual([1n, 100n]);
  });
});

describe("WFI, WFE and FP at EL0", () => {
  it.each([
    ["nTWI", 16n, wfiTrapped],
    ["nTWE", 18n, wfeTrapped],
  ] as const)("are trapped unless SCTLR_EL1.%s is set", (_, bit, trapped) => {
    const cpu = underTest();
    cpu.write("SCTLR_EL1", 0n);
    expect([trapped(cpu.state, 0), trapped(cpu.state, 1)]).toEqual([true, false]);
    cpu.write("SCTLR_EL1", 1n << bit);
    expect([trapped(cpu.state, 0), trapped(cpu.state, 1)]).toEqual([false, false]);
  });

  it("follow CPACR_EL1.FPEN", () => {
    const cpu = underTest();
    const seen = [0n, 1n, 2n, 3n].map((fpen) => {
      cpu.write("CPACR_EL1", fpen << 20n);
      return [fpTrapped(cpu.state, 1), fpTrapped(cpu.state, 0)];
    });
    expect(seen).toEqual([[true, true], [false, true], [true, true], [false, false]]);
  });
});

describe("a read into memory", () => {
  it("stores what a read returns, for every register and level", () => {
    fc.assert(fc.property(fc.bigInt(0n, ONES), fc.bigInt(0n, ONES), (written, before) => {
      const cpu = underTest();
      cpu.clock.advanceTo(Number(written >> 20n));
      cpu.write("CPACR_EL1", ONES);
      for (const { encoding, name } of SYSTEM_REGISTERS.registers) {
        if (/^(SCTLR|CPACR|SPSel|CNT.*CTL)/.test(name)) continue;
        cpu.registers.write(encoding, written, 1);
        for (const el of [1, 0]) {
          cpu.state.u64[HOST_VALUE >> 3] = before;
          const peeked = cpu.registers.peek(name);
          const value = cpu.registers.read(encoding, el);
          const outcome = cpu.registers.readInto(encoding, el, HOST_VALUE);
          expect([name, cpu.state.u64[HOST_VALUE >> 3]]).toEqual([name, typeof value === "bigint" ? value : before]);
          expect(outcome).toBe(typeof value === "bigint" ? DONE : value);
          if (el === 1 && peeked !== undefined && name !== "OSECCR_EL1") expect([name, BigInt(peeked)]).toEqual([name, value]);
        }
      }
    }), { numRuns: 20 });
  });

  it("takes any encoding and value without throwing", () => {
    const cpu = underTest();
    for (let encoding = 0; encoding < 0x1_0000; encoding++) {
      for (const el of [0, 1]) {
        const read = cpu.registers.read(encoding, el);
        const wrote = cpu.registers.write(encoding, BigInt(encoding) * 0x1_0001_0001n, el);
        if (SYSTEM_REGISTERS.reader(encoding) === undefined && (typeof read === "bigint" || read >= 0)) throw new Error(`read ${encoding}`);
        if (SYSTEM_REGISTERS.writer(encoding) === undefined && wrote === DONE) throw new Error(`wrote ${encoding}`);
      }
    }
    expect(cpu.registers.read(sysregEncoding(3, 0, 4, 2, 2), 1)).toBe(4n);
  });
});

describe("names", () => {
  it("are those that peek knows, each once", () => {
    const { registers } = underTest();
    expect(new Set(registers.names).size).toBe(registers.names.length);
    for (const name of registers.names) expect([name, registers.peek(name)]).not.toEqual([name, undefined]);
    expect(registers.names).toEqual(expect.arrayContaining(["SCTLR_EL1", "DBGBVR5_EL1", "CNTVCT_EL0", "NZCV", "SP_EL0", "SP_EL1"]));
    for (const name of ["OSLAR_EL1", "S3_0_C0_C3_3", "ICC_IAR1_EL1", ""]) expect(registers.peek(name)).toBeUndefined();
  });

  it("find registers that the current state makes UNDEFINED", () => {
    const cpu = underTest();
    cpu.state.sp = 5n;
    cpu.registers.writeImmediate(0, 5, 0, 1);
    cpu.state.sp = 6n;
    expect([cpu.registers.peek("SP_EL0"), cpu.registers.peek("SP_EL1"), cpu.read("SP_EL0")]).toEqual([6, 5, UNDEFINED]);
    expect(encodingOf("SP_EL0")).toBe(sysregEncoding(3, 0, 4, 1, 0));
  });
});

describe("reset", () => {
  it("brings back what a reset at power-on left, identity included", () => {
    const cpu = underTest();
    const first = cpu.registers.save();
    for (const { encoding } of SYSTEM_REGISTERS.registers) cpu.registers.write(encoding, ONES, 1);
    cpu.state.u64.fill(ONES, 0x800 >> 3, 0x1000 >> 3);
    cpu.registers.reset();
    cpu.state.sp = 0n;
    expect(cpu.registers.save()).toEqual(first);
    expect(cpu.state.pstate).toBe(0x3c5); // EL1h, D, A, I and F set
  });
});
