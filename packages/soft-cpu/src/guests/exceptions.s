// Guests of exceptions.int.spec.ts: exceptions between EL0 and EL1, and back.
    .include "board.inc"

// SVC from EL0 comes back behind itself, flags and all.
    .global svc
svc:
    rounds
    to_el0 1f
1:  cmp xzr, xzr
svc_el0:
    svc #42
    cset x0, eq
    report x0
    to_el1
svc_el1:
    svc #0xffff
    mrs x0, currentel
    report x0
    again

// A handler takes an exception itself; what it has saved brings it back.
    .global nested
nested:
    rounds
    adr x0, nested_vectors
    msr vbar_el1, x0
    to_el0 1f
1:  mov x1, #0
nested_el0:
    svc #1
    adr x0, nested_handler
    sub x0, x1, x0
    report x0
    adr x0, vectors
    svc #2
    to_el1
    again

// Each stack pointer is its level's: SP_EL1 is selected on entry, and SP_EL0 again on return.
    .global stacks
stacks:
    rounds
    adr x0, stack_vectors
    msr vbar_el1, x0
    mov x0, #0x1100
    mov sp, x0
    mov x0, #0x2200
    msr sp_el0, x0
    msr spsel, #0
stacks_el1t:
    svc #1
    mov x0, sp
    report x0
    mov x0, #0x2300
    mov sp, x0
    msr spsel, #1
    mov x0, sp
    report x0
    mrs x0, sp_el0
    report x0
    to_el0 1f
1:  mov x0, sp
    report x0
    sub sp, sp, #0x10
stacks_el0:
    svc #2
    adr x0, vectors
    svc #3
    to_el1
    mov x0, sp
    report x0
    again

// SP_EL0 has no name of its own while it is SP.
    .global sp_el0_selected
sp_el0_selected:
    rounds
    msr spsel, #0
sp_el0_read:
    mrs x0, sp_el0
    msr sp_el0, x0
    msr spsel, #1
    again

// Returns to what is not there: PSTATE.IL, at the same level; the flags come from SPSR all the same.
    .global illegal_return
illegal_return:
    rounds
    adr x1, illegal_modes
    adr x2, 2f
1:  ldr w0, [x1], #4
    cbz w0, 3f
    msr spsr_el1, x0
    msr elr_el1, x2
    eret
illegal_target:
2:  mrs x0, nzcv
    report x0
    mrs x0, currentel
    report x0
    mrs x0, spsel
    report x0
    b 1b
3:  again
// EL2h, EL3h, EL0 with SP_EL1, a reserved mode, AArch32 User; NZCV 0101.
illegal_modes:
    .word 0x500003c9, 0x500003cd, 0x500003c1, 0x500003c6, 0x500003d0, 0

// SPSR_EL1.IL travels to EL0.
    .global illegal_at_el0
illegal_at_el0:
    rounds
    mov x0, #0x100000
    msr spsr_el1, x0
    adr x0, 1f
    msr elr_el1, x0
    eret
illegal_el0:
1:  mov x0, #9
    report x0
    to_el1
    again

// What is not allocated, not advertised, or not for this level.
    .global undefined
undefined:
    rounds
undefined_el1:
    udf #0
    smc #0
    .inst 0xdac10000        // PACIA X0, X0
    .inst 0xc8a07c01        // CAS X0, X1, [X0]
    .inst 0x4e284800        // AESE V0.16B, V0.16B
    .inst 0xd53c1100        // MRS X0, HCR_EL2
    .inst 0xd5180000        // MSR MIDR_EL1, X0
    .inst 0xd500409f        // MSR PAN, #0
    .inst 0xffffffff
    to_el0 1f
undefined_el0:
1:  eret
    hvc #0
    smc #0
    msr vbar_el1, x0
    mrs x0, id_aa64pfr0_el1
    mrs x0, currentel
    msr spsel, #0
    ic iallu
    tlbi vmalle1
    at s1e1r, x0
    mrs x0, S3_0_C15_C1_0   // of the interrupt controller, EL1's
    to_el1
    again

// EL1 lets EL0 have these or not: SCTLR_EL1 and CNTKCTL_EL1.
    .global traps
traps:
    rounds
    value x0, 0x30d00980    // UMA, DZE, UCT, nTWI, nTWE, UCI clear
    msr sctlr_el1, x0
    msr cntkctl_el1, xzr
    to_el0 1f
traps_el0:
1:  mrs x1, ctr_el0
    msr daifset, #2
    mrs x1, daif
    dc zva, x0
    dc cvau, x0
    ic ivau, x0
    wfi
    wfe
    mrs x1, cntvct_el0
    mrs x1, cntfrq_el0
    msr cntv_ctl_el0, x1
    to_el1
    value x0, 0x30d5d980    // all set, UCI too
    orr x0, x0, #0x04000000
    orr x0, x0, #0x200
    msr sctlr_el1, x0
    mov x0, #0x303
    msr cntkctl_el1, x0
    to_el0 2f
2:  mrs x1, ctr_el0
    msr daifset, #2
    mrs x1, daif
    report x1
    mrs x1, cntfrq_el0
    report x1
    adr x0, vectors
    dc cvau, x0
    ic ivau, x0
    to_el1
    again

    .global brk
brk:
    rounds
brk_el1:
    brk #0x1234
    to_el0 1f
brk_el0:
1:  brk #0xffff
    to_el1
    again

// A program counter that is not a multiple of 4, by a branch and by a return.
    .global pc_alignment
pc_alignment:
    rounds
    adr x0, pc_target
    add x0, x0, #2
    blr x0
pc_target:
    note 1
    add x0, x0, #1
    blr x0
    note 2
    adr x30, 2f
    msr elr_el1, x0
    mov x0, #0x3c5
    msr spsr_el1, x0
    eret
2:  note 3
    again

// CPACR_EL1.FPEN: 0b00 traps both levels, 0b01 EL0, 0b11 nobody.
    .global fp_trap
fp_trap:
    rounds
    msr cpacr_el1, xzr
    mov x1, #5
fp_off:
    fmov d0, x1
    mrs x2, fpcr
    ldr q1, [sp]
    mov x0, #0x100000
    msr cpacr_el1, x0
    fmov d0, x1
    to_el0 1f
fp_el0:
1:  fmov x2, d0
    msr fpsr, x2
    to_el1
    mov x0, #0x300000
    msr cpacr_el1, x0
    to_el0 2f
2:  fmov x2, d0
    report x2
    to_el1
    again

// Software step of EL0: plain, exclusive, branch, one that faults, then SVC.
    .global step
step:
    rounds
    msr oslar_el1, xzr
    mov x0, #1
    msr mdscr_el1, x0
    adr x2, step_word
    mov x0, #0x200000
    msr spsr_el1, x0
    adr x0, 1f
    msr elr_el1, x0
    eret
step_el0:
1:  mov x1, #1
    ldxr x3, [x2]
    clrex
    b 2f
    nop
2:  brk #1
    add x1, x1, #1
    to_el1
    report x1
    msr mdscr_el1, xzr
    again
    .balign 8
step_word:
    .quad 0

// Software step of EL1 begins where PSTATE.D is cleared by a return; DAIFSet ends it.
    .global step_el1
step_el1:
    rounds
    msr oslar_el1, xzr
    mov x0, #0x2001
    msr mdscr_el1, x0
    value x0, 0x2001c5
    msr spsr_el1, x0
    adr x0, 1f
    msr elr_el1, x0
    eret
stepped_el1:
1:  mov x1, #1
    msr daifset, #8
    add x1, x1, #1
    add x1, x1, #1
    msr mdscr_el1, xzr
    report x1
    again

// A breakpoint in EL0's code, in a loop that has run without it before.
    .global breakpoint
breakpoint:
    rounds
    msr oslar_el1, xzr
    msr mdscr_el1, xzr
    adr x2, breakpoint_here
    mov x0, #8
    to_el0 1f
1:  bl breakpoint_loop
    to_el1
    msr dbgbvr0_el1, x2
    mov x0, #0x1e5          // EL0, enabled
    msr dbgbcr0_el1, x0
    mov x0, #0x8000         // MDE
    msr mdscr_el1, x0
    mov x0, #8
    mov x1, #0
    bl breakpoint_loop      // EL1 is not concerned
    to_el0 2f
2:  mov x0, #8
    bl breakpoint_loop
    report x1
    to_el1
    again
breakpoint_loop:
    sub x0, x0, #1
breakpoint_here:
    add x1, x1, #1
    cbnz x0, breakpoint_loop
    ret

// A watchpoint on four bytes: of the accesses only the one that touches them, before it is made.
    .global watchpoint
watchpoint:
    rounds
    msr oslar_el1, xzr
    adr x2, watched
    str xzr, [x2]
    str xzr, [x2, #8]
    str xzr, [x2, #16]
    add x0, x2, #8
    msr dbgwvr0_el1, x0
    mov x0, #0x1f5          // bytes 3:0, stores, EL0
    msr dbgwcr0_el1, x0
    mov x0, #0x8000
    msr mdscr_el1, x0
    mov x1, #-1
    to_el0 1f
watched_el0:
1:  str x1, [x2]
    str w1, [x2, #12]
    ldr x3, [x2, #8]
    strb w1, [x2, #11]
    ldr x3, [x2, #8]
    report x3
    to_el1
    again
    .balign 8
watched:
    .quad 0, 0, 0

// An interrupt waits for its mask, and is taken behind the instruction that lifts it.
    .global masking
masking:
    rounds
    mov x0, #6
    enable_interrupts x0
    mov x0, #4
    select_fiq x0
    mov x0, #1
    send_sgi x0             // IRQ
    mrs x0, isr_el1
    report x0
    msr daifclr, #1
    note 1
    msr daifclr, #2
masking_irq:
    note 2
    msr daifset, #3
    mov x0, #2
    send_sgi x0             // FIQ
    mrs x0, isr_el1
    report x0
    msr daifclr, #2
    note 3
    msr daif, xzr
masking_fiq:
    note 4
    msr daifset, #3
    mov x0, #1
    send_sgi x0
    mov x0, #2
    send_sgi x0
    msr daif, xzr           // both: FIQ first, and then IRQ before another instruction
masking_both:
    note 5
    msr daifset, #15
    again

// An interrupt that waits is taken before the first instruction that ERET leads to; one that is raised, behind the instruction that did it.
    .global taken_at_once
taken_at_once:
    rounds
    mov x0, #2
    enable_interrupts x0
    mov x0, #1
    send_sgi x0
    to_el0 1f
once_el0:
1:  mov x0, #7
    report x0
    to_el1
    msr daifclr, #2
    mov x0, #1
    send_sgi x0
once_el1:
    add x0, x0, #1
    msr daifset, #2
    again

// WFI ends with an interrupt that is masked, and nothing is taken.
    .global masked_wake_up
masked_wake_up:
    rounds
    mov x0, #0x08000000
    enable_interrupts x0
    mrs x1, cntvct_el0
    add x1, x1, #1000
    msr cntv_cval_el0, x1
    mov x0, #1
    msr cntv_ctl_el0, x0
    wfi
    mrs x0, cntvct_el0
    cmp x0, x1
    cset x0, hs
    report x0
    mrs x0, isr_el1
    report x0
    msr daifclr, #2
wake_up_unmasked:
    note 1
    msr daifset, #2
    again

// Aborts of the bus leave the registers of their instruction alone, base registers too.
    .global external_abort
external_abort:
    rounds
    mov x1, #0x1000
    mov x2, #2
    mov x3, #3
external:
    ldr x2, [x1], #8
    ldp x2, x3, [x1, #16]!
    str x2, [x1, #-8]!
    ldr x1, [x1]
    ldr q0, [x1], #16
    stp x2, x3, [x1], #16
    report x1
    report x2
    report x3
    mov x0, x1
    blr x1
    again

    vector_table

    .balign 0x800, 0
nested_vectors:
    .balign 0x200, 0
    .space 0x200
    taken xzr                // EL1h
    mrs x1, elr_el1
    eret
    .balign 0x200, 0
    taken xzr                // EL0
    mrs x20, elr_el1
    mrs x21, spsr_el1
    cbnz x1, 1f
nested_handler:
    svc #3
    msr elr_el1, x20
    msr spsr_el1, x21
    eret
1:  msr vbar_el1, x0
    eret

    .balign 0x800, 0
stack_vectors:
    taken xzr                // EL1t
    b 1f
    .space 0x3f8
    taken xzr                // EL0
    mrs x27, esr_el1
    tst x27, #1
    b.eq 1f
    msr vbar_el1, x0
    eret
1:  mov x27, sp
    report x27
    mrs x27, sp_el0
    report x27
    mrs x27, daif
    report x27
    eret
