/*
 * cpu/fib: the Fibonacci number by two recursive calls, as a compiler writes it without inlining: a frame of four registers,
 * BL, RET. fib(n) makes 2 * fib(n + 1) - 1 calls.
 */
#define N 37

        .section .rodata
        .global name
name:   .asciz  "cpu/fib"

        .text
        .balign 64
        .global work
work:   mov     x0, #N
fib:    cmp     x0, #1
        b.ls    1f
        stp     x29, x30, [sp, #-32]!
        mov     x29, sp
        stp     x19, x20, [sp, #16]
        mov     x19, x0
        sub     x0, x0, #1
        bl      fib
        mov     x20, x0
        sub     x0, x19, #2
        bl      fib
        add     x0, x0, x20
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #32
1:      ret
