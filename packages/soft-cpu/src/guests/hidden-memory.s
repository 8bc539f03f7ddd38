// Guests of hidden-memory.int.spec.ts: memory whose bytes are there at one time and a device's answers at another. The test has such a
// bank at 0, 64 KiB: a store of 1 to it hides the bytes, of 0 shows them. It maps bank and RAM where they lie, as Normal memory.
//
//   +0x2000      a word of data; the device answers with the offset
//   +0x3000      leaf:   MOV X0, #5; RET
//   +0x4000      hider:  STR W1, [X9]; MOV X0, #6; RET
    .include "board.inc"

    .equ BANK_DATA, 0x2000
    .equ BANK_LEAF, 0x3000
    .equ BANK_HIDER, 0x4000

.macro mmu_on
    value x28, 0xff
    msr mair_el1, x28
    value x28, 0x1280900010         // TCR: 48 bits, without TTBR1
    msr tcr_el1, x28
    value x28, 0x40000000
    msr ttbr0_el1, x28
    isb
    mrs x28, sctlr_el1
    orr x28, x28, #1
    msr sctlr_el1, x28
    isb
.endm

// A loop reads the bytes, hides them, reads the device, shows them, reads the bytes.
    .global data
data:
    rounds
    mmu_on
    mov x1, #1
    mov x9, #0
    mov x10, #BANK_DATA
    mov x5, #40
    mov x6, #0
    mov x7, #0
1:  ldr w2, [x10]
    str w1, [x9]
    ldr w3, [x10]
    ldr w11, [x10, #4]
    str wzr, [x9]
    ldr w4, [x10]
    add x6, x6, x2
    add x6, x6, x4
    add x7, x7, x3
    add x7, x7, x11
    sub x5, x5, #1
    cbnz x5, 1b
    report x6                       // 80 * the word
    report x7                       // 40 * (0x2000 + 0x2004)
    again

// A loop reads a page again and again; in the middle the bytes go and come, by stores to another page.
    .global loop_reads
loop_reads:
    rounds
    mmu_on
    mov x1, #1
    mov x9, #0
    mov x10, #BANK_DATA
    mov x5, #90
    mov x6, #0
1:  ldr w2, [x10]
    add x6, x6, x2
    sub x5, x5, #1
    cmp x5, #60
    b.ne 2f
    str w1, [x9]
2:  cmp x5, #30
    b.ne 3f
    str wzr, [x9]
3:  cbnz x5, 1b
    report x6                       // 60 * the word + 30 * 0x2000
    again

// A function of the bank is called, not found while hidden, and called again.
    .global code
code:
    rounds
    mmu_on
    mov x1, #1
    mov x9, #0
    mov x10, #BANK_LEAF
    mov x5, #30
    mov x6, #0
1:  blr x10
    add x6, x6, x0
    sub x5, x5, #1
    cbnz x5, 1b
    report x6                       // 30 * 5
    str w1, [x9]
    mov x0, #0
    blr x10                         // Instruction Abort, external; returns to X30
    report x0                       // 0
    str wzr, [x9]
    blr x10
    report x0                       // 5, or what the host put there meanwhile
    again

// Code of the bank hides itself: its next instruction is gone.
    .global hides_itself
hides_itself:
    rounds
    mmu_on
    mov x1, #1
    mov x9, #0
    mov x10, #BANK_HIDER
    mov x0, #0
    blr x10
    report x0                       // 0
    str wzr, [x9]
    mov x1, #0                      // now it only says that the bytes are to be seen
    blr x10
    report x0                       // 6
    again

// A table of translations in the bank: while it is hidden, a walk ends with an external abort.
    .global tables
tables:
    rounds
    mmu_on
    mov x1, #1
    mov x9, #0
    value x10, 0x80000000           // mapped by a table in the bank
    ldr w2, [x10]
    report x2
    str w1, [x9]
    tlbi vmalle1
    dsb ish
    isb
    mov x2, #0
    ldr w2, [x10]                   // Data Abort, external on a walk
    report x2
    str wzr, [x9]
    ldr w2, [x10]
    report x2
    again

    vector_table
