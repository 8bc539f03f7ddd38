/*
 * Power-on to main() at EL1 on every vCPU: MMU and caches on, vectors, a stack. The map is flat, in two 1 GiB blocks of the
 * 4 KiB granule (Arm ARM DDI 0487, D8.3): 0 to 1 GiB Device-nGnRE and never executed, 1 to 2 GiB Normal Write-Back, Inner
 * Shareable. No EL0, no FP, no demand paging, no cache maintenance by set and way: this runs in virtual machines only.
 */

#define STACK_BYTES 0x4000
#define PSCI_SYSTEM_OFF 0x84000008

#define BLOCK_VALID (1 << 0)
#define BLOCK_NORMAL (1 << 2)             /* MAIR_EL1.Attr1 */
#define BLOCK_INNER_SHAREABLE (3 << 8)
#define BLOCK_ACCESSED (1 << 10)
#define BLOCK_NEVER_EXECUTE (3 << 53)     /* UXN, PXN */

#define MAIR 0xff04                       /* Attr1 Normal Write-Back, Attr0 Device-nGnRE */
/* T0SZ 25: 39 bits, so that the walk begins with level 1; TTBR0 Write-Back, Inner Shareable; no walks of TTBR1; 40-bit IPA. */
#define TCR ((2 << 32) | (1 << 23) | (3 << 12) | (1 << 10) | (1 << 8) | 25)
#define SCTLR_RES1 ((3 << 28) | (3 << 22) | (1 << 20) | (1 << 11))
#define SCTLR_M_C_SA_I ((1 << 0) | (1 << 2) | (1 << 3) | (1 << 12))
#define SCTLR (SCTLR_RES1 | SCTLR_M_C_SA_I)

        .macro  load_constant reg, value
        movz    \reg, #((\value) & 0xffff)
        movk    \reg, #(((\value) >> 16) & 0xffff), lsl #16
        movk    \reg, #(((\value) >> 32) & 0xffff), lsl #32
        movk    \reg, #(((\value) >> 48) & 0xffff), lsl #48
        .endm

        .section .text.start, "ax"
        .global _start
_start:
        msr     daifset, #0xf
        ldr     x1, =__bss_start
        ldr     x2, =__bss_end
1:      cmp     x1, x2
        b.hs    2f
        stp     xzr, xzr, [x1], #16
        b       1b
2:      ldr     x1, =translation_table
        load_constant x2, BLOCK_NEVER_EXECUTE | BLOCK_ACCESSED | BLOCK_VALID
        str     x2, [x1]
        load_constant x2, (1 << 30) | BLOCK_ACCESSED | BLOCK_INNER_SHAREABLE | BLOCK_NORMAL | BLOCK_VALID
        str     x2, [x1, #8]
        bl      enter_translation
        ldr     x1, =first_stack + STACK_BYTES
        mov     sp, x1
        bl      main
        .global power_off
power_off:
        load_constant x0, PSCI_SYSTEM_OFF
        hvc     #0
        b       power_off

/* Where PSCI CPU_ON sends the second vCPU; it calls second_main(), which never returns. */
        .text
        .global second_start
second_start:
        msr     daifset, #0xf
        bl      enter_translation
        ldr     x1, =second_stack + STACK_BYTES
        mov     sp, x1
        bl      second_main
        b       .

enter_translation:
        ldr     x1, =vectors
        msr     vbar_el1, x1
        ldr     x1, =translation_table
        msr     ttbr0_el1, x1
        load_constant x1, MAIR
        msr     mair_el1, x1
        load_constant x1, TCR
        msr     tcr_el1, x1
        dsb     sy
        tlbi    vmalle1
        ic      iallu
        dsb     sy
        isb
        load_constant x1, SCTLR
        msr     sctlr_el1, x1
        isb
        ret

/* Vectors: IRQ from EL1 with SP_EL1 goes to irq(), everything else to fatal(vector, ESR, ELR, FAR). */
        .macro  entry number
        .balign 128
        mov     x0, #\number
        mrs     x1, esr_el1
        mrs     x2, elr_el1
        mrs     x3, far_el1
        b       fatal
        .endm

        .balign 2048
vectors:
        entry   0
        entry   1
        entry   2
        entry   3
        entry   4
        .balign 128                       /* 5: IRQ, current EL with SP_ELx */
        stp     x0, x1, [sp, #-160]!
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x30, [sp, #144]
        bl      irq
        b       return_from_irq
        entry   6
        entry   7
        entry   8
        entry   9
        entry   10
        entry   11
        entry   12
        entry   13
        entry   14
        entry   15
        .balign 128

return_from_irq:
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x30, [sp, #144]
        ldp     x0, x1, [sp], #160
        eret

        .bss
        .balign 4096
translation_table:
        .space  4096
first_stack:
        .space  STACK_BYTES
second_stack:
        .space  STACK_BYTES
