/*
 * guest/mmio and guest/gicd: 32-bit reads that a device answers, one the serial port's flags, the other what the GIC says of
 * itself. The loop around them is subtracted.
 */
#include "../runtime/stretch.h"

#define READS 500000
#define ROUNDS 5
#define GICD_TYPER (GICD + 4)

#if defined(GUEST_GICD)
#define NAME "guest/gicd"
#define ADDRESS GICD_TYPER
#else
#define NAME "guest/mmio"
#define ADDRESS UARTFR
#endif

__attribute__((noinline)) static void reads(u64 count)
{
  __asm__ volatile("1: ldr w2, [%1]\n\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(count) : "r"(ADDRESS) : "x2", "cc", "memory");
}

__attribute__((noinline)) static void no_reads(u64 count)
{
  __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(count) : : "cc", "memory");
}

int main(void)
{
  warm_up(reads, READS / 10, 100);
  for (unsigned round = 0; round < ROUNDS; round++) {
    begin(EMPTY);
    no_reads(READS);
    end(EMPTY);
    begin(MEASURED);
    reads(READS);
    end(MEASURED);
    report(NAME, READS);
  }
  power_off();
}
