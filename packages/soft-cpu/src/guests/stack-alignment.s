// Guests of stack-alignment.int.spec.ts: what SCTLR_EL1.SA and SA0 make of a stack pointer that is no multiple of 16. The MMU is off.
    .include "board.inc"

    .equ SA, 8
    .equ SA0, 16

// X9: a place for data, a multiple of 16.
.macro area
    value x9, 0x40100000
.endm

// SCTLR_EL1 with these of SA and SA0.
.macro check bits
    value x28, 0x30d50980 | \bits
    msr sctlr_el1, x28
.endm

// Loads and stores by SP, one of each kind, with writeback and without.
.macro accesses
    ldr x1, [sp]
    str x1, [sp, #8]
    ldrsb w1, [sp, #1]
    ldr x1, [sp, x2]
    ldr x1, [sp, w2, uxtw #3]
    ldr x1, [sp], #8
    ldr x1, [sp], #16
    str x1, [sp, #-8]!
    str x1, [sp, #-16]!
    ldur x1, [sp, #-8]
    ldtr x1, [sp]
    sttr x1, [sp]
    ldp x1, x3, [sp]
    stp x1, x3, [sp, #-16]!
    ldpsw x1, x3, [sp], #8
    ldnp x1, x3, [sp]
    ldxr x1, [sp]
    stxr w1, x3, [sp]
    ldaxp x1, x3, [sp]
    stlxp w1, x3, x4, [sp]
    ldar x1, [sp]
    stlrb w1, [sp]
    ldr d0, [sp, #8]
    str q0, [sp]
    ldp q0, q1, [sp], #32
    ld1 {v0.16b}, [sp]
    st4 {v0.4s-v3.4s}, [sp], #64
    ld1 {v0.b}[3], [sp], x2
    ld2r {v0.2d, v1.2d}, [sp]
.endm

// What is no load or store by SP.
.macro others
    prfm pldl1keep, [sp, #8]
    prfum pldl1keep, [sp, #1]
    prfm pldl1keep, [sp, x2]
    ldr x5, [x9]
    ldr x5, vectors
    ldxr x5, [x9]
    mov x5, sp
    dc zva, xzr
.endm

// Nothing has happened: SP, registers, memory and monitor are as they were.
.macro untouched
    mov x5, sp
    sub x5, x5, x9
    report x5
    report x1
    report x3
    mov x5, v0.d[0]
    report x5
    ldr x5, [x9, #8]
    report x5
.endm

.macro prepare
    mov x1, #0x11
    mov x2, #0
    mov x3, #0x33
    mov x4, #0x44
    movi v0.16b, #0x55
    mov x5, #0x66
    str x5, [x9, #8]
.endm

// Each kind of access at EL1. DC ZVA at EL1 is of address 0, where nothing is: its abort shows that others come through.
    .global el1
el1:
    rounds
    area
    mov x0, #0x300000
    msr cpacr_el1, x0
    check SA
    prepare
    add sp, x9, #8
el1_accesses:
    accesses
el1_others:
    others
    untouched
    mov sp, x9
    ldr x1, [sp, #8]
    report x1
    again

// And at EL0.
    .global el0
el0:
    rounds
    area
    mov x0, #0x300000
    msr cpacr_el1, x0
    check SA0 | 0x4000              // DZE
    prepare
    add x0, x9, #8
    msr sp_el0, x0
    to_el0 1f
1:
el0_accesses:
    accesses
el0_others:
    others
    untouched
    mov sp, x9
    ldr x1, [sp, #8]
    report x1
    to_el1
    again

// Each level has its own bit, which is looked at with the next instruction.
    .global enables
enables:
    rounds
    area
    check SA | SA0
    add x0, x9, #8
    msr sp_el0, x0
    mov sp, x0
enables_both:
    ldr x1, [sp]
    check SA0
    ldr x1, [sp]
    str x1, [sp, #-8]!
    ldp x1, x2, [sp], #8
    to_el0 1f
enables_sa0:
1:  ldr x1, [sp]
    to_el1
    check SA
enables_sa:
    ldr x1, [sp]
    to_el0 2f
2:  ldr x1, [sp]
    str x1, [sp], #8
    str x1, [sp], #-8
    to_el1
    check 0
    ldr x1, [sp]
    to_el0 3f
3:  ldr x1, [sp]
    to_el1
    value x0, 0x30d50988
    msr sctlr_el1, x0
enables_at_once:
    ldr x1, [sp]
    again

// SP_EL0 at EL1 is EL1's business; the two ways of selecting it, and entry and return, choose what is looked at.
    .global banked
banked:
    rounds
    area
    check SA
    mov sp, x9
    add x0, x9, #8
    msr sp_el0, x0
    ldr x1, [sp]
    msr spsel, #0
banked_el1t:
    ldr x1, [sp]                    // handled with SP_EL1, which is aligned
    str x1, [sp, #-16]!
    msr spsel, #1
    ldr x1, [sp]
    mov x0, #0
    msr spsel, x0
banked_register:
    ldr x1, [sp]
    mov x0, #1
    msr spsel, x0
    ldr x1, [sp]
    add sp, x9, #24                 // now the other way round
    msr sp_el0, x9
    msr spsel, #0
    ldr x1, [sp]
    msr spsel, #1
    mov x0, #0x3c4
    msr spsr_el1, x0
    adr x0, 1f
    msr elr_el1, x0
    eret
1:  ldr x1, [sp]                    // EL1t, by a return
    adr x0, stack_vectors
    msr vbar_el1, x0
    svc #1                          // its handler accesses memory by SP_EL1
    adr x0, vectors
    msr vbar_el1, x0
    msr spsel, #1
    again

// Each kind of instruction that writes SP, misaligning it. X10: the area, misaligned.
.macro misalign instruction:vararg
    mov sp, x9
    \instruction
    ldr x1, [sp]
    add x12, x12, #1
.endm
    .global writers
writers:
    rounds
    area
    mov x0, #0x300000
    msr cpacr_el1, x0
    check SA
    add x10, x9, #8
    mov x11, #8
    mov x12, #0
    str xzr, [x9]
writers_here:
    misalign mov sp, x10
    misalign add sp, sp, #8
    misalign sub sp, sp, #8
    misalign add wsp, w9, #8
    misalign orr sp, x9, #8
    misalign eor sp, x9, #8
    misalign and sp, x10, #0xfffffffffffffff8
    misalign add sp, sp, x11
    misalign sub sp, x9, x11
    misalign add sp, x9, w11, uxtw
    misalign add wsp, wsp, w11
    misalign ldr x1, [sp], #8
    misalign str x11, [sp, #-8]!
    misalign ldp w1, w2, [sp], #8
    misalign stp w1, w2, [sp, #-8]!
    misalign ldr d1, [sp], #8
    misalign str d1, [sp, #-8]!
    misalign ld1 {v1.8b}, [sp], #8
    misalign st1 {v1.16b}, [sp], x11
    misalign ld1 {v1.d}[1], [sp], #8
    misalign ld1r {v1.2d}, [sp], #8
    report x12
    again

// An instruction that misaligns SP is complete, and those that run on need not care.
    .global goes_on
goes_on:
    rounds
    area
    check SA
    mov x0, #3
    str x0, [x9]
    mov x1, #0
    mov sp, x9
    ldr x1, [sp], #8
    report x1
    mov x2, #0
    mov x3, #50
1:  ldr x4, [x9]
    add x2, x2, x4
    bl 2f
    sub x3, x3, #1
    cbnz x3, 1b
    report x2
    mov x4, sp
    sub x4, x4, x9
    report x4
goes_on_here:
    str x2, [sp, #-8]
    add sp, sp, #8
    str x2, [sp]
    again
2:  add x2, x2, #1
    ret

// The handler aligns SP, and the access is made.
    .global recovers
recovers:
    rounds
    area
    check SA
    adr x0, stack_vectors
    msr vbar_el1, x0
    mov x0, #0x77
    str x0, [x9]
    str x0, [x9, #16]
    add sp, x9, #16
    mov x3, #3
1:  add sp, sp, #8
    ldr x1, [sp], #-16
    report x1
    add sp, sp, #16
    sub x3, x3, #1
    cbnz x3, 1b
    mov x1, sp
    sub x1, x1, x9
    report x1
    adr x0, vectors
    msr vbar_el1, x0
    again

// What comes before, and what comes after it.
    .global priorities
priorities:
    rounds
    area
    check SA
    mov x0, #0x1008                 // nothing is there
    mov sp, x0
    msr cpacr_el1, xzr
priorities_here:
    ldr x1, [sp]                    // not the Data Abort
    ldr x1, [sp, #3]                // nor its alignment
    .inst 0xc8a07fe1                // CAS X0, X1, [SP]: UNDEFINED
    ldr q0, [sp]                    // the trap of FP
    mov x0, #0x300000
    msr cpacr_el1, x0
priorities_fp:
    ldr q0, [sp]
    value x0, 0x1003c5              // PSTATE.IL
    msr spsr_el1, x0
    adr x0, 1f
    msr elr_el1, x0
    eret
priorities_il:
1:  ldr x1, [sp]
    msr oslar_el1, xzr
    adr x0, 2f
    msr dbgbvr0_el1, x0
    mov x0, #0x1e3                  // a breakpoint for EL1
    msr dbgbcr0_el1, x0
    mov x0, #0xa000                 // MDE, KDE
    msr mdscr_el1, x0
    mov x0, #0x1c5                  // D clear
    msr spsr_el1, x0
    adr x0, 2f
    msr elr_el1, x0
    eret
priorities_breakpoint:
2:  ldr x1, [sp]
    adr x30, 3f
    mov x0, #0x2000                 // the fetch
    br x0
3:  note 1
    msr dbgbcr0_el1, xzr
    mov sp, x9
    again

// Software step over one that faults: SPSR_EL1.SS is still set, and the next step comes behind it.
    .global step
step:
    rounds
    area
    check SA0
    msr oslar_el1, xzr
    mov x0, #1
    msr mdscr_el1, x0
    add x0, x9, #8
    msr sp_el0, x0
    mov x0, #0x200000
    msr spsr_el1, x0
    adr x0, 1f
    msr elr_el1, x0
    eret
step_el0:
1:  mov x1, #1
    ldr x1, [sp]
    add x1, x1, #1
    to_el1
    report x1
    msr mdscr_el1, xzr
    again

// Linux looks in each exception whether its stack has overflowed: X0 is added to SP and taken away again. Nobody accesses memory
// meanwhile but the handlers of a timer that comes now and then; those find SP as it is, and count in X20. X21: what they do by SP faults.
    .global passing
passing:
    rounds
    area
    check SA
    adr x0, passing_vectors
    msr vbar_el1, x0
    mov sp, x9
    mov x20, #0
    mov x21, #0
    mov x22, #0
    mov x23, #0
    mov x24, #60
    mov x0, #0x08000000
    enable_interrupts x0
    mrs x1, cntvct_el0
    add x1, x1, #3
    msr cntv_cval_el0, x1
    mov x0, #1
    msr cntv_ctl_el0, x0
    msr daifclr, #2
1:  add x0, x24, #0x1000
    add sp, sp, x0
    sub x0, sp, x0
    tbnz x0, #14, 2f
    sub x0, sp, x0
    sub sp, sp, x0
    str x0, [sp, #-16]!
    add sp, sp, #16
    sub x24, x24, #1
    cbnz x24, 1b
    msr daifset, #2
    mov x0, #3
    msr cntv_ctl_el0, x0
    report x22                      // interrupts
    report x20                      // that found SP misaligned
    report x21                      // faults
    mov x0, sp
    sub x0, x0, x9
    report x0
    cmp x23, #0
    cset x0, ne
    report x0
    again
2:  msr tpidr_el0, x0
    sub x0, sp, x0
    mov sp, x9
    note 0xbad
    again

// Code through which SP only passes is written where it has not been yet: an access by SP stands there then.
    .global patched
patched:
    rounds
    area
    check SA
    adr x5, patched_code
    ldr w6, patch
    mov x7, #0x7
    str x7, [x9, #8]
    mov sp, x9
    mov x3, #0
    mov x0, #8
    mov x1, #20
1:  bl pass                         // 20 times the one way
    sub x1, x1, #1
    cbnz x1, 1b
    report x3
    ldr w8, [x5]
    str w6, [x5]
    ic ivau, x5
    isb
    bl pass                         // the other way
    report x3
    str w8, [x5]
    ic ivau, x5
    isb
    bl pass
    report x3
    again
patch:
    ldr x3, [sp]
    .balign 64
pass:
    add sp, sp, x0
    cbz x1, 2f
    sub sp, sp, x0
    add x3, x3, #1
    ret
    .balign 64
    .space 64
2:
patched_code:
    add x3, x3, #2
    sub sp, sp, x0
    ret

// Two vCPUs: one with a misaligned SP that does not use it for long, one that uses an aligned one all the time.
    .global two
two:
    area
    adr x0, vectors
    msr vbar_el1, x0
    check SA
    add x10, x9, #64                // a flag
    mrs x0, mpidr_el1
    tbnz w0, #0, 3f
    mov sp, x9
    mov x3, #300
1:  str x3, [sp, #-16]!
    ldr x4, [sp], #16
    sub x3, x3, #1
    cbnz x3, 1b
2:  ldr x4, [x10]
    cbz x4, 2b
    mov x0, sp
    sub x0, x0, x9
    report x0
    power_off
3:  add sp, x9, #40
    mov x3, #100
4:  sub x3, x3, #1
    eor x4, x3, x4
    cbnz x3, 4b
two_misaligned:
    ldr x4, [sp]
    mov x0, sp
    sub x0, x0, x9
    report x0
    mov x4, #1
    str x4, [x10]
5:  b 5b

// The vector itself accesses memory by a misaligned SP.
    .global own_vector
own_vector:
    area
    check SA
    adr x0, own_vectors
    msr vbar_el1, x0
    add sp, x9, #8
    ldr x1, [sp]
    b .

    vector_table

// Of EL1t and EL1h: SP alignment faults are answered by aligning SP, others return; the trace has them all, and what SP was.
    .balign 0x800, 0
stack_vectors:
    .rept 2
    .balign 0x200, 0
    taken xzr
    mrs x27, esr_el1
    lsr x27, x27, #26
    cmp x27, #0x26
    b.ne 1f
    mov x27, sp
    sub x28, x27, x9
    report x28
    and sp, x27, #0xfffffffffffffff0
    eret
1:  mrs x24, elr_el1
    mrs x25, spsr_el1
    str x27, [sp, #-16]!
    add sp, sp, #16
    msr elr_el1, x24
    msr spsr_el1, x25
    eret
    .endr

// Of EL1h: interrupts count, and use the stack as they find it.
    .balign 0x800, 0
passing_vectors:
    .space 0x200
    mrs x28, esr_el1
    lsr x28, x28, #26
    cmp x28, #0x26
    cset x28, ne
    add x23, x23, x28
    add x21, x21, #1
    mrs x28, elr_el1
    add x28, x28, #4
    msr elr_el1, x28
    eret
    .balign 0x80, 0
    acknowledge x28
    end_of_interrupt x28
    mrs x1, cntvct_el0
    add x1, x1, #2
    msr cntv_cval_el0, x1
    add x22, x22, #1
    mov x1, sp
    tst x1, #15
    cinc x20, x20, ne
    mrs x25, elr_el1
    mrs x27, spsr_el1
    ldr xzr, [sp]
    msr elr_el1, x25
    msr spsr_el1, x27
    eret

    .balign 0x800, 0
own_vectors:
    .space 0x200
    ldr x1, [sp]
    b .
