// Guests of self-modifying.int.spec.ts: code that changes under who executes it. It is written to SPACE, 64 KiB behind the image, and
// called there. The MMU is off, so that RAM is Device memory, unless a guest needs it otherwise: then the test's tables map all
// RAM where it lies, and one page of it three times.
    .include "board.inc"

    .equ SPACE, 0x40090000

// MOV X0, #\n
.macro move_word reg, n
    movz \reg, #((0xd2800000 | (\n << 5)) & 0xffff)
    movk \reg, #((0xd2800000 | (\n << 5)) >> 16), lsl #16
.endm
// RET
.macro return_word reg
    movz \reg, #0x03c0
    movk \reg, #0xd65f, lsl #16
.endm
// What the architecture asks of software after a store of an instruction.
.macro synchronise reg
    dc cvau, \reg
    dsb ish
    ic ivau, \reg
    dsb ish
    isb
.endm

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

// A function is called until it is hot, patched with maintenance, and called again.
    .global patched
patched:
    rounds
    value x9, SPACE
    move_word x1, 1
    move_word x2, 2
    return_word x3
    str w1, [x9]
    str w3, [x9, #4]
    synchronise x9
    mov x5, #100
    mov x6, #0
1:  blr x9
    add x6, x6, x0
    sub x5, x5, #1
    cmp x5, #50
    b.ne 2f
    str w2, [x9]
    synchronise x9
2:  cbnz x5, 1b
    report x6                       // 50 * 1 + 50 * 2
    again

// An instruction patches the next one, in its own page, without maintenance: this PE's caches are coherent (CTR_EL0.IDC and DIC).
    .global next_instruction
next_instruction:
    rounds
    adr x10, patch_loop
    adr x11, patch_end
    value x9, SPACE + 0x1000
    bl copy
    move_word x1, 0
    value x2, SPACE + 0x1000
    add x2, x2, #(patch_here - patch_loop)
    mov x4, #60
    mov x6, #0
    blr x9
    report x6                       // 60 + 59 + … + 1
    again
// Stores MOV X0, #X4 into the instruction behind itself.
patch_loop:
    orr w3, w1, w4, lsl #5
    str w3, [x2]
patch_here:
    mov x0, #0
    add x6, x6, x0
    sub x4, x4, #1
    cbnz x4, patch_loop
    ret
patch_end:

// Copies [X10, X11) to X9. Clobbers X12, X13.
copy:
    mov x13, x9
1:  ldr w12, [x10], #4
    str w12, [x13], #4
    cmp x10, x11
    b.lo 1b
    ret

// Code and data in one page, lines apart and in one line: stores to data leave the code right.
    .global data_beside_code
data_beside_code:
    rounds
    adr x10, counting
    adr x11, counting_end
    value x9, SPACE + 0x2000
    bl copy
    str xzr, [x9, #64]
    str xzr, [x9, #2048]
    mov x4, #100
    blr x9
    ldr x0, [x9, #64]
    report x0
    ldr x0, [x9, #2048]
    report x0
    again
// Counts X4 down, in memory behind itself.
counting:
    ldr x0, [x9, #64]
    add x0, x0, #1
    str x0, [x9, #64]
    ldr x0, [x9, #2048]
    add x0, x0, #2
    str x0, [x9, #2048]
    sub x4, x4, #1
    cbnz x4, counting
    ret
counting_end:

// A data word in the very line of the loop that counts in it.
    .global data_in_code
data_in_code:
    rounds
    adr x10, inner
    adr x11, inner_end
    value x9, SPACE + 0x3000
    bl copy
    str xzr, [x9, #24]
    mov x4, #40
    blr x9
    ldr x0, [x9, #24]
    report x0
    again
inner:
    ldr x0, [x9, #24]
    add x0, x0, #1
    str x0, [x9, #24]
    sub x4, x4, #1
    cbnz x4, inner
    ret
    .quad 0
inner_end:

// A store over the end of a page changes the first instruction of the next, which runs on into it.
    .global over_the_end
over_the_end:
    rounds
    mmu_on
    value x9, SPACE + 0x4ff8
    move_word x1, 1
    move_word x2, 2
    return_word x3
    str w1, [x9]                    // MOV X0, #1
    value x7, 0x91000400            // ADD X0, X0, #1
    str w7, [x9, #4]
    str w7, [x9, #8]
    str w3, [x9, #12]
    mov x5, #30
    mov x6, #0
1:  blr x9
    add x6, x6, x0
    sub x5, x5, #1
    cbnz x5, 1b
    report x6                       // 30 * 3
    add x8, x9, #4
    movk x7, #0x0800                // ADD X0, X0, #2
    orr x7, x7, x7, lsl #32
    str x7, [x8]                    // both at once, in two pages
    mov x5, #30
    mov x6, #0
2:  blr x9
    add x6, x6, x0
    sub x5, x5, #1
    cbnz x5, 2b
    report x6                       // 30 * 5
    again

// DC ZVA is a store too.
    .global cleared
cleared:
    rounds
    mmu_on
    value x9, SPACE + 0x6000
    move_word x1, 1
    return_word x3
    str w3, [x9, #64]
    orr x1, x1, x3, lsl #32
    str x1, [x9]
    mov x5, #20
1:  blr x9
    sub x5, x5, #1
    cbnz x5, 1b
    report x0
    dc zva, x9
    mov x0, #7
    blr x9                          // UDF #0, 16 times, then RET
    report x0
    again

// A vector store patches.
    .global vector_patch
vector_patch:
    rounds
    mov x0, #0x300000
    msr cpacr_el1, x0
    value x9, SPACE + 0x7000
    move_word x1, 1
    return_word x3
    orr x1, x1, x3, lsl #32
    str x1, [x9]
    str x1, [x9, #8]
    mov x5, #20
    mov x6, #0
    move_word x2, 2
    orr x2, x2, x3, lsl #32
    fmov d0, x2
    mov v0.d[1], x2
1:  blr x9
    add x6, x6, x0
    sub x5, x5, #1
    cmp x5, #10
    b.ne 2f
    str q0, [x9]
2:  cbnz x5, 1b
    report x6
    again

// Exclusives and pairs patch as well.
    .global exclusive_patch
exclusive_patch:
    rounds
    value x9, SPACE + 0x8000
    move_word x1, 1
    move_word x2, 2
    return_word x3
    orr x1, x1, x3, lsl #32
    orr x2, x2, x3, lsl #32
    str x1, [x9]
    mov x5, #30
    mov x6, #0
1:  blr x9
    add x6, x6, x0
    sub x5, x5, #1
    cmp x5, #15
    b.ne 2f
    ldxr x7, [x9]
    stxr w8, x2, [x9]
    cbnz w8, 3f
2:  cbnz x5, 1b
    report x6                       // 15 * 1 + 15 * 2
    again
3:  note 0xbad
    again

// A page of code is abandoned and becomes data, then code again: thirty generations of functions in one
// place, each called X24 times.
    .global generations
generations:
    rounds
    value x9, SPACE + 0x9000
    return_word x3
    mov x4, #30
    mov x6, #0
    move_word x1, 0
1:  orr w2, w1, w4, lsl #5
    str w2, [x9]
    str w3, [x9, #4]
    mov x5, x24
2:  blr x9
    add x6, x6, x0
    sub x5, x5, #1
    cbnz x5, 2b
    mov x5, #512                    // data all over the page
3:  sub x5, x5, #1
    str x4, [x9, x5, lsl #3]
    cbnz x5, 3b
    sub x4, x4, #1
    cbnz x4, 1b
    report x6                       // X24 * 465
    again

// A loop in a page that it calls a function in, which patches the loop: its caller's code is gone when it returns.
    .global patches_its_caller
patches_its_caller:
    rounds
    adr x10, caller
    adr x11, caller_end
    value x9, SPACE + 0xa000
    bl copy
    mov x7, x30
    move_word x1, 0
    add x2, x9, #(caller_here - caller)
    mov x4, #60
    mov x6, #0
    mov x14, x9
    blr x9
    report x6                       // 60 + … + 1
    again
caller:
    mov x15, x30
1:  bl callee
caller_here:
    mov x0, #0
    add x6, x6, x0
    sub x4, x4, #1
    cbnz x4, 1b
    ret x15
callee:
    orr w3, w1, w4, lsl #5
    str w3, [x2]
    ret
caller_end:

// Two addresses for one page: written through one, executed through the other, and through both.
    .global aliases
aliases:
    rounds
    mmu_on
    value x9, 0x10000000            // executed
    value x10, 0x10201000           // executed, too
    value x11, 0x10400000           // written
    return_word x3
    move_word x1, 0
    mov x4, #40
    mov x6, #0
1:  orr w2, w1, w4, lsl #5
    orr x2, x2, x3, lsl #32
    str x2, [x11]
    mov x5, #4
2:  blr x9
    add x6, x6, x0
    blr x10
    add x6, x6, x0
    sub x5, x5, #1
    cbnz x5, 2b
    sub x4, x4, #1
    cbnz x4, 1b
    report x6                       // 8 * 820
    again

// The host patches the function, in the middle of a report.
    .global dma
dma:
    rounds
    value x9, SPACE + 0xb000
    move_word x1, 1
    return_word x3
    orr x1, x1, x3, lsl #32
    str x1, [x9]
    mov x6, #0
    mov x5, #40
1:  blr x9
    add x6, x6, x0
    report x5                       // the test writes MOV X0, #2 at 20
    sub x5, x5, #1
    cbnz x5, 1b
    report x6
    again

// Loops until the host changes the loop.
    .global dma_between
dma_between:
    rounds
    mov x0, #0
    value x9, SPACE + 0xc000
    adr x10, waiting
    adr x11, waiting_end
    bl copy
    report x9
    blr x9
    report x0
    again
waiting:
    add x0, x0, #1
    b waiting                       // the host writes NOP
    ret
waiting_end:

    vector_table
