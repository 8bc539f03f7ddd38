/** Exceptions taken and returned from: vectors, PSTATE, stack pointers, syndromes and addresses, illegal returns, tags. */
import { describe, expect, it } from "vitest";
import { ACCESS_MAINTENANCE, ACCESS_WRITE, accessOf } from "../ir/stmt.ts";
import { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, DAIF, EXCLUSIVE_ADDRESS, PENDING_LINES, SP_SELECT, STATE_END, STEP_STATE } from "../state/layout.ts";
import { ELR_EL1, ESR_EL1, FAR_EL1, MDSCR_EL1, SP_EL0, SP_EL1, SPSR_EL1, TCR_EL1, VBAR_EL1 } from "../sysregs/slots.ts";
import { exceptionReturn, illegalExceptionReturn } from "./exception-return.ts";
import { Exceptions } from "./exceptions.ts";
import { fpExceptionSyndrome, hvcSyndrome, smcSyndrome, softwareStepSyndrome } from "./syndrome.ts";

const PC = 0xffff_8000_0001_2340n;
const PC_WORDS = [Number(PC >> 32n) | 0, Number(PC & 0xffff_ffffn) | 0] as const;
const VBAR = 0xffff_8000_0008_0800n;
const NONE = 0xdead_beefn;
const NZCV = 0x6000_0000;
const [SS, IL] = [1 << 21, 1 << 20];

type Mode = "EL0t" | "EL1t" | "EL1h";
const MODES: Readonly<Record<Mode, { readonly el: number; readonly sp: number; readonly bits: number }>> = {
  EL0t: { el: 0, sp: 0, bits: 0 },
  EL1t: { el: 1, sp: 0, bits: 4 },
  EL1h: { el: 1, sp: 1, bits: 5 },
};

/** At PC, with recognisable stack pointers: 0x5000 is SP_EL0, 0x5100 SP_EL1. */
function at(from: Mode, daif = 0): { state: CpuState; exceptions: Exceptions; levels: number[] } {
  const state = new CpuState(new ArrayBuffer(STATE_END));
  const { el, sp } = MODES[from];
  state.i32[CURRENT_EL >> 2] = el;
  state.i32[SP_SELECT >> 2] = sp;
  state.i32[DAIF >> 2] = daif;
  state.sp = sp === 1 ? 0x5100n : 0x5000n;
  state.setSysreg(sp === 1 ? SP_EL0 : SP_EL1, sp === 1 ? 0x5000n : 0x5100n);
  state.nzcv = NZCV;
  for (const slot of [ESR_EL1, FAR_EL1]) state.setSysreg(slot, NONE);
  state.setSysreg(VBAR_EL1, VBAR);
  state.divertTo(PC);
  const levels: number[] = [];
  return { state, exceptions: new Exceptions(state, () => void levels.push(state.el)), levels };
}

function modeOf(state: CpuState): string {
  return `EL${state.el}${state.el === 1 && state.spSelect === 1 ? "h" : "t"} SP ${state.sp.toString(16)}`;
}

describe("an exception to EL1 (DDI 0487, D1.10)", () => {
  //  from     vector offset of    sync    IRQ    FIQ   SError
  it.each<readonly [Mode, number, number, number, number]>([
    ["EL1t", 0x000, 0x080, 0x100, 0x180],
    ["EL1h", 0x200, 0x280, 0x300, 0x380],
    ["EL0t", 0x400, 0x480, 0x500, 0x580],
  ])("from %s goes to its group of vectors", (from, ...offsets) => {
    const take: ((exceptions: Exceptions, state: CpuState) => void)[] = [
      (exceptions) => exceptions.takeUndefined(),
      (exceptions, state) => {
        state.i32[PENDING_LINES >> 2] = 0x80;
        exceptions.takeInterrupt();
      },
      (exceptions, state) => {
        state.i32[PENDING_LINES >> 2] = 0x40;
        exceptions.takeInterrupt();
      },
      (exceptions) => exceptions.takeSError(),
    ];
    for (const [i, offset] of offsets.entries()) {
      const { state, exceptions, levels } = at(from);
      take[i]!(exceptions, state);
      expect(state.pc.toString(16)).toBe((VBAR + BigInt(offset)).toString(16));
      expect(modeOf(state)).toBe("EL1h SP 5100");
      expect(state.sysreg(ELR_EL1)).toBe(PC);
      expect(state.sysreg(SPSR_EL1)).toBe(BigInt(NZCV | MODES[from].bits));
      expect(state.daif).toBe(0x3c0);
      expect(state.nzcv).toBe(NZCV);
      expect(levels).toEqual([1]);
    }
  });

  it("keeps masks, SS and IL in SPSR_EL1 and clears the latter two", () => {
    const { state, exceptions } = at("EL1h", 0x140);
    state.i32[STEP_STATE >> 2] = SS | IL;
    exceptions.takeIllegalState(...PC_WORDS);
    expect(state.sysreg(SPSR_EL1)).toBe(BigInt(NZCV | SS | IL | 0x140 | 5));
    expect(state.i32[STEP_STATE >> 2]).toBe(0);
  });

  it("of both interrupts takes the one that is not masked, and FIQ first", () => {
    //                 lines  DAIF   vector
    for (const [lines, daif, offset] of [[0xc0, 0, 0x300], [0xc0, 0x40, 0x280], [0xc0, 0x80, 0x300]] as const) {
      const { state, exceptions } = at("EL1h", daif);
      state.i32[PENDING_LINES >> 2] = lines;
      exceptions.takeInterrupt();
      expect(state.pc).toBe(VBAR + BigInt(offset));
      expect([state.sysreg(ESR_EL1), state.sysreg(FAR_EL1)]).toEqual([NONE, NONE]);
    }
  });

  it("ignores VBAR_EL1[10:0] and strips a tag", () => {
    const { state, exceptions } = at("EL1h");
    state.setSysreg(VBAR_EL1, 0x12ff_8000_0008_0fffn);
    exceptions.takeUndefined();
    expect(state.pc).toBe(0x12ff_8000_0008_0a00n);
    state.setSysreg(TCR_EL1, 1n << 38n);
    exceptions.takeUndefined();
    expect(state.pc).toBe(0xffff_8000_0008_0a00n);
  });
});

describe("syndromes (DDI 0487, ESR_EL1)", () => {
  const ADDRESS = [0xffff_9000 | 0, 0x1234_5678] as const;
  const FAR = 0xffff_9000_1234_5678n;
  const store = accessOf(8, 8, ACCESS_WRITE);
  const load = accessOf(8, 8);
  const maintenance = accessOf(1, 1, ACCESS_MAINTENANCE);
  // MRS x7, CTR_EL0: op0 3, op1 3, CRn 0, CRm 0, op2 1
  const MRS = 0xd53b_0027;
  // MSR DAIF, x9: op0 3, op1 3, CRn 4, CRm 2, op2 1
  const MSR = 0xd51b_4229;
  // DC CVAC, x3: op0 1, op1 3, CRn 7, CRm 10, op2 1
  const SYS = 0xd50b_7a23;
  //                              from EL1      from EL0     FAR     ELR − PC
  it.each<readonly [string, (exceptions: Exceptions) => unknown, number, number, bigint, bigint]>([
    ["UNDEFINED", (e) => e.takeUndefined(), 0x0200_0000, 0x0200_0000, NONE, 0n],
    ["WFI", (e) => e.takeWaitTrap(false), 0x07e0_0000, 0x07e0_0000, NONE, 0n],
    ["WFE", (e) => e.takeWaitTrap(true), 0x07e0_0001, 0x07e0_0001, NONE, 0n],
    ["FP access", (e) => e.takeFpTrap(), 0x1fe0_0000, 0x1fe0_0000, NONE, 0n],
    ["illegal state", (e) => e.takeIllegalState(...PC_WORDS), 0x3a00_0000, 0x3a00_0000, NONE, 0n],
    ["SVC #0x123", (e) => e.takeSvc(0x123), 0x5600_0123, 0x5600_0123, NONE, 4n],
    ["MRS", (e) => e.takeSystemTrap(MRS), 0x6232_c0e1, 0x6232_c0e1, NONE, 0n],
    ["MSR", (e) => e.takeSystemTrap(MSR), 0x6232_d124, 0x6232_d124, NONE, 0n],
    ["SYS", (e) => e.takeSystemTrap(SYS), 0x6212_dc74, 0x6212_dc74, NONE, 0n],
    ["Instruction Abort, translation, level 3", (e) => e.takeInstructionAbort(0x07, ...PC_WORDS), 0x8600_0007, 0x8200_0007, PC, 0n],
    ["PC alignment", (e) => e.takePcAlignment(...PC_WORDS), 0x8a00_0000, 0x8a00_0000, PC, 0n],
    ["Data Abort, load, permission, level 2", (e) => e.takeDataAbort(0x0e, ...ADDRESS, load), 0x9600_000e, 0x9200_000e, FAR, 0n],
    ["Data Abort, store, alignment", (e) => e.takeDataAbort(0x21, ...ADDRESS, store), 0x9600_0061, 0x9200_0061, FAR, 0n],
    ["Data Abort, DC CVAC, translation, level 0", (e) => e.takeDataAbort(0x04, ...ADDRESS, maintenance), 0x9600_0144, 0x9200_0144, FAR, 0n],
    ["Data Abort, external", (e) => e.takeDataAbort(0x10, ...ADDRESS, load), 0x9600_0010, 0x9200_0010, FAR, 0n],
    ["SP alignment", (e) => e.takeSpAlignment(), 0x9a00_0000, 0x9a00_0000, NONE, 0n],
    ["SError", (e) => e.takeSError(0x100_0001), 0xbf00_0001, 0xbf00_0001, NONE, 0n],
    ["breakpoint", (e) => e.takeBreakpoint(), 0xc600_0022, 0xc200_0022, NONE, 0n],
    ["software step, nothing stepped", (e) => e.takeSoftwareStep(false, true), 0xce00_0022, 0xca00_0022, NONE, 0n],
    ["software step", (e) => e.takeSoftwareStep(true, false), 0xcf00_0022, 0xcb00_0022, NONE, 0n],
    ["software step of LDXR", (e) => e.takeSoftwareStep(true, true), 0xcf00_0062, 0xcb00_0062, NONE, 0n],
    ["watchpoint, load", (e) => e.takeWatchpoint(...ADDRESS, load), 0xd600_0022, 0xd200_0022, FAR, 0n],
    ["watchpoint, store", (e) => e.takeWatchpoint(...ADDRESS, store), 0xd600_0062, 0xd200_0062, FAR, 0n],
    ["BRK #0xf000", (e) => e.takeBrk(0xf000), 0xf200_f000, 0xf200_f000, NONE, 0n],
  ])("%s", (_name, take, fromEl1, fromEl0, far, beyond) => {
    for (const [from, esr] of [["EL1h", fromEl1], ["EL0t", fromEl0]] as const) {
      const { state, exceptions } = at(from);
      take(exceptions);
      expect(state.sysreg(ESR_EL1).toString(16)).toBe(esr.toString(16));
      expect(state.sysreg(FAR_EL1).toString(16)).toBe(far.toString(16));
      expect(state.sysreg(ELR_EL1)).toBe(PC + beyond);
    }
  });

  it("that nothing here takes by itself", () => {
    expect([hvcSyndrome(0x1_0002), smcSyndrome(3), fpExceptionSyndrome(0x8_0081)]).toEqual([0x5a00_0002, 0x5e00_0003, 0xb280_0081]);
    expect(softwareStepSyndrome(0, false, false)).toBe(0xca00_0022);
  });
});

describe("ERET (DDI 0487, AArch64.ExceptionReturn)", () => {
  const BACK = 0x40_1000n;
  function eret(from: Mode, spsr: number, prepare: (state: CpuState) => void = () => {}): CpuState {
    const { state } = at(from, 0x3c0);
    state.setSysreg(SPSR_EL1, BigInt(spsr >>> 0));
    state.setSysreg(ELR_EL1, BACK);
    prepare(state);
    exceptionReturn(state);
    return state;
  }

  //  from     M[4:0]   to
  it.each<readonly [Mode, number, string]>([
    ["EL1h", 0b00000, "EL0t SP 5000"],
    ["EL1h", 0b00100, "EL1t SP 5000"],
    ["EL1h", 0b00101, "EL1h SP 5100"],
    ["EL1t", 0b00000, "EL0t SP 5000"],
    ["EL1t", 0b00100, "EL1t SP 5000"],
    ["EL1t", 0b00101, "EL1h SP 5100"],
  ])("from %s with M %d", (from, m, to) => {
    const state = eret(from, 0x9000_0280 | m);
    expect([modeOf(state), state.pc, state.nzcv, state.daif, state.i32[STEP_STATE >> 2]]).toEqual([to, BACK, 0x9000_0000, 0x280, 0]);
  });

  it("has 3 legal modes and 29 illegal ones", () => {
    const legal = Array.from({ length: 32 }, (_, m) => m).filter((m) => !illegalExceptionReturn(0xffff_ffe0 | m));
    expect(legal).toEqual([0b00000, 0b00100, 0b00101]);
  });

  it("to an illegal mode keeps level and stack pointer, restores the rest and sets IL", () => {
    for (const m of [0b00001, 0b00010, 0b01000, 0b01001, 0b01100, 0b01101, 0b10000, 0b10011, 0b11111]) {
      for (const [from, stays] of [["EL1h", "EL1h SP 5100"], ["EL1t", "EL1t SP 5000"]] as const) {
        const state = eret(from, 0x5000_0040 | m);
        expect([modeOf(state), state.pc, state.nzcv, state.daif, state.i32[STEP_STATE >> 2]]).toEqual([stays, BACK, 0x5000_0000, 0x40, IL]);
      }
    }
  });

  it("brings back an IL that was saved", () => {
    const { state, exceptions } = at("EL1h");
    state.setSysreg(SPSR_EL1, BigInt(IL));
    exceptions.exceptionReturn();
    expect([modeOf(state), exceptions.illegalState()]).toEqual(["EL0t SP 5000", true]);
  });

  it("opens the exclusive monitor", () => {
    const state = eret("EL1h", 0, ({ u64 }) => void (u64[EXCLUSIVE_ADDRESS >> 3] = 0x4000_0000n));
    expect(state.u64[EXCLUSIVE_ADDRESS >> 3]).toBe(2n ** 64n - 1n);
  });

  //  TCR_EL1       ELR_EL1                   PC
  it.each([
    [0n, 0x5a00_0000_0040_1000n, 0x5a00_0000_0040_1000n],
    [1n << 37n, 0x5a00_0000_0040_1000n, 0x40_1000n],
    [1n << 38n, 0x5a00_0000_0040_1000n, 0x5a00_0000_0040_1000n],
    [1n << 38n, 0x5a80_0000_0040_1000n, 0xff80_0000_0040_1000n],
    [0n, 0x40_1002n, 0x40_1002n], // the fetch will find it misaligned
  ])("TCR_EL1 %d strips the tag of %d", (tcr, elr, pc) => {
    const state = eret("EL1h", 0, (s) => {
      s.setSysreg(TCR_EL1, tcr);
      s.setSysreg(ELR_EL1, elr);
    });
    expect(state.pc).toBe(pc);
  });

  //  MDSCR_EL1: SS, KDE    SPSR: mode, D, SS        D now   PSTATE.SS afterwards
  it.each([
    ["stepping off", 0x0000, 0, SS, 0x3c0, 0],
    ["to EL0", 0x0001, 0, SS, 0x3c0, SS],
    ["to EL0, nothing to step", 0x0001, 0, 0, 0x3c0, 0],
    ["to EL1 without KDE", 0x0001, 5, SS, 0x3c0, 0],
    ["to EL1 with KDE", 0x2001, 5, SS, 0x3c0, SS],
    ["to EL1 with KDE, D set there", 0x2001, 5 | 0x200, SS, 0x3c0, 0],
    ["from where stepping is on", 0x2001, 0, SS, 0, 0],
    ["illegal, stays at EL1 with KDE", 0x2001, 1, SS, 0x3c0, SS],
    ["illegal, stays at EL1 with KDE, D set there", 0x2001, 1 | 0x200, SS, 0x3c0, 0],
  ])("PSTATE.SS: %s", (_name, mdscr, m, ss, daif, expected) => {
    const state = eret("EL1h", m | ss, (s) => {
      s.setSysreg(MDSCR_EL1, BigInt(mdscr));
      s.i32[DAIF >> 2] = daif;
    });
    expect(state.i32[STEP_STATE >> 2]! & SS).toBe(expected);
  });
});

it("an exception and its return leave everything as it was", () => {
  for (const from of ["EL0t", "EL1t", "EL1h"] as const) {
    const { state, exceptions } = at(from, 0x140);
    const before = [modeOf(state), state.pstate, state.pc];
    exceptions.takeUndefined();
    state.sp -= 0x40n;
    state.sp += 0x40n;
    exceptions.exceptionReturn();
    expect([modeOf(state), state.pstate, state.pc]).toEqual(before);
  }
});
