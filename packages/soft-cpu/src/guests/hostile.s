// Guests of hostile.int.spec.ts: one that launches whatever the test has put into memory, and some that do one bad thing for ever.
    .include "board.inc"

    .equ PARAMETERS, 0x40070000

// System registers and general-purpose registers from PARAMETERS, then ERET: to any code at any level in any state.
    .global launch
launch:
    value x29, PARAMETERS
    ldp x0, x1, [x29]
    msr vbar_el1, x0
    msr cpacr_el1, x1
    ldp x0, x1, [x29, #16]
    msr spsr_el1, x0
    msr elr_el1, x1
    msr tpidr_el1, x1
    ldp x0, x1, [x29, #32]
    msr mair_el1, x0
    msr tcr_el1, x1
    ldp x0, x1, [x29, #48]
    msr ttbr0_el1, x0
    msr ttbr1_el1, x1
    ldp x28, x0, [x29, #64]
    msr sp_el0, x0
    mov sp, x0
    add x29, x29, #80
    ldp x0, x1, [x29]
    ldp x2, x3, [x29, #16]
    ldp x4, x5, [x29, #32]
    ldp x6, x7, [x29, #48]
    ldp x8, x9, [x29, #64]
    ldp x10, x11, [x29, #80]
    ldp x12, x13, [x29, #96]
    ldp x14, x15, [x29, #112]
    ldp x16, x17, [x29, #128]
    ldp x18, x19, [x29, #144]
    ldp x20, x21, [x29, #160]
    ldp x22, x23, [x29, #176]
    ldp x24, x25, [x29, #192]
    ldp x26, x27, [x29, #208]
    ldp x29, x30, [x29, #224]
    msr sctlr_el1, x28
    isb
    eret

// An exception in the second instruction of its own vector.
    .global vector_loop
vector_loop:
    adr x0, looping_vectors
    msr vbar_el1, x0
    svc #0

// A device, as fast as can be.
    .global device_storm
device_storm:
    value x1, 0x09000000
1:  ldr w0, [x1]
    str w0, [x1, #4]
    b 1b

// An interrupt whose handler raises the next.
    .global interrupt_storm
interrupt_storm:
    adr x0, storm_vectors
    msr vbar_el1, x0
    mov x1, #2
    enable_interrupts x1
    mov x1, #1
    send_sgi x1
    msr daifclr, #2
1:  b 1b

// Each turn stores into its own line, and so throws its page away.
    .global store_storm
store_storm:
    adr x1, 1f
    ldr w2, [x1]
1:  add x3, x3, #1
    str w2, [x1]
    b 1b

// TLBI of everything, and a walk for each access.
    .global tlbi_storm
tlbi_storm:
    value x1, 0x40100000
1:  tlbi vmalle1is
    ldr x0, [x1]
    b 1b

// Calls a page of code and patches it, each turn.
    .global patch_storm
patch_storm:
    value x9, 0x40100000
    value x1, 0xd65f03c0
1:  str w1, [x9]
    blr x9
    b 1b

// A timer that is always due.
    .global timer_storm
timer_storm:
    adr x0, timer_vectors
    msr vbar_el1, x0
    mov x1, #0x08000000
    enable_interrupts x1
    msr cntv_cval_el0, xzr
    mov x0, #1
    msr cntv_ctl_el0, x0
    msr daifclr, #2
1:  b 1b

// PSCI without end: SYSTEM_RESET as the first thing.
    .global reset_storm
reset_storm:
    movz x0, #0x8400, lsl #16
    movk x0, #9
    hvc #0
1:  b 1b

// vCPU 1 on and off and on.
    .global power_storm
power_storm:
1:  movz x0, #0xc400, lsl #16
    movk x0, #3
    mov x1, #1
    adr x2, 2f
    hvc #0
    yield
    b 1b
2:  movz x0, #0x8400, lsl #16
    movk x0, #2
    hvc #0

// Reads of counters, exits of system registers, hypercalls that nobody knows.
    .global exit_storm
exit_storm:
    adr x0, skipping_vectors
    msr vbar_el1, x0
1:  mrs x1, cntvct_el0
    mrs x1, S3_0_C15_C1_0
    mrs x2, S3_0_C15_C7_7
    mov x0, #0x1234
    hvc #0xffff
    b 1b

    .balign 0x800, 0
skipping_vectors:
    .rept 16
    .balign 0x80, 0
    mrs x28, esr_el1
    lsr x28, x28, #26
    sub x28, x28, #0x20
    cmp x28, #2
    b.ls returns_nearby
    mrs x28, elr_el1
    add x28, x28, #4
    msr elr_el1, x28
    eret
    .endr
// A fetch that failed goes on further down in the code, each time a little further: where is in TPIDR_EL1.
returns_nearby:
    mrs x28, tpidr_el1
    add x28, x28, #12
    msr tpidr_el1, x28
    msr elr_el1, x28
    eret

    .balign 0x800, 0
looping_vectors:
    .rept 16
    .balign 0x80, 0
    nop
    udf #0
    .endr

    .balign 0x800, 0
storm_vectors:
    .space 0x280
    acknowledge x28
    send_sgi x1
    end_of_interrupt x28
    eret

    .balign 0x800, 0
timer_vectors:
    .space 0x280
    acknowledge x28
    end_of_interrupt x28
    eret
