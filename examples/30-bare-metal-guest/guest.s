// A bare-metal guest: sets a timer, sleeps, and takes the timer's interrupt. It starts at its first word, at EL1, with
// everything masked and the MMU off. `node assemble.mjs` makes guest.ts of it.

        .equ GICD, 0x08000000           // distributor
        .equ GICR_SGI, 0x080b0000       // this vCPU's redistributor, the frame of SGIs and PPIs
        .equ TIMER, 27                  // PPI of the virtual timer
        .equ SYSTEM_OFF, 0x84000008     // PSCI

vectors:                                // VBAR_EL1 points here: 16 entries of 0x80 bytes
        b       start                   // (of an exception that this guest never takes)

        .org    vectors + 0x280         // IRQ, taken at EL1 with SP_EL1
        mrs     x0, icc_iar1_el1        // which one? It is active now
        msr     cntv_ctl_el0, xzr       // the timer stops asking
        msr     icc_eoir1_el1, x0       // done with it
        eret

        .org    vectors + 0x300
start:  adr     x0, vectors
        msr     vbar_el1, x0

        mov     x1, #GICD
        mov     w0, #2
        str     w0, [x1]                // GICD_CTLR.EnableGrp1
        mov     x1, #GICR_SGI
        mov     w0, #1 << TIMER
        str     w0, [x1, #0x80]         // GICR_IGROUPR0: group 1
        str     w0, [x1, #0x100]        // GICR_ISENABLER0
        mov     x0, #0xf0
        msr     icc_pmr_el1, x0         // every priority
        mov     x0, #1
        msr     icc_igrpen1_el1, x0     // group 1

        mov     x1, #1000               // ticks of 16 ns
        msr     cntv_tval_el0, x1
        msr     cntv_ctl_el0, x0        // ENABLE
        msr     daifclr, #2             // IRQs may come
        wfi

        movz    x0, #SYSTEM_OFF >> 16, lsl #16
        movk    x0, #SYSTEM_OFF & 0xffff
        hvc     #0
