// The oracle: a static AArch64 Linux program, without a libc, that executes a few instruction words from a given state and reports the
// state they leave. It runs under any implementation of user-mode Linux on AArch64: `qemu-aarch64 -cpu cortex-a57 oracle`, or a board.
//
// A case enters and leaves through a signal frame: what rt_sigreturn restores is the whole user-visible state (X0-X30, SP, PC, NZCV,
// FPSR, FPCR, V0-V31), and what the next signal saves is the whole state again. So the one loop is the signal handler:
//     signal -> write the frame as a result -> read the next case -> put it into the frame -> rt_sigreturn -> its words -> signal ...
// The words stand in the middle of a page of BRK, and nothing else is mapped near: wherever they branch to, a signal follows, and its
// PC says where. Exception entry and return clear the local exclusive monitor (DDI 0487 B2.9.2), so every case begins with it open.
//
// Not meant for words that never leave (a branch to itself) or that call the kernel (SVC). Records: oracle-process.ts, little-endian.
//   first input: 4096 bytes, what the data window holds before every case
//   case    +0 words, the rest of them BRK (64 * 4), +256 X0-X30, SP, PC, PSTATE (34 * 8), +528 FPSR, FPCR, +536 V0-V31, +1048 TPIDR_EL0
//   result  +0 signal number, si_code (4 + 4), +8 si_addr, +16 X0-X30, SP, PC, PSTATE, +288 FPSR, FPCR, +296 V0-V31, +808 TPIDR_EL0,
//           +816 count of changed doublewords of the window, then for each its offset and value (8 + 8)

        .equ    DATA_PAGE, 0x10000000           // the data window; the pages before and after it are unmapped
        .equ    CODE_PAGE, 0x10010000           // the page of BRK
        .equ    CODE, CODE_PAGE + 0x800         // where the words of a case stand
        .equ    PAGE_SIZE, 4096
        .equ    CASE_SIZE, 1056
        .equ    BRK_0, 0xd4200000

        .equ    SYS_READ, 63
        .equ    SYS_WRITE, 64
        .equ    SYS_EXIT, 93
        .equ    SYS_SIGALTSTACK, 132
        .equ    SYS_RT_SIGACTION, 134
        .equ    SYS_RT_SIGRETURN, 139
        .equ    SYS_MMAP, 222

        // struct ucontext of the Linux AArch64 ABI
        .equ    UC_REGS, 184                    // uc_mcontext.regs[0]; sp, pc and pstate follow regs[30]
        .equ    UC_RESERVED, 464                // uc_mcontext.__reserved: records of {magic, size}
        .equ    FPSIMD_MAGIC, 0x46508001        // struct fpsimd_context: head, fpsr, fpcr, vregs[32]
        .equ    SI_CODE, 8
        .equ    SI_ADDR, 16

        .bss
        .balign 16
stack:  .space  65536                           // of the handler: SP belongs to the case
stack_end:
background:
        .space  PAGE_SIZE
input:  .space  CASE_SIZE
        .balign 16
output: .space  824 + 16 * 512
started:
        .space  8                               // 0 until the first signal, which has no case before it

        .text
        .globl  _start
_start: ldr     x0, =DATA_PAGE
        mov     x2, #3                          // PROT_READ | PROT_WRITE
        bl      map_page
        ldr     x0, =CODE_PAGE
        mov     x2, #7                          // and PROT_EXEC
        bl      map_page
        ldr     x0, =CODE_PAGE
        mov     x1, #(PAGE_SIZE / 4)
        bl      fill_brk

        adr     x0, alternate_stack
        mov     x1, #0
        mov     x8, #SYS_SIGALTSTACK
        svc     #0
        cbnz    x0, failed
        mov     x19, #4                         // SIGILL
        bl      handle
        mov     x19, #5                         // SIGTRAP
        bl      handle
        mov     x19, #7                         // SIGBUS
        bl      handle
        mov     x19, #11                        // SIGSEGV
        bl      handle

        ldr     x0, =background
        mov     x1, #PAGE_SIZE
        bl      read_all
        brk     #0                              // into the handler, from where nobody comes back here

failed: mov     x0, #1
        b       exit
done:   mov     x0, #0
exit:   mov     x8, #SYS_EXIT
        svc     #0

        .balign 8
alternate_stack:                                // stack_t
        .quad   stack, 0, stack_end - stack
action: .quad   handler                         // struct sigaction of the kernel; SA_SIGINFO | SA_ONSTACK
        .quad   0x08000004, 0, 0

// Maps the page at x0 with protection x2 (MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS).
map_page:
        mov     x19, x0
        mov     x1, #PAGE_SIZE
        mov     x3, #0x32
        mov     x4, #-1
        mov     x5, #0
        mov     x8, #SYS_MMAP
        svc     #0
        cmp     x0, x19
        b.ne    failed
        ret

// Installs the handler for signal x19.
handle: mov     x0, x19
        adr     x1, action
        mov     x2, #0
        mov     x3, #8
        mov     x8, #SYS_RT_SIGACTION
        svc     #0
        cbnz    x0, failed
        ret

// Fills x1 words at x0 with BRK #0.
fill_brk:
        ldr     w2, =BRK_0
1:      str     w2, [x0], #4
        subs    x1, x1, #1
        b.ne    1b
        ret

// Reads x1 bytes to x0. The end of the input before the first byte is the end of the work, later it is a failure.
read_all:
        mov     x19, x0
        mov     x20, x1
1:      mov     x0, #0
        mov     x1, x19
        mov     x2, x20
        mov     x8, #SYS_READ
        svc     #0
        cmp     x0, #0
        b.lt    failed
        b.eq    2f
        add     x19, x19, x0
        mov     x21, x0
        subs    x20, x20, x0
        b.ne    1b
        ret
2:      ldr     x0, =input
        cmp     x19, x0
        b.eq    done
        b       failed

// Writes x1 bytes from x0.
write_all:
        mov     x19, x0
        mov     x20, x1
1:      mov     x0, #1
        mov     x1, x19
        mov     x2, x20
        mov     x8, #SYS_WRITE
        svc     #0
        cmp     x0, #0
        b.le    failed
        add     x19, x19, x0
        subs    x20, x20, x0
        b.ne    1b
        ret

// Copies x2 doublewords from x1 to x0.
copy:   ldr     x3, [x1], #8
        str     x3, [x0], #8
        subs    x2, x2, #1
        b.ne    copy
        ret

// x0 = signal number, x1 = siginfo, x2 = ucontext. Everything else is free: the frame holds the case's registers.
handler:
        add     x27, x2, #UC_REGS
        add     x28, x2, #UC_RESERVED
        ldr     w4, =FPSIMD_MAGIC
1:      ldp     w5, w6, [x28]
        cmp     w5, w4
        b.eq    2f
        cbz     w6, failed                      // the end of the records: no FP state in the frame
        add     x28, x28, x6
        b       1b
2:      add     x28, x28, #8                    // FPSR, FPCR, V0-V31

        ldr     x4, =started
        ldr     x5, [x4]
        mov     x6, #1
        str     x6, [x4]
        cbz     x5, next_case

        ldr     x25, =output
        ldr     w3, [x1, #SI_CODE]
        ldr     x4, [x1, #SI_ADDR]
        stp     w0, w3, [x25]
        str     x4, [x25, #8]
        add     x0, x25, #16
        mov     x1, x27
        mov     x2, #34
        bl      copy
        mov     x1, x28
        mov     x2, #65
        bl      copy
        mrs     x3, tpidr_el0
        str     x3, [x25, #808]

        // the window against what it held before: changed doublewords are reported and set right for the next case
        ldr     x9, =DATA_PAGE
        ldr     x10, =background
        mov     x11, #0
        add     x12, x25, #824
3:      ldr     x13, [x9, x11]
        ldr     x14, [x10, x11]
        cmp     x13, x14
        b.eq    4f
        stp     x11, x13, [x12], #16
        str     x14, [x9, x11]
4:      add     x11, x11, #8
        cmp     x11, #PAGE_SIZE
        b.ne    3b
        sub     x13, x12, x25
        sub     x13, x13, #824
        lsr     x13, x13, #4
        str     x13, [x25, #816]
        mov     x0, x25
        sub     x1, x12, x25
        bl      write_all
        b       read_case

next_case:                                      // the first: the window has no content yet
        ldr     x0, =DATA_PAGE
        ldr     x1, =background
        mov     x2, #(PAGE_SIZE / 8)
        bl      copy
read_case:
        ldr     x0, =input
        mov     x1, #CASE_SIZE
        bl      read_all
        ldr     x25, =input

        // Words that stand there already are left alone: changing code costs an emulator more than all the rest.
        ldr     x0, =CODE
        mov     x1, #0
5:      ldr     x2, [x0, x1]
        ldr     x3, [x25, x1]
        cmp     x2, x3
        b.ne    change_words
        add     x1, x1, #8
        cmp     x1, #256
        b.ne    5b

load_state:
        mov     x0, x27
        add     x1, x25, #256
        mov     x2, #34
        bl      copy
        mov     x0, x28
        mov     x2, #65
        bl      copy
        ldr     x3, [x25, #1048]
        msr     tpidr_el0, x3
        mov     x8, #SYS_RT_SIGRETURN           // SP is where the kernel put the frame
        svc     #0

change_words:
        mov     x1, x25
        mov     x2, #32
        bl      copy
        // they become visible to instruction fetch (DDI 0487 B2.4.4)
        ldr     x0, =CODE
        mov     x1, #32
        mov     x2, x0
6:      dc      cvau, x2
        add     x2, x2, #8
        subs    x1, x1, #1
        b.ne    6b
        dsb     ish
        mov     x1, #32
7:      ic      ivau, x0
        add     x0, x0, #8
        subs    x1, x1, #1
        b.ne    7b
        dsb     ish
        isb
        b       load_state
