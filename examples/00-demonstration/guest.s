// A guest for two vCPUs that takes one interrupt of each kind and says so on a PL011. vCPU 0 begins at the first word, at EL1, with
// everything masked and the MMU off; it starts vCPU 1 by PSCI.
//
// IRQs stay masked but for the moment in `take`, so that none can slip in between asking for it and waiting for it. The handler leaves
// what it took in x19; x1 is always the UART, x28 the device, x20 this vCPU's redistributor.

        .equ    UART, 0x09000000
        .equ    DR, 0x00                // data register
        .equ    FR, 0x18                // flag register
        .equ    TXFF, 5                 // … its bit "transmit FIFO full"
        .equ    CR, 0x30                // control register
        .equ    BEACON, 0x0a000000      // the device of beacon.ts
        .equ    TICK_AFTER, 0x0
        .equ    STATUS, 0x4
        .equ    SEND_AFTER, 0x8
        .equ    DOORBELL, 0x1000        // behind it, an address that is an eventfd
        .equ    GICD, 0x08000000        // distributor
        .equ    GICR, 0x080a0000        // redistributor of vCPU 0; the next one's is 0x20000 further
        .equ    GITS, 0x08080000        // interrupt translation service
        .equ    CALL, 1                 // INTIDs: an SGI,
        .equ    TIMER, 27               // the virtual timer's PPI,
        .equ    TICK, 34                // SPI 2, level,
        .equ    RING, 35                // SPI 3, edge,
        .equ    MESSAGE, 8197           // an LPI: event 2 of device 8
        .equ    EVENT, 2
        .equ    DEVICE, 8
        .equ    CONFIG, 0x40100000      // the LPIs' configuration, a byte each, and whether they are pending
        .equ    PENDING, 0x40110000
        .equ    DEVICES, 0x40120000     // the ITS's tables
        .equ    COLLECTIONS, 0x40130000
        .equ    ITT, 0x40140000
        .equ    VALID, 1 << 63

        .equ    SYSTEM_OFF, 0x84000008  // PSCI
        .equ    CPU_OFF, 0x84000002
        .equ    CPU_ON, 0xc4000003

vectors:
        b       start                   // (of an exception that this guest never takes)

        .org    vectors + 0x280         // IRQ, taken at EL1 with SP_EL1
        mrs     x19, icc_iar1_el1       // which one? It is active now
        cmp     x19, #TIMER
        b.ne    1f
        msr     cntv_ctl_el0, xzr       // the timer stops asking
1:      cmp     x19, #TICK
        b.ne    2f
        mov     w17, #1
        str     w17, [x28, #STATUS]     // the device has nothing to report any more
2:      msr     icc_eoir1_el1, x19      // done with it
        eret

// ---------------------------------------------------------------------------------------------------------------------- vCPU 0
start:  ldr     x20, =GICR
        bl      ready
        mov     w0, #0x301              // UARTEN, TXE, RXE
        str     w0, [x1, #CR]
        adr     x2, hello
        bl      print

        ldr     x2, =GICD
        mov     w0, #2
        str     w0, [x2]                // GICD_CTLR.EnableGrp1
        mov     w0, #-1
        str     w0, [x2, #0x84]         // GICD_IGROUPR1: SPIs in group 1
        mov     w0, #0x80
        str     w0, [x2, #0xc08]        // GICD_ICFGR2: RING senses edges
        str     xzr, [x2, #0x6000 + 8 * TICK] // GICD_IROUTER: to vCPU 0
        str     xzr, [x2, #0x6000 + 8 * RING]
        mov     w0, #1 << (TICK - 32) | 1 << (RING - 32)
        str     w0, [x2, #0x104]        // GICD_ISENABLER1

        mov     x0, #1250               // 1. a timer, in ticks of 16 ns
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        bl      take
        adr     x2, timer
        bl      tell

        ldr     x0, =CPU_ON             // 2. another vCPU
        mov     x1, #1                  //    its affinity,
        adr     x2, second              //    where it begins,
        ldr     x3, =GICR + 0x20000     //    and what it finds in x0
        hvc     #0
        ldr     x1, =UART
        mov     w0, #1
        bl      await                   //    it can be called now
        ldr     x0, =CALL << 24 | 1 << 1
        msr     icc_sgi1r_el1, x0
        mov     w0, #2
        bl      await                   //    it has been

        mov     w0, #10000              // 3. a device's tick, 10 µs from now
        str     w0, [x28, #TICK_AFTER]
        bl      take
        adr     x2, tick
        bl      tell

        str     w0, [x28, #DOORBELL]    // 4. a doorbell
        bl      take
        adr     x2, ring
        bl      tell

        bl      its               // 5. a message, 10 µs from now
        mov     w0, #10000
        str     w0, [x28, #SEND_AFTER]
        bl      take
        adr     x2, mail
        bl      tell

        ldr     x0, =SYSTEM_OFF
        hvc     #0

// ---------------------------------------------------------------------------------------------------------------------- vCPU 1
second: mov     x20, x0
        bl      ready
        mov     w0, #1
        bl      post
        bl      take
        adr     x2, call
        bl      tell
        mov     w0, #2
        bl      post
        ldr     x0, =CPU_OFF
        hvc     #0

// ------------------------------------------------------------------------------------------------------------------------ both
ready:  ldr     x1, =UART               // vectors, and this vCPU's part of the GIC
        ldr     x28, =BEACON
        adr     x0, vectors
        msr     vbar_el1, x0
        add     x2, x20, #0x10000       // the frame of SGIs and PPIs
        mov     w0, #-1
        str     w0, [x2, #0x80]         // GICR_IGROUPR0: SGIs and PPIs in group 1
        ldr     w0, =1 << TIMER | 1 << CALL
        str     w0, [x2, #0x100]        // GICR_ISENABLER0
        mov     x0, #0xf0
        msr     icc_pmr_el1, x0         // every priority
        mov     x0, #1
        msr     icc_igrpen1_el1, x0     // group 1
        isb
        ret

take:   mov     x19, xzr                // the next interrupt, into x19
1:      wfi                             // wakes, masked or not
        msr     daifclr, #2
        isb
        msr     daifset, #2
        cbz     x19, 1b
        ret

post:   adr     x2, word                // w0 for the other vCPU
        str     w0, [x2]
        dsb     sy
        sev
        ret

await:  adr     x2, word                // until the other has posted w0
1:      ldr     w3, [x2]
        cmp     w3, w0
        b.eq    2f
        wfe
        b       1b
2:      ret

// ------------------------------------------------------------------------------------------------------------------ LPIs, the ITS
its:    ldr     x2, =CONFIG
        mov     w0, #0xa1               // priority 0xa0, enabled
        strb    w0, [x2, #MESSAGE - 8192]
        ldr     x0, =CONFIG | 13        // 14 bits of INTID
        str     x0, [x20, #0x70]        // GICR_PROPBASER
        ldr     x0, =1 << 62 | PENDING  // it is zero
        str     x0, [x20, #0x78]        // GICR_PENDBASER
        mov     w0, #1
        str     w0, [x20]               // GICR_CTLR.EnableLPIs

        ldr     x2, =GITS
        ldr     x0, =VALID | DEVICES
        str     x0, [x2, #0x100]        // GITS_BASER0
        ldr     x0, =VALID | COLLECTIONS
        str     x0, [x2, #0x108]        // GITS_BASER1
        ldr     x0, =VALID | commands
        str     x0, [x2, #0x80]         // GITS_CBASER: a page of commands, written already
        mov     w0, #1
        str     w0, [x2]                // GITS_CTLR.Enabled
        mov     x0, #4 * 32
        str     x0, [x2, #0x88]         // GITS_CWRITER: go
1:      ldr     x3, [x2, #0x90]         // GITS_CREADR: gone
        cmp     x3, x0
        b.ne    1b
        ret

// ------------------------------------------------------------------------------------------------------------------------ words
tell:   mov     x11, lr                 // "INTID …", and the text at x2
        mov     x12, x2
        adr     x2, took
        bl      print
        bl      number
        mov     x2, x12
        bl      print
        ret     x11

print:  mov     x9, lr                  // the string at x2, up to a zero
1:      ldrb    w3, [x2], #1
        cbz     w3, 2f
        bl      put
        b       1b
2:      ret     x9

number: mov     x9, lr                  // x19, in decimal
        mov     x4, x19
        mov     x5, #1                  // the highest power of ten in it
        mov     x6, #10
1:      mul     x7, x5, x6
        cmp     x7, x4
        b.hi    2f
        mov     x5, x7
        b       1b
2:      udiv    x3, x4, x5
        msub    x4, x3, x5, x4
        add     w3, w3, #'0'
        bl      put
        udiv    x5, x5, x6
        cbnz    x5, 2b
        ret     x9

put:    ldr     w10, [x1, #FR]          // the byte in w3
        tbnz    w10, #TXFF, put
        strb    w3, [x1, #DR]
        ret

hello:  .asciz  "guest: hello from an AArch64 guest on two vCPUs\n"
took:   .asciz  "guest: INTID "
timer:  .asciz  ", my timer\n"
call:   .asciz  ", vCPU 0 calls vCPU 1\n"
tick:   .asciz  ", the device has ticked\n"
ring:   .asciz  ", the doorbell that I rang\n"
mail:   .asciz  ", a message of the device\n"

        .balign 4
word:   .word   0
        .ltorg

        .balign 4096
commands:
        .quad   0x09, 0, VALID, 0                                       // MAPC: collection 0 is vCPU 0
        .quad   DEVICE << 32 | 0x08, 4, VALID | ITT, 0                  // MAPD: the device has 32 events
        .quad   DEVICE << 32 | 0x0a, MESSAGE << 32 | EVENT, 0, 0        // MAPTI: one of them is the LPI, in collection 0
        .quad   DEVICE << 32 | 0x0c, EVENT, 0, 0                        // INV: its configuration has changed
