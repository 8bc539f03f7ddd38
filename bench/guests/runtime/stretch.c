/* Sums of stretches, and nanoseconds for each operation. */
#include "stretch.h"

#define WARM_UP_MS 500

u64 stretch_ticks[2];
u64 stretch_start;

void warm_up(void (*operations)(u64), u64 count, unsigned most)
{
  u64 until = counter() + read_sysreg(cntfrq_el0) / 1000 * WARM_UP_MS;
  while (most-- && counter() < until) operations(count);
  stretch_ticks[MEASURED] = stretch_ticks[EMPTY] = 0;
}

void report_ticks(const char *name, u64 ticks, u64 operations)
{
  u64 hundredths = ticks * 100000000 / (read_sysreg(cntfrq_el0) / 1000) / operations;
  print(name);
  print(" ");
  print_decimal(hundredths / 100);
  print(hundredths % 100 < 10 ? ".0" : ".");
  print_decimal(hundredths % 100);
  print(" ");
  print_decimal(operations);
  print("\n");
}

void report(const char *name, u64 operations)
{
  u64 measured = stretch_ticks[MEASURED], empty = stretch_ticks[EMPTY];
  report_ticks(name, measured > empty ? measured - empty : 0, operations);
  stretch_ticks[MEASURED] = stretch_ticks[EMPTY] = 0;
}
