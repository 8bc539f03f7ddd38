/** Breakpoints, watchpoints and stepping: what matches, when nothing does, and the exceptions in their order. */
import { describe, expect, it } from "vitest";
import { ACCESS_UNPRIVILEGED, ACCESS_WRITE, accessOf } from "../ir/stmt.ts";
import { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, DAIF, EXCLUSIVE_ADDRESS, SP_SELECT, STATE_END, STEP_STATE } from "../state/layout.ts";
import {
  CONTEXTIDR_EL1, DBGBCR, DBGBVR, DBGWCR, DBGWVR, ELR_EL1, ESR_EL1, FAR_EL1, ID_AA64DFR0_EL1, MDSCR_EL1, OSDLR_EL1, OSLSR_EL1, SPSR_EL1,
  VBAR_EL1,
} from "../sysregs/slots.ts";
import { breakpointHit } from "./breakpoint-match.ts";
import { Debug } from "./debug.ts";
import { Exceptions } from "./exceptions.ts";
import { watchpointHit } from "./watchpoint-match.ts";

const PC = 0xffff_0000_0040_1000n;
const VBAR = 0xffff_0000_0008_0000n;
const SS = 1 << 21;
// MDSCR_EL1.
const [STEP, KDE, MDE] = [0x1, 0x2000, 0x8000];
// DBGBCR<n>_EL1 and DBGWCR<n>_EL1.
const EL1 = 0b011;
const EL0 = 0b101;
const BOTH = 0b111;
const BT = (type: number): number => type << 20;
const LBN = (n: number): number => n << 16;
const BAS = (select: number): number => select << 5;
const [LOAD, STORE] = [1 << 3, 2 << 3];
const WT = 1 << 20;
const MASK = (bits: number): number => bits << 24;

/** 6 breakpoints, the last 2 of which match contexts; 4 watchpoints; unlocked; at EL1 with D clear. */
function cpu(mdscr = MDE | KDE, el = 1): CpuState {
  const state = new CpuState(new ArrayBuffer(STATE_END));
  state.setSysreg(ID_AA64DFR0_EL1, 0x1030_5006n);
  state.setSysreg(MDSCR_EL1, BigInt(mdscr));
  state.setSysreg(VBAR_EL1, VBAR);
  state.i32[CURRENT_EL >> 2] = el;
  state.i32[SP_SELECT >> 2] = el;
  state.divertTo(PC);
  state.u64[EXCLUSIVE_ADDRESS >> 3] = 2n ** 64n - 1n;
  return state;
}

const words = (va: bigint): readonly [number, number] => [Number(BigInt.asIntN(32, va >> 32n)), Number(BigInt.asIntN(32, va))];

describe("a breakpoint (DDI 0487, D2.8)", () => {
  const set = (state: CpuState, n: number, control: number, value: bigint): void => {
    state.setSysreg(DBGBCR + n, BigInt(control >>> 0));
    state.setSysreg(DBGBVR + n, value);
  };

  //                                       EL  control           value             hit
  it.each([
    ["its address", 1, EL1 | BAS(0xf), PC, true],
    ["another address", 1, EL1 | BAS(0xf), PC + 4n, false],
    ["another upper word", 1, EL1 | BAS(0xf), PC ^ (1n << 33n), false],
    ["RESS bits do not count", 1, EL1 | BAS(0xf), PC & 0x1_ffff_ffff_ffffn, true],
    ["bit 48 counts", 1, EL1 | BAS(0xf), PC & 0xffff_ffff_ffffn, false],
    ["disabled", 1, EL1 & ~1, PC, false],
    ["for EL0 at EL1", 1, EL0, PC, false],
    ["for EL0 at EL0", 0, EL0, PC, true],
    ["for EL1 at EL0", 0, EL1, PC, false],
    ["for both", 0, BOTH, PC, true],
    ["for none: reserved", 1, 0b001, PC, false],
    ["HMC: reserved without EL2", 1, EL1 | (1 << 13), PC, false],
    ["SSC: reserved without EL3", 1, EL1 | (1 << 14), PC, false],
    ["mismatch: reserved", 1, EL1 | BT(4), PC, false],
    ["context, by a breakpoint that cannot", 1, EL1 | BT(2), 0x77n, false],
    ["linked context: only for who links to it", 1, EL1 | BT(3), 0x77n, false],
  ])("%s", (_name, el, control, value, hit) => {
    const state = cpu(MDE | KDE, el);
    state.setSysreg(CONTEXTIDR_EL1, 0x77n);
    set(state, 2, control, value);
    expect(breakpointHit(state, ...words(PC))).toBe(hit);
  });

  it("of the last two matches CONTEXTIDR_EL1, or lends its match to others", () => {
    const state = cpu();
    state.setSysreg(CONTEXTIDR_EL1, 0x77n);
    set(state, 4, EL1 | BT(2), 0x77n);
    expect(breakpointHit(state, ...words(PC))).toBe(true);
    set(state, 4, EL1 | BT(2), 0x78n);
    expect(breakpointHit(state, ...words(PC))).toBe(false);
    set(state, 4, 0, 0n);
    set(state, 0, EL1 | BT(1) | LBN(5), PC);
    expect(breakpointHit(state, ...words(PC))).toBe(false); // linked to one that is off
    set(state, 5, EL1 | BT(3), 0x77n);
    expect([breakpointHit(state, ...words(PC)), breakpointHit(state, ...words(PC + 4n))]).toEqual([true, false]);
    state.setSysreg(CONTEXTIDR_EL1, 0x78n);
    expect(breakpointHit(state, ...words(PC))).toBe(false);
    set(state, 0, EL1 | BT(1) | LBN(2), PC);
    set(state, 2, EL1 | BT(3), 0x78n); // not one that matches contexts
    expect(breakpointHit(state, ...words(PC))).toBe(false);
  });

  //                               EL  MDSCR       DAIF   OSLSR OSDLR  hit
  it.each([
    ["MDE", 1, KDE | MDE, 0, 0, 0, true],
    ["no MDE", 1, KDE, 0, 0, 0, false],
    ["EL1 without KDE", 1, MDE, 0, 0, 0, false],
    ["EL1 with D", 1, KDE | MDE, 0x200, 0, 0, false],
    ["EL0 needs neither", 0, MDE, 0x200, 0, 0, true],
    ["OS Lock", 0, MDE, 0, 2, 0, false],
    ["OS Double Lock", 0, MDE, 0, 0, 1, false],
  ])("needs: %s", (_name, el, mdscr, daif, oslsr, osdlr, hit) => {
    const state = cpu(mdscr, el);
    state.i32[DAIF >> 2] = daif;
    state.setSysreg(OSLSR_EL1, BigInt(oslsr));
    state.setSysreg(OSDLR_EL1, BigInt(osdlr));
    set(state, 0, BOTH, PC);
    expect(breakpointHit(state, ...words(PC))).toBe(hit);
  });
});

describe("a watchpoint (DDI 0487, D2.9)", () => {
  const VA = 0xffff_0000_1234_5000n;
  //                                    control                                     value      access at, bytes   hit
  it.each([
    ["all of a doubleword", BAS(0xff), 0n, 0n, 8, true],
    ["its last byte", BAS(0xff), 0n, 7n, 1, true],
    ["the byte behind", BAS(0xff), 0n, 8n, 1, false],
    ["an access that reaches into it", BAS(0xff), 0n, -3n, 4, true],
    ["an access that ends before it", BAS(0xff), 0n, -4n, 4, false],
    ["one byte", BAS(0x08), 0n, 3n, 1, true],
    ["beside one byte", BAS(0x08), 0n, 4n, 4, false],
    ["four bytes of a doubleword", BAS(0xf0), 0n, 3n, 1, false],
    ["four bytes of a doubleword, reached", BAS(0xf0), 0n, 3n, 2, true],
    ["a word", BAS(0x0f), 4n, 4n, 1, true],
    ["a word, upper half of BAS ignored", BAS(0xff), 4n, 8n, 4, false],
    ["a word, nothing selected", BAS(0xf0), 4n, 4n, 4, false],
    ["BAS in two runs", BAS(0x09), 0n, 0n, 8, false],
    ["BAS 0", BAS(0), 0n, 0n, 8, false],
    ["4 KiB", BAS(0xff) | MASK(12), 0n, 0xfffn, 1, true],
    ["4 KiB, behind", BAS(0xff) | MASK(12), 0n, 0x1000n, 1, false],
    ["4 KiB, address bits below ignored", BAS(0xff) | MASK(12), 0x123n & ~7n, 0n, 1, true],
    ["8 bytes by MASK", BAS(0xff) | MASK(3), 0n, 7n, 1, true],
    ["reserved MASK 1", BAS(0xff) | MASK(1), 0n, 0n, 8, false],
    ["reserved MASK 2", BAS(0xff) | MASK(2), 0n, 0n, 8, false],
    ["a block that DC ZVA zeroes", BAS(0xff), 0x38n, 0n, 64, true],
  ])("%s", (_name, control, offset, at, bytes, hit) => {
    const state = cpu();
    state.setSysreg(DBGWCR + 1, BigInt(control | EL1 | STORE));
    state.setSysreg(DBGWVR + 1, VA + offset);
    expect(watchpointHit(state, 1, ...words(VA + at), bytes, true)).toBe(hit);
  });

  //                                     control             EL  write  hit
  it.each([
    ["stores, by a load", EL1 | STORE, 1, false, false],
    ["loads, by a store", EL1 | LOAD, 1, true, false],
    ["loads, by a load", EL1 | LOAD, 1, false, true],
    ["both", EL1 | LOAD | STORE, 1, true, true],
    ["neither: reserved", EL1, 1, true, false],
    ["EL1's, by LDTR", EL1 | LOAD, 0, false, false],
    ["EL0's, by LDTR", EL0 | LOAD, 0, false, true],
    ["disabled", (EL1 | LOAD) & ~1, 1, false, false],
    ["linked to nothing", EL1 | LOAD | WT | LBN(5), 1, false, false],
    ["linked to a context", EL1 | LOAD | WT | LBN(4), 1, false, true],
  ])("for %s", (_name, control, el, write, hit) => {
    const state = cpu();
    state.setSysreg(CONTEXTIDR_EL1, 9n);
    state.setSysreg(DBGBCR + 4, BigInt(EL1 | BT(3)));
    state.setSysreg(DBGBVR + 4, 9n);
    state.setSysreg(DBGWCR, BigInt(control | BAS(0xff)));
    state.setSysreg(DBGWVR, VA);
    expect(watchpointHit(state, el, ...words(VA), 8, write)).toBe(hit);
  });

  it("at the end of the address space meets an access that wraps", () => {
    const state = cpu();
    state.setSysreg(DBGWCR, BigInt(EL1 | LOAD | BAS(0xff)));
    state.setSysreg(DBGWVR, 0n);
    expect([watchpointHit(state, 1, -1, -4, 8, false), watchpointHit(state, 1, -1, -8, 8, false)]).toEqual([true, false]);
  });

  it("takes its exception with the access's address and direction", () => {
    const { state, debug } = debugged();
    state.setSysreg(DBGWCR, BigInt(EL1 | STORE | BAS(0xff)));
    state.setSysreg(DBGWVR, VA);
    debug.changed();
    const access = accessOf(8, 8, ACCESS_WRITE);
    expect(debug.watchpointHit(...words(VA + 8n), access)).toBe(false);
    expect(debug.watchpointHit(...words(VA), access | ACCESS_UNPRIVILEGED)).toBe(false);
    expect(debug.watchpointHit(...words(VA - 1n), access)).toBe(true);
    expect([state.sysreg(ESR_EL1), state.sysreg(FAR_EL1), state.sysreg(ELR_EL1)]).toEqual([0xd600_0062n, VA - 1n, PC]);
  });
});

interface Debugged {
  readonly state: CpuState;
  readonly debug: Debug;
  readonly exceptions: Exceptions;
  readonly watching: boolean[];
  readonly execute: () => void;
}

function debugged(mdscr = MDE | KDE, el = 1, fetches = true): Debugged {
  const state = cpu(mdscr, el);
  const exceptions = new Exceptions(state, () => {});
  const watching: boolean[] = [];
  const debug = new Debug(state, exceptions, (on) => void watching.push(on), () => fetches);
  debug.load();
  return { state, debug, exceptions, watching, execute: () => state.divertTo(state.pc + 4n) };
}

describe("the debugged vCPU", () => {
  it("costs nothing while debugging is off, and says when it is on", () => {
    const { state, debug, watching } = debugged(0);
    expect([debug.active, debug.watching]).toEqual([false, false]);
    state.setSysreg(DBGBCR, BigInt(EL1));
    state.setSysreg(DBGWCR, BigInt(EL1 | LOAD | BAS(1)));
    debug.changed();
    expect([debug.active, debug.watching, watching]).toEqual([false, false, []]);
    state.setSysreg(MDSCR_EL1, BigInt(MDE | KDE));
    debug.changed();
    debug.changed();
    expect([debug.active, debug.watching, watching]).toEqual([true, true, [true]]);
    state.i32[DAIF >> 2] = 0x200;
    debug.changed();
    expect([debug.active, debug.watching]).toEqual([false, true]); // watching does not depend on PSTATE
    state.setSysreg(OSLSR_EL1, 2n);
    debug.changed();
    expect(watching).toEqual([true, false]);
  });

  it("stops at a breakpoint before the instruction", () => {
    const { state, debug, execute } = debugged();
    state.setSysreg(DBGBCR, BigInt(EL1));
    state.setSysreg(DBGBVR, PC + 4n);
    debug.changed();
    expect(debug.beforeInstruction()).toBe(true);
    execute();
    debug.afterInstruction();
    expect(debug.beforeInstruction()).toBe(false); // the handler runs with D set
    expect([state.sysreg(ESR_EL1), state.sysreg(ELR_EL1), state.pc]).toEqual([0xc600_0022n, PC + 4n, VBAR + 0x200n]);
  });

  it("leaves faults of the fetch their turn before a breakpoint", () => {
    const unmapped = debugged(MDE | KDE, 1, false);
    unmapped.state.setSysreg(DBGBCR, BigInt(EL1));
    unmapped.state.setSysreg(DBGBVR, PC);
    unmapped.debug.changed();
    expect([unmapped.debug.beforeInstruction(), unmapped.state.pc]).toEqual([true, PC]);
    const misaligned = debugged();
    misaligned.state.setSysreg(DBGBCR, BigInt(EL1));
    misaligned.state.setSysreg(DBGBVR, PC);
    misaligned.state.divertTo(PC + 2n);
    misaligned.debug.changed();
    expect([misaligned.debug.beforeInstruction(), misaligned.state.pc]).toEqual([true, PC + 2n]);
  });
});

describe("software step (DDI 0487, D2.12)", () => {
  /** The kernel's debugger, about to return to EL0 at PC. */
  function stepping(ss: number): Debugged {
    const machine = debugged(STEP, 1);
    const { state, debug, exceptions } = machine;
    state.i32[DAIF >> 2] = 0x3c0;
    state.setSysreg(SPSR_EL1, BigInt(ss));
    state.setSysreg(ELR_EL1, PC);
    debug.changed();
    expect(debug.active).toBe(false);
    exceptions.exceptionReturn();
    debug.changed();
    expect(debug.active).toBe(true);
    return machine;
  }

  it("executes one instruction, then takes its exception", () => {
    const { state, debug, execute } = stepping(SS);
    expect([debug.beforeInstruction(), state.el, state.i32[STEP_STATE >> 2]]).toEqual([true, 0, SS]);
    execute();
    debug.afterInstruction();
    expect(state.i32[STEP_STATE >> 2]).toBe(0);
    expect([debug.beforeInstruction(), state.el]).toEqual([false, 1]);
    expect([state.sysreg(ESR_EL1), state.sysreg(ELR_EL1), state.sysreg(SPSR_EL1)]).toEqual([0xcb00_0022n, PC + 4n, 0n]);
    expect(state.pc).toBe(VBAR + 0x400n);
  });

  it("tells a Load-Exclusive", () => {
    const { state, debug, execute } = stepping(SS);
    debug.beforeInstruction();
    state.u64[EXCLUSIVE_ADDRESS >> 3] = 0x4000_0000n;
    execute();
    debug.afterInstruction();
    debug.beforeInstruction();
    expect(state.sysreg(ESR_EL1)).toBe(0xcb00_0062n);
  });

  it("takes its exception at once when SPSR_EL1.SS was 0, and says that nothing was stepped", () => {
    const { state, debug } = stepping(0);
    debug.beforeInstruction();
    expect([state.sysreg(ESR_EL1), state.sysreg(ELR_EL1)]).toEqual([0xca00_0022n, PC]);
  });

  it("keeps SS when the instruction faults, so that it is stepped again", () => {
    const { state, debug, exceptions } = stepping(SS);
    debug.beforeInstruction();
    exceptions.takeDataAbort(0x07, 0, 0, accessOf(8, 8));
    debug.afterInstruction();
    expect([state.sysreg(SPSR_EL1), state.sysreg(ELR_EL1), state.i32[STEP_STATE >> 2]]).toEqual([BigInt(SS), PC, 0]);
    debug.changed();
    expect(debug.active).toBe(false); // not at EL1
    exceptions.exceptionReturn();
    debug.changed();
    expect([debug.beforeInstruction(), state.pc, state.i32[STEP_STATE >> 2]]).toEqual([true, PC, SS]);
  });

  it("ends behind an SVC, whose handler is not stepped", () => {
    const { state, debug, exceptions } = stepping(SS);
    debug.beforeInstruction();
    exceptions.takeSvc(0);
    debug.afterInstruction();
    expect([state.sysreg(SPSR_EL1), state.sysreg(ELR_EL1)]).toEqual([0n, PC + 4n]);
    exceptions.exceptionReturn();
    debug.changed();
    debug.beforeInstruction();
    expect([state.sysreg(ESR_EL1)! & 0xff00_0000n, state.sysreg(ELR_EL1)]).toEqual([0xca00_0000n, PC + 4n]);
  });

  it("comes before a breakpoint at the same instruction", () => {
    const { state, debug } = stepping(0);
    state.setSysreg(MDSCR_EL1, BigInt(STEP | MDE));
    state.setSysreg(DBGBCR, BigInt(EL0));
    state.setSysreg(DBGBVR, PC);
    debug.changed();
    debug.beforeInstruction();
    expect(state.sysreg(ESR_EL1)).toBe(0xca00_0022n);
  });
});
