// Guests of mmu.int.spec.ts: translation as software meets it. The test builds the tables (its MAP): level 0 for TTBR0_EL1 at
// RAM, for TTBR1_EL1 a page further; this image is mapped where it lies, for both levels to execute. All RAM is at WINDOW too, for EL1
// to write, and there the addresses of descriptors that guests change are listed at PARAMETERS.
    .include "board.inc"

    .equ WINDOW, 0x20000000
    .equ RAM, 0x40000000
    .equ PARAMETERS, WINDOW + 0x70000

.macro mmu_on
    value x28, 0x4404ff             // MAIR: Normal, Device-nGnRE, Non-cacheable
    msr mair_el1, x28
    value x28, 0x1280100010         // TCR: 48 bits twice, 4 KiB, 40 bits out, 16-bit ASIDs
    msr tcr_el1, x28
    value x28, RAM
    msr ttbr0_el1, x28
    value x28, RAM + 0x1000
    msr ttbr1_el1, x28
    isb
    mrs x28, sctlr_el1
    orr x28, x28, #1
    msr sctlr_el1, x28
    isb
.endm

.macro mmu_off
    mrs x28, sctlr_el1
    bic x28, x28, #1
    msr sctlr_el1, x28
    isb
.endm

// Where the n-th descriptor that the guest may change lies, in WINDOW.
.macro descriptor reg, n
    value \reg, PARAMETERS
    ldr \reg, [\reg, #(8 * \n)]
.endm

// One byte of RAM under many names: page, block of 2 MiB, block of 1 GiB, contiguous page, TTBR1's lowest and highest page, MMU off.
    .global sizes
sizes:
    rounds
    mmu_on
    value x1, WINDOW + 0x100000
    str x26, [x1]
    adr x6, size_names
1:  ldr x3, [x6], #8
    cbz x3, 2f
    ldr x4, [x3]
    sub x4, x4, x26
    report x4                       // 0: the same byte
    b 1b
2:  mmu_off
    value x1, RAM + 0x100000
    ldr x4, [x1]
    sub x4, x4, x26
    report x4
    again
    .balign 8
size_names:
    .quad 0x10000000, 0x8000100000, 0x10010000, 0xffff000000000000, 0xfffffffffffff000, 0

// Six pages with other rights each: EL1 and then EL0 load, store and execute what is there.
    .global permissions
permissions:
    rounds
    mmu_on
    bl probe_pages
    to_el0 1f
1:  bl probe_pages
    to_el1
    mmu_off
    again
probe_pages:
    mov x7, x30
    value x1, 0x11000000
    mov x2, #6
probe_load:
    ldr x3, [x1, #8]
probe_store:
    str x3, [x1, #8]
    blr x1                          // RET
    add x1, x1, #0x1000
    sub x2, x2, #1
    cbnz x2, probe_load
    ret x7

// LDTR and STTR at EL1 have EL0's rights.
    .global unprivileged
unprivileged:
    rounds
    mmu_on
    value x1, 0x11000000
    mov x2, #6
unprivileged_load:
    ldtr x3, [x1, #8]
unprivileged_store:
    sttr x3, [x1, #8]
    add x1, x1, #0x1000
    sub x2, x2, #1
    cbnz x2, unprivileged_load
    mmu_off
    again

// SCTLR_EL1.WXN: what may be written is not executed.
    .global write_execute_never
write_execute_never:
    rounds
    mmu_on
    mrs x0, sctlr_el1
    orr x1, x0, #0x80000
    msr sctlr_el1, x1
    isb
    value x1, 0x11000000
    blr x1
    add x1, x1, #0x2000
    blr x1
    msr sctlr_el1, x0
    isb
    value x1, 0x11000000
    blr x1
    note 1
    mmu_off
    again

// Walks that end early, at each level.
    .global walk_faults
walk_faults:
    rounds
    mmu_on
    adr x2, walk_addresses
1:  ldr x1, [x2], #8
    cbz x1, 2f
walk_load:
    ldr x3, [x1]
walk_store:
    strb w3, [x1]
    blr x1
    b 1b
2:  mmu_off
    again
    .balign 8
walk_addresses:
    .quad 0x10000000000             // level 0: no table
    .quad 0x8040000000              // level 1
    .quad 0x30000000                // level 2
    .quad 0x10001000                // level 3
    .quad 0x12000000                // level 3, access flag
    .quad 0x21000000                // level 2, access flag
    .quad 0x80c0000000              // level 1, access flag
    .quad 0x12001000                // level 3, address size
    .quad 0x12200000                // level 3: table where nothing is
    .quad 0x1000010000000           // out of range
    .quad 0xfffe000000000000
    .quad 0

// Non-canonical with TBI: the tag is no part of the address, of a branch neither.
    .global tagged
tagged:
    rounds
    mmu_on
    value x0, 0x3280100010          // TBI0
    msr tcr_el1, x0
    isb
    value x1, 0x5500000011001008
    mov x2, #3
    str x2, [x1]
    value x1, 0x11001008
    ldr x3, [x1]
    report x3
    value x1, 0x7700000011000000
    blr x1
    adr x1, 1f
    value x9, 0x5500000000000000
    orr x1, x1, x9
    br x1
tagged_here:
1:  adr x3, tagged_here
    lsr x3, x3, #56
    report x3
tagged_fault:
    value x1, 0x3300000010001000
    ldr x3, [x1]
    mmu_off
    again

// AT: addresses and faults in PAR_EL1.
    .global address_translate
address_translate:
    rounds
    mmu_on
    adr x2, translate_addresses
1:  ldr x1, [x2], #8
    cbz x1, 2f
    at s1e1r, x1
    mrs x3, par_el1
    report x3
    at s1e1w, x1
    mrs x3, par_el1
    report x3
    at s1e0r, x1
    mrs x3, par_el1
    report x3
    at s1e0w, x1
    mrs x3, par_el1
    report x3
    b 1b
2:  mmu_off
    again
    .balign 8
translate_addresses:
    .quad 0x10000123, 0x11001000, 0x11002000, 0x10001000, 0x12000000, 0x13000000, 0

// A page gets another place: each form of TLBI makes it known, for data at once.
    .global remap_data
remap_data:
    rounds
    mmu_on
    descriptor x1, 0
    value x2, 0x10000000
    ldr x10, [x1]                   // descriptor of the page, to restore
    add x11, x10, #0x1000           // the next page of RAM
    lsr x4, x2, #12                 // operand: VA[55:12], ASID 0
    value x5, WINDOW + 0x100000
    mov x6, #0x10
    str x6, [x5]
    add x5, x5, #0x1000
    mov x6, #0x11
    str x6, [x5]

    .macro remap op, operand
    ldr x7, [x2]
    report x7
    str x11, [x1]
    dsb ish
    .ifb \operand
    tlbi \op
    .else
    tlbi \op, \operand
    .endif
    ldr x7, [x2]
    report x7
    eor x10, x10, x11
    eor x11, x10, x11
    eor x10, x10, x11
    .endm
    remap vmalle1
    remap vmalle1is
    remap vae1, x4
    remap vae1is, x4
    remap vaae1, x4
    remap vaae1is, x4
    remap vale1, x4
    remap vale1is, x4
    remap vaale1, x4
    remap vaale1is, x4
    mmu_off
    again

// The page is taken away, made read-only and given back, in a loop.
    .global revoke
revoke:
    rounds
    mmu_on
    descriptor x1, 0
    value x2, 0x10000000
    ldr x10, [x1]
    lsr x4, x2, #12
    orr x11, x10, #0x80             // AP[2]
    mov x5, #2
revoke_store:
    str x5, [x2]
    str xzr, [x1]
    dsb ish
    tlbi vae1, x4
revoke_load:
    ldr x6, [x2]
    str x11, [x1]
    dsb ish
    tlbi vae1, x4
    ldr x6, [x2]
    report x6
revoke_again:
    str x5, [x2]
    str x10, [x1]
    dsb ish
    tlbi vae1, x4
    sub x5, x5, #1
    cbnz x5, revoke_store
    mmu_off
    again

// A block of 2 MiB: TLBI by any address in it makes the whole block go.
    .global remap_block
remap_block:
    rounds
    mmu_on
    descriptor x1, 1
    value x2, 0x22000000            // block: all RAM
    ldr x10, [x1]
    value x3, WINDOW + 0x100000
    mov x4, #1
    str x4, [x3]
    value x5, 0x22100000
    ldr x6, [x5]
    report x6
    str xzr, [x1]
    dsb ish
    add x4, x2, #0x5000
    lsr x4, x4, #12
    tlbi vae1, x4
block_gone:
    ldr x6, [x5]
    str x10, [x1]
    ldr x6, [x5]
    report x6
    mmu_off
    again

// Code: a page of functions gets another place while it is called in a loop.
    .global remap_code
remap_code:
    rounds
    mmu_on
    descriptor x1, 2
    value x2, 0x13000000            // returns 1, or 2 in the next page of RAM
    ldr x10, [x1]
    add x11, x10, #0x1000
    lsr x4, x2, #12
    mov x5, #40
    mov x6, #0
1:  blr x2
    add x6, x6, x0
    sub x5, x5, #1
    cmp x5, #20
    b.ne 2f
    str x11, [x1]
    dsb ish
    tlbi vae1, x4
2:  cbnz x5, 1b
    report x6                       // 20 * 1 + 20 * 2
    str x10, [x1]
    dsb ish
    tlbi vae1, x4
    str xzr, [x1]
    dsb ish
    tlbi vae1, x4
    blr x2
    note 3
    str x10, [x1]
    mmu_off
    again

// The page that is being executed gets another place, where the same code goes on differently; then it is taken away.
    .global remap_running
remap_running:
    rounds
    mmu_on
    descriptor x1, 3
    value x2, 0x13001000
    ldr x10, [x1]
    add x11, x10, #0x1000
    lsr x4, x2, #12
    mov x12, #0
    mov x13, x11
    blr x2
    report x0
    str x10, [x1]
    dsb ish
    tlbi vae1, x4
    mov x13, #0
    mov x0, #7
    blr x2                          // faults behind its TLBI
    report x0
    str x10, [x1]
    mmu_off
    again

// What the test puts into RAM for remap_code and remap_running: position-independent.
    .global function_one
function_one:
    mov x0, #1
    ret
    .global function_two
function_two:
    mov x0, #2
    ret
// Called with X1 the descriptor of its page, X13 what to put there, X4 the operand of TLBI.
    .global runner_one
runner_one:
    mov x3, #50
1:  sub x3, x3, #1
    cbnz x3, 1b
    str x13, [x1]
    dsb ish
    tlbi vae1, x4
    mov x0, #1
    ret
    .global runner_two
runner_two:
    mov x3, #50
1:  sub x3, x3, #1
    cbnz x3, 1b
    str x13, [x1]
    dsb ish
    tlbi vae1, x4
    mov x0, #2
    ret

// Two address spaces: pages that are not global are each space's own, code too; nothing is invalidated between them.
    .global address_spaces
address_spaces:
    rounds
    mmu_on
    descriptor x1, 4                // TTBR0 of space 1, ASID in place
    descriptor x2, 5                // TTBR0 of space 2
    value x3, 0x10000000
    value x4, 0x13000000
    value x5, 0x12800000            // global in both
    mov x6, #10
1:  msr ttbr0_el1, x1
    isb
    mov x7, #1
    str x7, [x3]
    blr x4
    report x0
    ldr x7, [x5]
    report x7
    msr ttbr0_el1, x2
    isb
    mov x7, #2
    str x7, [x3]
    blr x4
    report x0
    ldr x7, [x5]
    report x7
    msr ttbr0_el1, x1
    isb
    ldr x7, [x3]
    report x7
    sub x6, x6, #5
    cbnz x6, 1b
    mmu_off
    again

// 8 and 16 bytes over the boundary of two pages that are not neighbours in memory.
    .global crossing
crossing:
    rounds
    mmu_on
    value x1, 0x14000ffc            // RAM, then RAM
    value x2, 0x1122334455667788
    str x2, [x1]
    ldr x3, [x1]
    report x3
    value x4, WINDOW + 0x108ffc     // the last word of the first
    ldr w5, [x4]
    report x5
    value x4, WINDOW + 0x10a000     // the first word of the second
    ldr w5, [x4]
    report x5
    sub x6, x1, #4
    stp x1, x2, [x6]
    ldp x3, x5, [x6]
    sub x3, x3, x1
    sub x5, x5, x2
    report x3
    report x5
    mov x0, #0x300000
    msr cpacr_el1, x0
    str q0, [x6]
    fmov d1, x2
    mov v1.d[1], x1
    str q1, [x6, #3]
    ldr q2, [x6, #3]
    fmov x3, d2
    report x3
    umov x3, v2.d[1]
    report x3
    ldr w3, [x4]
    report x3
    mmu_off
    again

// One of the two pages is missing: the abort tells the first byte that is, and nothing was stored.
    .global crossing_fault
crossing_fault:
    rounds
    mmu_on
    mov x2, #-1
    value x1, 0x14001ffc            // RAM, then nothing
    value x4, WINDOW + 0x10affc
    str wzr, [x4]
crossing_second:
    str x2, [x1]
    ldr x3, [x1]
    sub x5, x1, #4
    stp x2, x2, [x5]
    ldr w3, [x4]
    report x3
    value x1, 0x14002ffc            // nothing, then RAM
    value x4, WINDOW + 0x10b000
    str wzr, [x4]
crossing_first:
    str x2, [x1]
    ldr x3, [x1]
    ldr w3, [x4]
    report x3
    value x1, 0x14003ffc            // RAM, then RAM to read only
    value x4, WINDOW + 0x10bffc
    str wzr, [x4]
    value x5, WINDOW + 0x10c000
    str wzr, [x5]
crossing_read_only:
    str x2, [x1]
    ldr x3, [x1]
    report x3
    mmu_off
    again

// RAM and then a device, mapped as Normal memory: the device sees its part.
    .global crossing_device
crossing_device:
    rounds
    mmu_on
    value x1, 0x14010ffc
    value x2, 0x1122334455667788
    str x2, [x1]
    ldr x3, [x1]
    report x3
    add x1, x1, #1
    str x2, [x1]
    ldr x3, [x1]
    report x3
    sub x1, x1, #5
    stp x1, x2, [x1]                // aligned: a whole element each
    ldp x4, x3, [x1]
    report x3
    ldp w4, w3, [x1, #4]
    report x3
    mmu_off
    again

// Alignment: Device memory, SCTLR_EL1.A, exclusives and acquire.
    .global alignment
alignment:
    rounds
    mmu_on
    value x1, 0x15000000            // Device: the device
    value x2, 0x15001000            // Device: RAM
    value x3, 0x11001000            // Normal
device_unaligned:
    ldr x4, [x1, #4]
    ldr w4, [x1, #2]
    str w4, [x1, #1]
    ldrb w4, [x1, #3]
    ldp w4, w5, [x1, #4]
    str x4, [x2, #4]
    ldp w4, w5, [x2, #4]
    ldp x4, x5, [x2, #8]
    ldur x4, [x3, #1]
    add x6, x3, #4
exclusive_unaligned:
    ldxr x4, [x6]
    ldar x4, [x6]
    stlr x4, [x6]
    add x6, x6, #4
    ldxp x4, x5, [x6]
    mrs x0, sctlr_el1
    orr x7, x0, #2
    msr sctlr_el1, x7
    isb
strict:
    ldur x4, [x3, #1]
    sturh w4, [x3, #1]
    ldr x4, [x3, #8]
    ldp w4, w5, [x3, #4]
    msr sctlr_el1, x0
    isb
    ldur x4, [x3, #1]
    mmu_off
    again

// DC ZVA clears 64 bytes, or faults with the address that it was given.
    .global zero_block
zero_block:
    rounds
    mmu_on
    value x1, 0x11001000
    mov x2, #-1
    mov x3, #32
1:  sub x3, x3, #1
    str x2, [x1, x3, lsl #3]
    cbnz x3, 1b
    add x4, x1, #0x57
    dc zva, x4
    ldr x5, [x1, #0x38]
    report x5
    ldr x5, [x1, #0x40]
    report x5
    ldr x5, [x1, #0x78]
    report x5
    ldr x5, [x1, #0x80]
    report x5
    value x4, 0x11002123            // EL1 reads only
zero_fault:
    dc zva, x4
    value x4, 0x10001123            // nothing there
    dc zva, x4
    value x4, 0x15001123            // Device
    dc zva, x4
    ic ivau, x1
    value x4, 0x10001123
cache_fault:
    dc cvac, x4
    dc ivac, x4
    value x4, 0x11002123            // DC IVAC needs to write
    dc cvac, x4
    dc ivac, x4
    mmu_off
    again

    vector_table
