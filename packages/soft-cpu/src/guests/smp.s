// Guests of smp.int.spec.ts: several vCPUs. vCPU 0 begins and switches the others on; X25 is how many there are, X24 how often to do it.
    .include "board.inc"

    .equ DATA, 0x40100000

// PSCI function \id with what X1 … X3 hold.
.macro psci id
    movz w0, #((\id) >> 16), lsl #16
    movk w0, #((\id) & 0xffff)
    hvc #0
.endm
    .equ CPU_ON, 0xc4000003
    .equ CPU_OFF, 0x84000002
    .equ AFFINITY_INFO, 0xc4000004
    .equ SYSTEM_RESET, 0x84000009

// Switches vCPUs 1 to X25 - 1 on at \entry; X24 and X25 reach them through memory. Clobbers X0 to X5.
.macro start_others entry
    value x5, DATA + 0xf00
    stp x24, x25, [x5]
    mov x4, #1
1001:
    cmp x4, x25
    b.hs 1002f
    mov x1, x4
    adr x2, \entry
    mov x3, x4
    psci CPU_ON
    add x4, x4, #1
    b 1001b
1002:
.endm

// For who was switched on: X19 is its number.
.macro started
    mov x19, x0
    adr x28, vectors
    msr vbar_el1, x28
    value x5, DATA + 0xf00
    ldp x24, x25, [x5]
.endm

// Adds one to the counter at \address without a lock. Clobbers \x and \y.
.macro atomic_increment address, x, y
1003:
    ldaxr \x, [\address]
    add \x, \x, #1
    stlxr \y, \x, [\address]
    cbnz \y, 1003b
.endm

// Everybody adds one to a plain counter X24 times, under a lock as Linux once took it; then vCPU 0 waits for the last.
    .global spinlock
spinlock:
    mov x19, #0
    start_others spinlock_started
    b spinlock_work
spinlock_started:
    started
spinlock_work:
    value x9, DATA                  // lock, +64 counter, +128 how many are done
    mov w10, #1
lock:
    sevl
1:  wfe
2:  ldaxr w11, [x9]
    cbnz w11, 1b
    stxr w11, w10, [x9]
    cbnz w11, 2b
    ldr x12, [x9, #64]
    add x12, x12, #1
    str x12, [x9, #64]
    stlr wzr, [x9]
    sub x24, x24, #1
    cbnz x24, lock
    add x13, x9, #128
    atomic_increment x13, x14, w15
    sev
    cbnz x19, off
3:  ldar x14, [x13]
    cmp x14, x25
    b.eq 4f
    wfe
    b 3b
4:  ldr x12, [x9, #64]
    report x12
    power_off
off:
    psci CPU_OFF

// The same without a lock.
    .global exclusives
exclusives:
    mov x19, #0
    start_others exclusives_started
    b exclusives_work
exclusives_started:
    started
exclusives_work:
    value x9, DATA + 64
    atomic_increment x9, x11, w12
    sub x24, x24, #1
    cbnz x24, exclusives_work
    value x13, DATA + 128
    atomic_increment x13, x14, w15
    cbnz x19, off
1:  yield
    ldar x14, [x13]
    cmp x14, x25
    b.ne 1b
    ldr x12, [x9]
    report x12
    power_off

// Messages through a ring of four places: 1 to X24 from vCPU 0 to the last vCPU, each passing them on plus one.
    .global messages
messages:
    mov x19, #0
    start_others messages_started
    b messages_work
messages_started:
    started
messages_work:
    value x9, DATA                  // 256 bytes for each link: +0 written, +8 read, +64 places
    add x10, x9, x19, lsl #8        // to the next
    sub x11, x10, #256              // from the one before
    mov x20, #0                     // sum of what came
    mov x21, #0                     // how many
1:  add x21, x21, #1
    mov x1, x21
    cbz x19, 4f
2:  ldar x2, [x11]                  // receive
    cmp x2, x21
    b.hs 3f
    wfe
    b 2b
3:  and x3, x21, #3
    add x3, x11, x3, lsl #3
    ldr x1, [x3, #64]
    add x4, x11, #8
    stlr x21, [x4]
    sev
    add x20, x20, x1
    add x1, x1, #1
4:  add x5, x19, #1
    cmp x5, x25
    b.eq 7f
5:  add x4, x10, #8                 // send
    ldar x2, [x4]
    sub x2, x21, x2
    cmp x2, #4
    b.ls 6f
    wfe
    b 5b
6:  and x3, x21, #3
    add x3, x10, x3, lsl #3
    str x1, [x3, #64]
    stlr x21, [x10]
    sev
7:  cmp x21, x24
    b.lo 1b
    add x5, x19, #1
    cmp x5, x25
    b.ne 8f
    report x20
    power_off
8:  wfi

// Everybody says what it is, X24 times, and gives way.
    .global yielding
yielding:
    mov x19, #0
    start_others yielding_started
    b yielding_work
yielding_started:
    started
yielding_work:
    report x24
    yield
    sub x24, x24, #1
    cbnz x24, yielding_work
    cbnz x19, off
    yield
    power_off

// vCPU 0 spins for ever; vCPU 1 gets its turns all the same.
    .global selfish
selfish:
    start_others selfish_started
1:  b 1b
selfish_started:
    started
1:  report x24
    mov x1, #100
2:  sub x1, x1, #1
    cbnz x1, 2b
    sub x24, x24, #1
    cbnz x24, 1b
    power_off

// vCPU 1 is switched on, says how it begins, leaves traces in its registers and goes off, again and again.
    .global on_and_off
on_and_off:
1:  adr x2, begins
    mov x1, #1
    mov x3, x24
    psci CPU_ON
    report x0                       // 0: SUCCESS
    mov x1, #1
    psci CPU_ON
    report x0                       // -4: ALREADY_ON
2:  mov x1, #1
    mov x2, #0
    psci AFFINITY_INFO
    cbz x0, 2b
    report x0                       // 1: OFF
    sub x24, x24, #1
    cbnz x24, 1b
    mov x1, #7
    psci CPU_ON
    report x0                       // -2: INVALID_PARAMETERS
    adr x2, begins + 2
    mov x1, #1
    psci CPU_ON
    report x0                       // -9: INVALID_ADDRESS
    power_off
begins:
    report x0
    add x1, x1, x2
    add x1, x1, x3
    add x1, x1, x30
    report x1                       // 0
    mrs x1, currentel
    report x1
    mrs x1, daif
    report x1
    mrs x1, sctlr_el1
    report x1
    mrs x1, vbar_el1
    report x1
    mrs x1, mpidr_el1
    report x1
    mov x1, sp
    report x1
    mov x1, #-1
    mov x2, x1
    mov x3, x1
    mov x30, x1
    mov sp, x1
    msr vbar_el1, x1
    msr tpidr_el1, x1
    msr sp_el0, x1
    msr daifclr, #15
    mov x0, #1
    msr cntv_ctl_el0, x0
    psci CPU_OFF
    note 0xbad

// SYSTEM_RESET while vCPU 1 runs: memory stays, vCPU 1 is off.
    .global reset
reset:
    value x9, DATA
    ldr x10, [x9]
    report x10
    add x10, x10, #1
    str x10, [x9]
    mov x1, #1
    mov x2, #0
    psci AFFINITY_INFO
    report x0
    cmp x10, #4
    b.eq 2f
    adr x2, 1f
    mov x1, #1
    psci CPU_ON
    mov x1, #0x4000
3:  sub x1, x1, #1
    cbnz x1, 3b
    psci SYSTEM_RESET
4:  b 4b
1:  b 1b
2:  power_off

// Two vCPUs in WFI throw an SGI to and fro.
    .global ping_pong
ping_pong:
    mov x19, #0
    start_others ping_pong_started
    b ping_pong_work
ping_pong_started:
    started
ping_pong_work:
    adr x28, vectors
    msr vbar_el1, x28
    mov x0, #0x20
    enable_interrupts x0
    mov x1, #1
    sub x1, x1, x19
    lsl x1, x1, #8
    add x1, x1, #5                  // INTID 5 of the other
    cbnz x19, 2f
1:  send_sgi x1
2:  wfi
    msr daifclr, #2
ping_taken:
    msr daifset, #2
    sub x24, x24, #1
    cbz x24, 3f
    b 1b
3:  cbnz x19, 4f
    power_off
4:  send_sgi x1
    psci CPU_OFF

// A spinning vCPU without YIELD and one that waits in WFE for its SEV.
    .global events
events:
    start_others waits_for_event
1:  mov x1, #200
2:  sub x1, x1, #1
    cbnz x1, 2b
    value x9, DATA
    ldr x10, [x9]
    add x10, x10, #1
    str x10, [x9]
    sev
    ldr x11, [x9, #8]
    cbz x11, 1b
    power_off
waits_for_event:
    started
    value x9, DATA
1:  wfe
    ldr x10, [x9]
    report x10
    sub x24, x24, #1
    cbnz x24, 1b
    mov x10, #1
    str x10, [x9, #8]
    psci CPU_OFF

// vCPU 0 changes a function that vCPU 1 calls in a loop.
    .global cross_patch
cross_patch:
    value x9, DATA + 0x1000
    value x10, 0xd65f03c0d2800020   // MOV X0, #1; RET
    str x10, [x9]
    start_others cross_started
    mov x1, #3000
1:  sub x1, x1, #1
    cbnz x1, 1b
    mov w10, #0x40                  // MOV X0, #2
    movk w10, #0xd280, lsl #16
    str w10, [x9]
2:  wfi
cross_started:
    started
    value x9, DATA + 0x1000
    mov x6, #0
1:  blr x9
    add x6, x6, #1
    cmp x0, #1
    b.eq 1b
    report x0
    cmp x6, #100
    cset x6, hi
    report x6
    power_off

// vCPU 0 moves a page that vCPU 1 reads, and one that it executes, by TLBI of the Inner Shareable domain. The test's tables map
// RAM where it lies; the descriptors of both pages, at 0x10000000 and 0x10001000, are at DATA + 0xe00.
.macro mmu_on
    value x28, 0xff
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
.endm
    .global broadcast
broadcast:
    value x9, DATA + 0x2000
    mov x10, #1
    str x10, [x9]                   // read: 1, then 2
    mov x10, #2
    str x10, [x9, #0x1000]
    mov w10, #0x14000000            // executed: B ., then RET
    str w10, [x9, #0x2000]
    value x10, 0xd65f03c0
    str w10, [x9, #0x3000]
    start_others broadcast_started
    mmu_on
    mov x2, #0
1:  mov x1, #3000
2:  sub x1, x1, #1
    cbnz x1, 2b
    value x9, DATA + 0xe00
    ldr x3, [x9, x2, lsl #3]
    ldr x4, [x3]
    add x4, x4, #0x1000
    str x4, [x3]
    dsb ish
    mov x4, #0x10000
    add x4, x4, x2
    tlbi vae1is, x4
    add x2, x2, #1
    cmp x2, #2
    b.lo 1b
3:  wfi
broadcast_started:
    started
    mmu_on
    mov x9, #0x10000000
1:  ldr x0, [x9]
    cmp x0, #1
    b.eq 1b
    report x0
    add x9, x9, #0x1000
    blr x9
    note 3
    power_off

// What a store-exclusive makes of another vCPU's store in between: to another place, of other bytes, of the same bytes.
    .global between_exclusives
between_exclusives:
    value x9, DATA
    mov x20, #1000
1:  sub x20, x20, #1
    cbnz x20, 1b
    start_others between_started
    mov x20, #3
1:  ldxr x10, [x9]
    yield                           // the other vCPU stores
    stxr w11, x10, [x9]
    report x11
    sub x20, x20, #1
    cbnz x20, 1b
    power_off
between_started:
    started
    value x9, DATA
    str x19, [x9, #512]
    yield
    str x19, [x9]
    yield
    str x19, [x9]
2:  yield
    b 2b

    vector_table
