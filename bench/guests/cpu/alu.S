/*
 * cpu/alu: registers only, nearly every instruction needs the result of the one before it. Adds, subtracts, logic, shifts and
 * rotates, with shifted operands and immediates; 20 instructions a round.
 */
#define ROUNDS 50000000

        .section .rodata
        .global name
name:   .asciz  "cpu/alu"

        .text
        .balign 64
        .global work
work:
        ldr     x0, =0x9e3779b97f4a7c15
        ldr     x1, =0xbf58476d1ce4e5b9
        ldr     x2, =0x94d049bb133111eb
        ldr     x9, =ROUNDS
1:      add     x0, x0, x1
        eor     x1, x1, x0, lsl #7
        sub     x2, x2, x1, lsr #9
        ror     x0, x0, #23
        eor     x0, x0, x2
        add     x3, x0, #0x5a5
        and     x4, x3, x1
        orr     x5, x4, x2, lsl #3
        lsl     x6, x5, #11
        eor     x2, x2, x6
        lsr     x7, x2, #17
        add     x1, x1, x7
        bic     x3, x1, x0, asr #5
        add     w4, w3, w2
        eor     w5, w4, w4, lsr #15
        sub     x0, x5, x0
        asr     x6, x0, #3
        add     x2, x2, x6
        subs    x9, x9, #1
        b.ne    1b
        eor     x0, x0, x1
        eor     x0, x0, x2
        ret
