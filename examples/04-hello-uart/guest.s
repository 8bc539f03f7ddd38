// Says hello on a PL011 and switches the machine off. It begins at its first word, at EL1, with the MMU off.

        .equ    UART, 0x09000000
        .equ    DR, 0x00                // data register
        .equ    FR, 0x18                // flag register
        .equ    TXFF, 5                 // … its bit "transmit FIFO full"
        .equ    CR, 0x30                // control register
        .equ    SYSTEM_OFF, 0x84000008  // PSCI

start:  ldr     x1, =UART
        mov     w0, #0x301              // UARTEN, TXE, RXE
        str     w0, [x1, #CR]
        mrs     x4, midr_el1            // which CPU is this?
        adr     x2, greeting
        bl      print
        ubfx    x0, x4, #4, #12         // its part number, in hexadecimal
        mov     w5, #3
digit:  ubfx    w6, w0, #8, #4
        lsl     w0, w0, #4
        cmp     w6, #10
        add     w7, w6, #'0'
        add     w8, w6, #'a' - 10
        csel    w3, w7, w8, lo
        bl      put
        subs    w5, w5, #1
        b.ne    digit
        mov     w3, #'\n'
        bl      put
        ldr     w0, =SYSTEM_OFF
        hvc     #0

print:  mov     x9, lr                  // the string at x2, up to a zero
1:      ldrb    w3, [x2], #1
        cbz     w3, 2f
        bl      put
        b       1b
2:      ret     x9

put:    ldr     w10, [x1, #FR]          // the byte in w3
        tbnz    w10, #TXFF, put
        strb    w3, [x1, #DR]
        ret

greeting:
        .asciz  "hello, this is A64 code on part 0x"
