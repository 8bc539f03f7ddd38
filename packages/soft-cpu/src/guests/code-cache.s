// Guests of code-cache.int.spec.ts and of ci/memory-growth.ts: more code than there is room for when it is decoded or compiled, so that
// all of it is dropped and made anew; and one that goes on like this for long, with whatever else costs the host memory in between. They
// write their code to SPACE, 512 KiB behind the image, and other code each round. Sums tell that what ran is what was written last.
    .include "board.inc"

    .equ SPACE, 0x40100000
    .equ FUNCTIONS, 128                 // in a page of call_functions: with their caller they are one module of compiled code
    .equ RETURN, 0xd65f03c0             // RET
    .equ DESCRIPTOR, 0x400f0000         // the test puts there where the descriptor of the page at MOVING is; the stack lies below
    .equ MOVING, 0x10000000             // one of two pages, side by side
    .equ DEVICE, 0x09000000

.macro word reg, constant
    movz \reg, #((\constant) & 0xffff)
    movk \reg, #((\constant) >> 16), lsl #16
.endm

// X24 pages of one function, each called once.
    .global many_pages
many_pages:
    rounds
    mov x5, x24
    bl call_pages
    report x6
    again

// X24 pages of many functions, and a loop of X25 turns.
    .global many_functions
many_functions:
    rounds
    mov x5, x24
    bl call_functions
    report x6
    again

// Rounds of work that is compiled and goes on for long, of events, of code that comes and goes. X15: how many events; X16: pages of one
// function; X17, X18, X19: turns of floating point, whose Fibonacci number is computed, turns of integers; X20, X21, X22: how often is
// copied, how many bytes, from where; X24, X25: as above. Reports a checksum of the work, a count of events and the sums of the code.
    .global endurance
endurance:
    rounds
    bl mmu_on
    value x8, DESCRIPTOR
    mov sp, x8
    ldr x8, [x8]
    mov x29, #0
    bl integers
    bl copies
    mov x0, x18
    bl fibonacci
    add x29, x29, x0
    bl floats
    report x29
    bl events
    report x6
    mov x5, x16
    bl call_pages
    report x6
    mov x5, x24
    bl call_functions
    report x6
    again

// X5 pages from SPACE on get a function that returns X26 + X5, 16 bits of it, and is called. Their sum is in X6.
call_pages:
    mov x14, x30
    value x9, SPACE
    word w1, 0xd2800000                 // MOV X0, #0
    word w3, RETURN
    mov x6, #0
1:  add w2, w26, w5
    and w2, w2, #0xffff
    orr w2, w1, w2, lsl #5
    stp w2, w3, [x9]
    blr x9
    add x6, x6, x0
    add x9, x9, #4096
    sub x5, x5, #1
    cbnz x5, 1b
    ret x14

// X5 pages from SPACE on get FUNCTIONS functions that add X26, 12 bits of it, to X0, and one with a loop of X25 turns that calls them all in
// the first of these, so that they are compiled with it. That one is called; the sum of all X0 is in X6.
call_functions:
    mov x14, x30
    value x9, SPACE
    word w1, 0x91000000                 // ADD X0, X0, #0
    word w3, RETURN
    and w2, w26, #0xfff
    orr w1, w1, w2, lsl #10
    mov x6, #0
1:  adr x10, loop_head
    ldp w2, w4, [x10]
    stp w2, w4, [x9]
    add x10, x9, #8
    add x11, x9, #(4 * (FUNCTIONS + 6))
    mov x7, #FUNCTIONS
2:  sub w12, w11, w10
    word w2, 0x94000000                 // BL
    orr w2, w2, w12, lsr #2
    str w2, [x10], #4
    stp w1, w3, [x11], #8
    sub x7, x7, #1
    cbnz x7, 2b
    adr x11, loop_tail
    ldp x2, x4, [x11]
    stp x2, x4, [x10]
    mov x0, #0
    mov x2, #0
    mov x7, x25
    blr x9
    add x6, x6, x0
    add x9, x9, #4096
    sub x5, x5, #1
    cbnz x5, 1b
    ret x14
// Two words before the calls, four behind them. X2 is 0 in the first turn, X7 counts them.
loop_head:
    mov x12, x30
    cbnz x2, . + 4 * (FUNCTIONS + 1)
    .balign 8
loop_tail:
    mov x2, #1
    subs x7, x7, #1
    b.ne . - 4 * (FUNCTIONS + 3)
    ret x12

// X19 turns of ten instructions, each of which waits for the last.
integers:
    mov x0, x19
    mov x1, #1
1:  add x1, x1, x0
    eor x1, x1, x1, lsl #13
    ror x2, x1, #7
    add x1, x1, x2
    eor x1, x1, x1, lsr #17
    add x2, x1, x1, lsl #3
    and x2, x2, #0xffff
    add x1, x1, x2
    subs x0, x0, #1
    b.ne 1b
    add x29, x29, x1
    ret

// X20 times X21 bytes, a multiple of 32, from X22 to what lies behind them.
copies:
    mov x0, x20
1:  mov x1, x22
    add x2, x22, x21
    mov x3, x2
    str x29, [x1]
2:  ldp x4, x5, [x1], #16
    ldp x6, x7, [x1], #16
    stp x4, x5, [x2], #16
    stp x6, x7, [x2], #16
    add x29, x29, x7
    cmp x1, x3
    b.lo 2b
    sub x0, x0, #1
    cbnz x0, 1b
    ldr x1, [x3]
    eor x29, x29, x1
    ret

// X0 = fib(X0), by two calls.
fibonacci:
    cmp x0, #2
    b.lo 1f
    stp x30, x0, [sp, #-32]!
    sub x0, x0, #1
    bl fibonacci
    ldr x1, [sp, #8]
    str x0, [sp, #16]
    sub x0, x1, #2
    bl fibonacci
    ldr x1, [sp, #16]
    add x0, x0, x1
    ldr x30, [sp], #32
1:  ret

// X17 turns of floating point, vectors, division and square root among it.
floats:
    mov x0, x17
    fmov d0, #1.0
    fmov d1, #0.5
    fmov v4.4s, #0.5
    fmov v5.4s, #0.25
1:  fmul d2, d0, d1
    fadd d0, d2, d1
    fmadd d2, d0, d1, d2
    fdiv d3, d1, d2
    fsqrt d3, d3
    fmul v5.4s, v5.4s, v4.4s
    fadd v5.4s, v5.4s, v4.4s
    sub x0, x0, #1
    cbnz x0, 1b
    fmov x1, d3
    add x29, x29, x1
    fmov x1, d5
    add x29, x29, x1
    ret

// X15 times: an exception and its return, a device, a hypercall, a page that moves (X8: its descriptor), a timer that ends a WFI and
// interrupts. X6 counts those after which the page held what was written there.
events:
    mov x14, x30
    mov x7, x15
    mov x6, #0
    value x9, DEVICE
    value x10, MOVING
    lsr x11, x10, #12
    mov x0, #0x08000000                 // INTID 27, the virtual timer
    enable_interrupts x0
1:  svc #7
    str w7, [x9, #4]
    ldrh w0, [x9, #6]
    word w0, 0x84000000                 // PSCI_VERSION
    hvc #0
    ldr x1, [x8]
    eor x1, x1, #0x1000
    str x1, [x8]
    dsb ish
    tlbi vaae1is, x11
    dsb ish
    isb
    str x7, [x10]
    mrs x0, cntvct_el0
    add x0, x0, #10
    msr cntv_cval_el0, x0
    mov x0, #1
    msr cntv_ctl_el0, x0
    wfi
    msr daifclr, #2
    msr daifset, #2
    ldr x1, [x10]
    cmp x1, x7
    cinc x6, x6, eq
    sub x7, x7, #1
    cbnz x7, 1b
    ret x14

mmu_on:
    value x0, 0x04ff                    // MAIR: Attr0 normal, Attr1 device
    msr mair_el1, x0
    value x0, 0x1280900010              // TCR: 48 bits, without TTBR1
    msr tcr_el1, x0
    value x0, 0x40000000
    msr ttbr0_el1, x0
    isb
    mrs x0, sctlr_el1
    orr x0, x0, #1
    msr sctlr_el1, x0
    mov x0, #0x300000
    msr cpacr_el1, x0
    isb
    ret

    vector_table
