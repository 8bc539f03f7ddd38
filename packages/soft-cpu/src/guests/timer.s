// Guests of timer.int.spec.ts: counter and timers against the machine's clock, on which an instruction takes 1 ns and a tick 16. The test
// knows the time of each line.
    .include "board.inc"

    .equ ENABLE, 1
    .equ IMASK, 2

// Waits for \timer (cntv or cntp) in a loop of its own: the interrupt comes exactly when the counter gets there.
.macro deadline timer, intid, ticks
    mov x0, #(1 << (\intid - 16))
    lsl x0, x0, #16
    enable_interrupts x0
    mrs x1, cntvct_el0
    add x1, x1, #\ticks
    msr \timer\()_cval_el0, x1
    mov x0, #ENABLE
    msr \timer\()_ctl_el0, x0
    lsl x1, x1, #4                  // ns
    report x1
    msr daifclr, #2
.endm

    .global virtual_deadline
virtual_deadline:
    rounds
    deadline cntv, 27, 50
virtual_wait:
    mrs x0, cntv_ctl_el0
    tbz x0, #1, virtual_wait        // the handler sets IMASK
    msr daifset, #2
    again

    .global physical_deadline
physical_deadline:
    rounds
    deadline cntp, 30, 1000
    mov x2, #0
physical_wait:
    add x2, x2, #1
    add x3, x3, x2
    eor x4, x4, x3
    mrs x0, cntp_ctl_el0
    tbz x0, #1, physical_wait
    msr daifset, #2
    again

// A loop without anything that looks outside: only its budget can end it.
    .global busy_deadline
busy_deadline:
    rounds
    mov x5, #0
    adr x0, busy_vectors
    msr vbar_el1, x0
    deadline cntv, 27, 3000
busy_wait:
    add x2, x2, #1
    cbz x5, busy_wait
    msr daifset, #2
    again

// CompareValue exactly now, in the past, and out of reach.
    .global past
past:
    rounds
    mov x0, #0x08000000
    enable_interrupts x0
    mrs x1, cntvct_el0
    msr cntv_cval_el0, x1
    mov x0, #ENABLE
    msr daifclr, #2
    msr cntv_ctl_el0, x0
past_here:
    note 1
    msr daifset, #2
    msr cntv_cval_el0, xzr
    msr cntv_ctl_el0, x0
    mrs x0, isr_el1
    report x0
    mov x0, #-1
    msr cntv_cval_el0, x0           // as far ahead as can be: the level drops
    mrs x0, isr_el1
    report x0
    mrs x0, cntv_ctl_el0
    report x0
    msr cntv_ctl_el0, xzr
    again

// IMASK: ISTATUS without an interrupt; TVAL counts down, and below zero.
    .global masked
masked:
    rounds
    mov x0, #0x08000000
    enable_interrupts x0
    mov x0, #100
    msr cntv_tval_el0, x0
    mov x0, #(ENABLE | IMASK)
    msr cntv_ctl_el0, x0
    msr daifclr, #2
1:  mrs x0, cntv_ctl_el0
    tbz x0, #2, 1b
    report x0
    mov x1, #2000
2:  sub x1, x1, #1
    cbnz x1, 2b
    mrs x0, cntv_tval_el0
    asr w0, w0, #31
    uxtw x0, w0
    report x0                       // below zero
    mov x0, #ENABLE
    msr cntv_ctl_el0, x0
masked_opened:
    note 2
    msr daifset, #2
    again

// WFI: time jumps to the deadline; then to that of the other timer.
    .global wait_jump
wait_jump:
    rounds
    mov x0, #0x48000000
    enable_interrupts x0
    mrs x1, cntvct_el0
    mov x2, #50000
    add x3, x1, x2
    add x2, x3, x2
    msr cntv_cval_el0, x3
    msr cntp_cval_el0, x2
    mov x0, #ENABLE
    msr cntv_ctl_el0, x0
    msr cntp_ctl_el0, x0
    lsl x3, x3, #4
    report x3
    lsl x2, x2, #4
    report x2
    msr daifclr, #2
    wfi
jump_first:
    wfi
jump_second:
    msr daifset, #2
    again

// WFE and the event stream: bit 3 of the counter rises every 16 ticks.
    .global event_stream
event_stream:
    rounds
    mov x0, #0x34                   // EVNTI 3, EVNTEN
    msr cntkctl_el1, x0
    sevl
    wfe                             // takes the event
    mov x2, #4
1:  wfe
    mrs x1, cntvct_el0
    and x1, x1, #0xf
    report x1
    sub x2, x2, #1
    cbnz x2, 1b
    msr cntkctl_el1, xzr
    again

// The counter after so many instructions, read in a hot loop.
    .global counting
counting:
    rounds
    mrs x0, cntvct_el0
    mov x1, #160
1:  mrs x3, cntvct_el0
    add x4, x4, x3
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    add x4, x4, #1
    sub x1, x1, #1
    cbnz x1, 1b                     // 16 instructions: a tick
    mrs x2, cntvct_el0
    sub x2, x2, x0
    report x2
    again

// Each vCPU has timers of its own: both wait for theirs, vCPU n for 1000 * (n + 1) ticks, and report.
    .global both_cpus
both_cpus:
    mrs x19, mpidr_el1
    and x19, x19, #0xff
    cbnz x19, 1f
    movz x0, #0xc400, lsl #16       // CPU_ON
    movk x0, #3
    mov x1, #1
    adr x2, both_cpus
    mov x3, #0
    hvc #0
    report x0
1:  adr x28, vectors
    msr vbar_el1, x28
    mov x0, #0x08000000
    enable_interrupts x0
    mov x20, #4
2:  mrs x1, cntvct_el0
    mov x2, #1000
    madd x1, x2, x19, x1
    add x1, x1, x2
    msr cntv_cval_el0, x1
    mov x0, #ENABLE
    msr cntv_ctl_el0, x0
    lsl x1, x1, #4
    report x1
    msr daifclr, #2
    wfi
both_woken:
    msr daifset, #2
    sub x20, x20, #1
    cbnz x20, 2b
    cbnz x19, 4f
3:  movz x0, #0xc400, lsl #16       // AFFINITY_INFO, until it is off
    movk x0, #4
    mov x1, #1
    mov x2, #0
    hvc #0
    cbz x0, 3b
    power_off
4:  movz x0, #0x8400, lsl #16       // CPU_OFF
    movk x0, #2
    hvc #0

    vector_table

    .balign 0x800, 0
busy_vectors:
    .space 0x280
    acknowledge x28
    taken x28
    mov x5, #1
    b after_interrupt
