/*
 * guest/mmio and guest/gicd: 32-bit reads that a device answers, one the serial port's flags, the other what the GIC says of
 * itself. The loop around them is subtracted.
 */
#include "../runtime/stretch.h"

#define READS 500000
#define ROUNDS 5
#define GICD_TYPER (GICD + 4)

__attribute__((noinline)) static void reads(u64 address, u64 count)
{
  __asm__ volatile("1: ldr w2, [%1]\n\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(count) : "r"(address) : "x2", "cc", "memory");
}

__attribute__((noinline)) static void no_reads(u64 count)
{
  __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(count) : : "cc", "memory");
}

static void measure(const char *name, u64 address)
{
  for (unsigned round = 0; round < ROUNDS; round++) {
    begin(EMPTY);
    no_reads(READS);
    end(EMPTY);
    begin(MEASURED);
    reads(address, READS);
    end(MEASURED);
    report(name, READS);
  }
}

int main(void)
{
#if defined(GUEST_MMIO)
  measure("guest/mmio", UARTFR);
#elif defined(GUEST_GICD)
  measure("guest/gicd", GICD_TYPER);
#endif
  power_off();
}
