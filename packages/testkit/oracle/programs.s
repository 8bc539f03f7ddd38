// A program of everything that is about more than one line: labels, data, alignment, literals, expressions with GNU's precedences.
// record.ts assembles it with GNU as at the address that encodings.txt names; what comes out is in programs.txt.
        .equ    DEVICE, 0x09000000
        .set    COUNT, 3
        size = end - start
        .text
        .global start
start:  ldr     x1, =DEVICE             // a word of the pool, shared with the next
        ldr     x2, =0x9000000
        ldr     w3, =-1
        ldr     x4, =message
        adr     x5, message
        adrp    x6, message
        add     x6, x6, :lo12:message
        ldr     w7, [x6, :lo12:table]
        mov     x8, #size
        mov     w9, #(1 << 4) + 2       /* tight before loose: 18 */
        mov     w9, #1 << 2 + 1         ; nop
        mov     w10, #6 & 3 + 8         // (6 & 3) + 8
        mov     w11, #-7 % 4 + ~0 * -5
        movz    w12, #0x84000008 >> 16, lsl #16
        movk    w12, #0x84000008 & 0xffff
1:      cbz     x1, 2f
        sub     x1, x1, #COUNT
        b       1b
2:      tbnz    w1, #3, 1b
        bl      function
        b.ne    2b
        ldr     w0, word
        ldr     x0, doubleword
        b       end
        .set    COUNT, 5
        mov     x0, #COUNT
        .ltorg
word:   .word   0x12345678, word, . - start, 'A'
        .hword  1, 0xffff, -1
        .byte   1, 2, 3
        .balign 8
doubleword:
        .quad   message, 0xffffffffffffffff, -2, doubleword - start
message:
        .ascii  "a \"string\"; // not a comment\n", "\t\\\x41\101"
        .asciz  "end"
        .align  3
function:
        ret
        .byte   9
        .p2align 4
table:  .space  5, 0xaa
        .zero   3
        .fill   2, 4, 0x1234
        .inst   0xd503201f
        .org    start + 0x200
# a line of the preprocessor
end:    ldr     x0, =0x123456789abcdef0
        ldr     w1, =0x89abcdef
        ldrsw   x2, =0x89abcdef
        eret
