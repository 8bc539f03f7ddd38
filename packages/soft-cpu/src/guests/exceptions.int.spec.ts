/**
 * The exception model on whole machines (Arm ARM DDI 0487, D1): what guests see of exceptions between EL0 and EL1. Sources in
 * exceptions.s, lines as in guest-port.fixture.ts.
 */
import { describe, expect, it } from "vitest";
import { exceptionsGuest } from "./exceptions.guest.fixture.ts";
import { ENGINES, playGuest } from "./guest-machine.fixture.ts";

const ROWS: readonly (readonly [does: string, guest: string, trace: readonly string[]])[] = [
  ["SVC returns behind itself, flags untouched", "svc", [
    "sync EL0 esr 5600002a at svc_el0+4",
    "1", //                                      Z is still set
    "sync EL1h esr 5600ffff at svc_el1+4",
    "4", //                                      CurrentEL
  ]],
  ["a handler may take an exception itself", "nested", [
    "sync EL0 esr 56000001 at nested_el0+4",
    "sync EL1h esr 56000003 at nested_handler+4",
    "4", //                                      ELR_EL1 of the inner one
    "sync EL0 esr 56000002 at nested_el0+24",
  ]],
  ["stack pointers are banked", "stacks", [
    "sync EL1t esr 56000001 at stacks_el1t+4",
    "1100", "2200", "3c0", //                    in the handler: SP, SP_EL0, DAIF
    "2200", "1100", "2300", //                   SP, then with SPSel 1, then SP_EL0
    "2300", //                                   SP at EL0
    "sync EL0 esr 56000002 at stacks_el0+4",
    "1100", "22f0", "3c0",
    "sync EL0 esr 56000003 at stacks_el0+12",
    "1100",
  ]],
  ["SP_EL0 is UNDEFINED by name while it is SP", "sp_el0_selected", [
    "sync EL1t esr 02000000 at sp_el0_read",
    "sync EL1t esr 02000000 at sp_el0_read+4",
  ]],
  ["an illegal return sets PSTATE.IL at the same level, and takes the flags", "illegal_return", Array.from({ length: 5 }, () => [
    "sync EL1h esr 3a000000 at illegal_target",
    "50000000", "4", "1", //                     NZCV, CurrentEL, SPSel
  ]).flat()],
  ["SPSR_EL1.IL comes with a legal return", "illegal_at_el0", [
    "sync EL0 esr 3a000000 at illegal_el0",
    "9",
  ]],
  ["what is not allocated, not advertised or not for the level is UNDEFINED", "undefined", [
    ...Array.from({ length: 9 }, (_, n) => `sync EL1h esr 02000000 at undefined_el1${n === 0 ? "" : `+${4 * n}`}`),
    ...Array.from({ length: 11 }, (_, n) => `sync EL0 esr 02000000 at undefined_el0${n === 0 ? "" : `+${4 * n}`}`),
  ]],
  ["EL1 traps what it does not grant, with the instruction in the syndrome", "traps", [
    "sync EL0 esr 6232c021 at traps_el0", //     MRS X1, CTR_EL0
    "sync EL0 esr 620cd3e4 at traps_el0+4", //   MSR DAIFSet
    "sync EL0 esr 6232d025 at traps_el0+8", //   MRS X1, DAIF
    "sync EL0 esr 6212dc08 at traps_el0+12", //  DC ZVA
    "sync EL0 esr 6212dc16 at traps_el0+16", //  DC CVAU
    "sync EL0 esr 6212dc0a at traps_el0+20", //  IC IVAU
    "sync EL0 esr 07e00000 at traps_el0+24", //  WFI; the WFE does not wait, as ERET was an event, so it is not trapped
    "sync EL0 esr 6234f821 at traps_el0+32", //  MRS X1, CNTVCT_EL0
    "sync EL0 esr 6230f821 at traps_el0+36", //  MRS X1, CNTFRQ_EL0
    "sync EL0 esr 6232f826 at traps_el0+40", //  MSR CNTV_CTL_EL0, X1
    "80", "3b9aca0", //                          granted: DAIF with I set; 62.5 MHz
  ]],
  ["BRK returns to itself", "brk", [
    "sync EL1h esr f2001234 at brk_el1",
    "sync EL0 esr f200ffff at brk_el0",
  ]],
  ["a misaligned program counter faults where it leads, by BLR and by ERET", "pc_alignment", [
    "sync EL1h esr 8a000000 far pc_target+2 at pc_target+2", "1",
    "sync EL1h esr 8a000000 far pc_target+3 at pc_target+3", "2",
    "sync EL1h esr 8a000000 far pc_target+3 at pc_target+3", "3",
  ]],
  ["CPACR_EL1.FPEN traps FP of both levels, of EL0, of nobody", "fp_trap", [
    "sync EL1h esr 1fe00000 at fp_off", //       FMOV
    "sync EL1h esr 1fe00000 at fp_off+4", //     MRS FPCR
    "sync EL1h esr 1fe00000 at fp_off+8", //     LDR Q1
    "sync EL0 esr 1fe00000 at fp_el0",
    "sync EL0 esr 1fe00000 at fp_el0+4",
    "5",
  ]],
  ["software step takes EL0 instruction by instruction", "step", [
    "sync EL0 esr cb000022 at step_el0+4", //    ISV, behind MOV
    "sync EL0 esr cb000062 at step_el0+8", //    EX: it was LDXR
    "sync EL0 esr cb000022 at step_el0+12", //   CLREX
    "sync EL0 esr cb000022 at step_el0+20", //   B
    "sync EL0 esr f2000001 at step_el0+20", //   BRK: its own exception, SPSR_EL1.SS stays 1
    "sync EL0 esr cb000022 at step_el0+28", 
    "2",
  ]],
  ["software step of EL1 begins with a return and ends where PSTATE.D is set", "step_el1", [
    "sync EL1h esr cf000022 at stepped_el1+4",
    "3",
  ]],
  ["a breakpoint hits at its level only, in code that was compiled without it", "breakpoint", [
    "sync EL0 esr c2000022 at breakpoint_here",
    "10",
  ]],
  ["a watchpoint hits before the access that touches its bytes", "watchpoint", [
    "sync EL0 esr d2000062 far watched+11 at watched_el0+12",
    "ffffffffff000000",
  ]],
  ["an interrupt waits for its own mask, FIQ comes before IRQ", "masking", [
    "80", //                                     ISR_EL1.I
    "1",
    "irq EL1h 1 at masking_irq",
    "2",
    "40", //                                     ISR_EL1.F
    "3",
    "fiq EL1h 2 at masking_fiq",
    "4",
    "fiq EL1h 2 at masking_both",
    "irq EL1h 1 at masking_both",
    "5",
  ]],
  ["an interrupt comes at once: before the first instruction after ERET, behind the one that raised it", "taken_at_once", [
    "irq EL0 1 at once_el0",
    "7",
    "irq EL1h 1 at once_el1",
  ]],
  ["WFI ends with a masked interrupt, which is taken when it is unmasked", "masked_wake_up", [
    "1", //                                      CNTVCT_EL0 has reached CVAL
    "80",
    "irq EL1h 27 at wake_up_unmasked",
    "1",
  ]],
  ["an external abort leaves all registers of its instruction as they were", "external_abort", [
    "sync EL1h esr 96000010 far 1000 at external", //      LDR X2, [X1], #8
    "sync EL1h esr 96000010 far 1010 at external+4", //    LDP X2, X3, [X1, #16]!
    "sync EL1h esr 96000050 far ff8 at external+8", //     STR X2, [X1, #-8]!: WnR
    "sync EL1h esr 96000010 far 1000 at external+12",
    "sync EL1h esr 1fe00000 at external+16", //            LDR Q0: the trap comes first
    "sync EL1h esr 96000050 far 1000 at external+20",
    "1000", "2", "3",
    "sync EL1h esr 86000010 far 1000 at 1000", //          and a fetch
  ]],
];

describe.each(ENGINES)("on the %s", (engine) => {
  it.each(ROWS)("%s", async (_, guest, trace) => {
    expect(await playGuest(exceptionsGuest, guest, { engine })).toEqual(trace);
  });
});
