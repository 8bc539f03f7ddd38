/*
 * QEMU's `virt` board as these guests use it: addresses, the counter, hypercalls, the serial port. No driver configures
 * anything that works without.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define GICD 0x08000000ul
#define GITS 0x08080000ul
#define GICR 0x080a0000ul
#define GICR_STRIDE 0x20000ul
#define UART 0x09000000ul
#define UARTDR (UART + 0x00)
#define UARTFR (UART + 0x18)

/* Where a cpu guest leaves its checksum: below the image, above what loaders use. */
#define CHECKSUM 0x40070000ul

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_ON 0xc4000003u

static inline u32 read32(u64 address) { return *(volatile u32 *)address; }
static inline u64 read64(u64 address) { return *(volatile u64 *)address; }
static inline void write8(u64 address, u8 value) { *(volatile u8 *)address = value; }
static inline void write32(u64 address, u32 value) { *(volatile u32 *)address = value; }
static inline void write64(u64 address, u64 value) { *(volatile u64 *)address = value; }

#define read_sysreg(name) ({ u64 value_; __asm__ volatile("mrs %0, " #name : "=r"(value_)); value_; })
#define write_sysreg(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((u64)(value)) : "memory")

static inline void isb(void) { __asm__ volatile("isb" : : : "memory"); }
static inline void dsb(void) { __asm__ volatile("dsb sy" : : : "memory"); }
static inline void wfi(void) { __asm__ volatile("wfi" : : : "memory"); }
static inline void mask_irq(void) { __asm__ volatile("msr daifset, #2" : : : "memory"); }
static inline void unmask_irq(void) { __asm__ volatile("msr daifclr, #2\n\tisb" : : : "memory"); }

/* The virtual counter, not before everything that stands before it (Arm ARM, D11.2.2: a read may be early without the ISB). */
static inline u64 counter(void)
{
  u64 value;
  __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
  return value;
}

/* SMCCC 1.0 lets the other side change x4 to x17 as well. */
static inline u64 hypercall(u64 function, u64 a, u64 b, u64 c)
{
  register u64 x0 __asm__("x0") = function;
  register u64 x1 __asm__("x1") = a;
  register u64 x2 __asm__("x2") = b;
  register u64 x3 __asm__("x3") = c;
  __asm__ volatile("hvc #0"
                   : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                   :
                   : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
  return x0;
}

/* print.c */
void print(const char *text);
void print_decimal(u64 value);
void print_hex(u64 value, unsigned digits);

/* start.S */
_Noreturn void power_off(void);
void second_start(void);

/* Says what went wrong and switches the machine off. */
_Noreturn void fail(const char *what, u64 value);

/* What the vectors call; the guest's own, when it takes interrupts. */
void irq(void);
void second_main(void);

#endif
