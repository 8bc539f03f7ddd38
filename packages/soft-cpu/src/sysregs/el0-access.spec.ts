/**
 * What EL0 may do with which register: plainly, by leave of EL1 and else trapped (EC 0x18), or never (UNDEFINED). The rows were
 * compared once, encoding by encoding, with an emulated Cortex-A57.
 */
import { describe, expect, it } from "vitest";
import { DONE, FP_TRAPPED_ACCESS, type Outcome, TRAPPED, UNDEFINED } from "./outcome.ts";
import { underTest } from "./registers.fixture.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";

const SCTLR_RES1 = 0x30d0_0980n;
const UMA = 1n << 9n;
const UCT = 1n << 15n;
const TDCC = 1n << 12n;

type Control = "SCTLR_EL1" | "CNTKCTL_EL1" | "MDSCR_EL1" | "CPACR_EL1";

type Row = readonly [name: string, reads: "R" | "", writes: "W" | "", control?: Control, value?: bigint, fault?: Outcome];
//   register            reads     writes     if this control         has     else
const ACCESS: readonly Row[] = [
  ["MDCCSR_EL0", /*   */ "R", /**/ "", /* */ "MDSCR_EL1", /*  */ 0n, /*     */ TRAPPED],
  ["DBGDTR_EL0", /*   */ "R", /**/ "W", /**/ "MDSCR_EL1", /*  */ 0n, /*     */ TRAPPED],
  ["DBGDTRRX_EL0", /* */ "R", /**/ "W", /**/ "MDSCR_EL1", /*  */ 0n, /*     */ TRAPPED], // written, it is DBGDTRTX_EL0
  ["CTR_EL0", /*      */ "R", /**/ "", /* */ "SCTLR_EL1", /*  */ UCT, /*    */ TRAPPED],
  ["DAIF", /*         */ "R", /**/ "W", /**/ "SCTLR_EL1", /*  */ UMA, /*    */ TRAPPED],
  ["DCZID_EL0", /*    */ "R", /**/ ""],
  ["NZCV", /*         */ "R", /**/ "W"],
  ["FPCR", /*         */ "R", /**/ "W", /**/ "CPACR_EL1", /*  */ 3n << 20n, FP_TRAPPED_ACCESS],
  ["FPSR", /*         */ "R", /**/ "W", /**/ "CPACR_EL1", /*  */ 3n << 20n, FP_TRAPPED_ACCESS],
  ["TPIDR_EL0", /*    */ "R", /**/ "W"],
  ["TPIDRRO_EL0", /*  */ "R", /**/ ""],
  ["CNTFRQ_EL0", /*   */ "R", /**/ "", /* */ "CNTKCTL_EL1", /**/ 1n, /*     */ TRAPPED], // EL0PCTEN or …
  ["CNTFRQ_EL0", /*   */ "R", /**/ "", /* */ "CNTKCTL_EL1", /**/ 2n, /*     */ TRAPPED], // … EL0VCTEN
  ["CNTPCT_EL0", /*   */ "R", /**/ "", /* */ "CNTKCTL_EL1", /**/ 1n, /*     */ TRAPPED],
  ["CNTVCT_EL0", /*   */ "R", /**/ "", /* */ "CNTKCTL_EL1", /**/ 2n, /*     */ TRAPPED],
  ["CNTP_TVAL_EL0", /**/ "R", /**/ "W", /**/ "CNTKCTL_EL1", /**/ 1n << 9n, TRAPPED],
  ["CNTP_CTL_EL0", /* */ "R", /**/ "W", /**/ "CNTKCTL_EL1", /**/ 1n << 9n, TRAPPED],
  ["CNTP_CVAL_EL0", /**/ "R", /**/ "W", /**/ "CNTKCTL_EL1", /**/ 1n << 9n, TRAPPED],
  ["CNTV_TVAL_EL0", /**/ "R", /**/ "W", /**/ "CNTKCTL_EL1", /**/ 1n << 8n, TRAPPED],
  ["CNTV_CTL_EL0", /* */ "R", /**/ "W", /**/ "CNTKCTL_EL1", /**/ 1n << 8n, TRAPPED],
  ["CNTV_CVAL_EL0", /**/ "R", /**/ "W", /**/ "CNTKCTL_EL1", /**/ 1n << 8n, TRAPPED],
];

/** Register by register, with the columns as an object: a tuple with optional ends has no rows of one length. */
const CASES = ACCESS.map(([name, reads, writes, control, value, fault]) => ({ name, reads, writes, control, value, fault }));

/** All that a control can forbid, forbidden: TDCC set, everything else clear. */
const CLOSED: Readonly<Record<Control, bigint>> = { SCTLR_EL1: 0n, CNTKCTL_EL1: 0n, MDSCR_EL1: TDCC, CPACR_EL1: 0n };

function el0(control?: Control, value = 0n): ReturnType<typeof underTest> {
  const cpu = underTest();
  for (const [name, closed] of Object.entries(CLOSED)) cpu.write(name, control === name ? value : closed);
  cpu.enterEl0();
  return cpu;
}

const ended = (answer: bigint | number): number => (typeof answer === "bigint" ? DONE : answer);

describe("EL0", () => {
  it.each(CASES)("may use $name ($reads$writes) if $control is $value", ({ name, reads, writes, control, value }) => {
    expect(ended(el0(control, value).read(name))).toBe(reads === "" ? UNDEFINED : DONE);
    expect(el0(control, value).write(name, 0n)).toBe(writes === "" ? UNDEFINED : DONE);
  });

  const controlled = CASES.filter(({ control }) => control !== undefined);
  it.each(controlled)("may not use $name ($reads$writes) without leave", ({ name, reads, writes, fault }) => {
    expect(el0().read(name)).toBe(reads === "" ? UNDEFINED : fault);
    expect(el0().write(name, 0n)).toBe(writes === "" ? UNDEFINED : fault);
  });

  it("may use no other register, whatever the controls say", () => {
    const known = new Set([...ACCESS.map(([name]) => name), "DBGDTRTX_EL0"]);
    const { registers, write, enterEl0 } = underTest();
    write("SCTLR_EL1", 2n ** 64n - 1n);
    write("CNTKCTL_EL1", 2n ** 64n - 1n);
    write("CPACR_EL1", 2n ** 64n - 1n);
    enterEl0();
    const others = SYSTEM_REGISTERS.registers.filter(({ name }) => !known.has(name));
    expect(others.length).toBeGreaterThan(100);
    for (const { name, encoding } of others) {
      expect([name, registers.read(encoding, 0), registers.write(encoding, 0n, 0)]).toEqual([name, UNDEFINED, UNDEFINED]);
    }
  });

  it("changes nothing when it is trapped", () => {
    const cpu = el0();
    const { registers } = cpu;
    cpu.log.length = 0;
    const before = [registers.save(), cpu.timer.save()];
    for (const { encoding } of SYSTEM_REGISTERS.registers.filter(({ gate, fp }) => gate !== undefined || fp)) {
      registers.write(encoding, 2n ** 64n - 1n, 0);
      registers.read(encoding, 0);
    }
    expect([[registers.save(), cpu.timer.save()], cpu.log]).toEqual([before, []]);
  });

  it("sees in DCZID_EL0 whether it may use DC ZVA; EL1 always may", () => {
    const cpu = underTest();
    expect(cpu.read("DCZID_EL0")).toBe(4n);
    cpu.enterEl0();
    expect(cpu.read("DCZID_EL0")).toBe(0x14n);
    cpu.registers.write(SYSTEM_REGISTERS.registers.find(({ name }) => name === "SCTLR_EL1")!.encoding, SCTLR_RES1 | (1n << 14n), 1);
    expect(cpu.read("DCZID_EL0")).toBe(4n);
  });
});

describe("EL1", () => {
  it.each(["FPCR", "FPSR"])("is trapped at %s by FPEN 0 and 2, and not by 1 and 3, which EL0 is by 1", (name) => {
    const at = (fpen: bigint): readonly number[] => {
      const cpu = underTest();
      cpu.write("CPACR_EL1", fpen << 20n);
      const el1 = ended(cpu.read(name));
      cpu.enterEl0();
      return [el1, ended(cpu.read(name))];
    };
    expect([0n, 1n, 2n, 3n].map(at)).toEqual([
      [FP_TRAPPED_ACCESS, FP_TRAPPED_ACCESS],
      [DONE, FP_TRAPPED_ACCESS],
      [FP_TRAPPED_ACCESS, FP_TRAPPED_ACCESS],
      [DONE, DONE],
    ]);
  });

  it("is stopped by none of EL0's controls", () => {
    const { registers } = underTest();
    const gated = SYSTEM_REGISTERS.registers.filter(({ gate }) => gate !== undefined);
    const reads = gated.filter(({ access }) => access !== "WO").map(({ encoding }) => registers.read(encoding, 1));
    const writes = gated.filter(({ access }) => access !== "RO").map(({ encoding }) => registers.write(encoding, 0n, 1));
    expect([reads.length, new Set(reads.map((value) => typeof value))]).toEqual([14, new Set(["bigint"])]);
    expect([writes.length, new Set(writes)]).toEqual([10, new Set([DONE])]);
  });
});
