// The guest of snapshot.int.spec.ts and determinism.int.spec.ts: two vCPUs that do a little of everything: EL0, FP, timers, SGIs,
// exclusives, MMIO, code that is patched, pages that move. X24 is how many turns vCPU 0 makes; reports are sums over all before.
    .include "board.inc"

    .equ DATA, 0x40100000
    .equ CODE, 0x40110000
    .equ DEVICE, 0x09000000

.macro mmu_on
    value x28, 0x04ff
    msr mair_el1, x28
    value x28, 0x1280900010
    msr tcr_el1, x28
    value x28, 0x40000000
    msr ttbr0_el1, x28
    isb
    mrs x28, sctlr_el1
    orr x28, x28, #1
    msr sctlr_el1, x28
    isb
    mov x28, #0x300000
    msr cpacr_el1, x28
    adr x28, mixed_vectors
    msr vbar_el1, x28
.endm

    .global mixed
mixed:
    mmu_on
    movz w0, #0xc400, lsl #16       // CPU_ON of vCPU 1
    movk w0, #3
    mov x1, #1
    adr x2, second
    mov x3, #0
    hvc #0
    value x0, 0x08000020            // virtual timer, INTID 5
    enable_interrupts x0
    mrs x0, cntvct_el0
    add x0, x0, #40
    msr cntv_cval_el0, x0
    mov x0, #1
    msr cntv_ctl_el0, x0
    mov x20, #0                     // the sum
    mov x21, #0                     // interrupts taken
    fmov d8, #1.0
    fmov d9, #0.375
    msr daifclr, #3
turn:
    // EL0: floating point, flags, a word of its own page
    msr daifset, #3
    msr spsr_el1, xzr
    adr x0, in_el0
    msr elr_el1, x0
    eret
in_el0:
    fmul d10, d8, d9
    fadd d8, d10, d9
    fsqrt d11, d8
    fmov x1, d11
    add x20, x20, x1, lsr #32
    subs x2, x20, x24
    cset x3, hi
    adc x20, x20, x3
    value x4, 0x10000000
    ldr x5, [x4, #8]
    add x5, x5, x20
    str x5, [x4, #8]
    svc #1
    // Code that changes
    value x9, CODE
    and x1, x24, #63
    mov w2, #0
    movk w2, #0xd280, lsl #16
    orr w2, w2, w1, lsl #5
    str w2, [x9]
    value x3, 0xd65f03c0
    str w3, [x9, #4]
    blr x9
    add x20, x20, x0
    // What both count
    value x9, DATA
1:  ldaxr x1, [x9]
    add x1, x1, #1
    stlxr w2, x1, [x9]
    cbnz w2, 1b
    // A device
    value x10, DEVICE
    str w20, [x10, #4]
    ldrh w1, [x10, #6]
    add x20, x20, x1
    and x1, x24, #7
    cbnz x1, 2f
    mov x1, #0x105                  // SGI 5 to vCPU 1
    send_sgi x1
    report x20
    cmp x24, #16
    b.ne 2f
    wfi
2:  sub x24, x24, #1
    cbnz x24, turn
    msr daifset, #15
    report x21
    report x20
    ldr x1, [x9]
    report x1
    value x4, 0x10000000
    ldr x1, [x4, #8]
    report x1
    power_off

// vCPU 1: sleeps until it is sent for, then moves the page that it and vCPU 0 write to between two places.
second:
    mmu_on
    mov x0, #0x20
    enable_interrupts x0
    value x9, DATA
    value x10, 0x10000000
    mov x20, #0
    mov x21, #0
3:  wfi
    msr daifclr, #2
    msr daifset, #2
    ldr x11, [x9, #0x100]           // address of the page's descriptor
    ldr x12, [x11]
    eor x12, x12, #0x1000
    ldr x13, [x10, #8]
    str x12, [x11]
    dsb ish
    lsr x14, x10, #12
    tlbi vaae1is, x14
    str x13, [x10, #8]
    add x20, x20, x13
4:  ldaxr x1, [x9]
    add x1, x1, #16
    stlxr w2, x1, [x9]
    cbnz w2, 4b
    sev
    mov x3, #30
5:  crc32x w20, w20, x3
    sub x3, x3, #1
    cbnz x3, 5b
    report x20
    b 3b

// EL1t and EL1h alike; SVC #1 from EL0 goes on behind itself at EL1 with interrupts open.
    .balign 0x800, 0
mixed_vectors:
    .space 0x280
    acknowledge x28
    taken x28
    b 1f
    .balign 0x80, 0
    acknowledge x28
    taken x28
    b 1f
    .balign 0x80, 0
    .space 0x80
    taken xzr
    mov x28, #5
    msr spsr_el1, x28
    eret
    .balign 0x80, 0
    acknowledge x28
    taken x28
1:  add x21, x21, #1
    cmp x28, #27
    b.ne 2f
    mrs x27, cntv_cval_el0
    add x27, x27, #70
    msr cntv_cval_el0, x27
2:  end_of_interrupt x28
    eret
