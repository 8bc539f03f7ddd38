/* guest/hypercall: PSCI_VERSION by HVC, the cheapest call there is. The loop around it is subtracted. */
#include "../runtime/stretch.h"

#define CALLS 500000
#define ROUNDS 5

__attribute__((noinline)) static void calls(u64 count)
{
  __asm__ volatile("1: mov x0, %1\n\thvc #0\n\tsubs %0, %0, #1\n\tb.ne 1b"
                   : "+r"(count)
                   : "r"((u64)PSCI_VERSION)
                   : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                     "cc", "memory");
}

__attribute__((noinline)) static void no_calls(u64 count)
{
  __asm__ volatile("1: mov x0, %1\n\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(count) : "r"((u64)PSCI_VERSION) : "x0", "cc", "memory");
}

int main(void)
{
  u64 version = hypercall(PSCI_VERSION, 0, 0, 0);
  if (version >> 16 > 1 || version == 0) fail("PSCI_VERSION", version);
  warm_up(calls, CALLS / 10, 100);
  for (unsigned round = 0; round < ROUNDS; round++) {
    begin(EMPTY);
    no_calls(CALLS);
    end(EMPTY);
    begin(MEASURED);
    calls(CALLS);
    end(MEASURED);
    report("guest/hypercall", CALLS);
  }
  power_off();
}
