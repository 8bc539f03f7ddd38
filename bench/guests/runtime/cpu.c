/*
 * Runs the work once, from cold, between two readings of the counter, and prints `name checksum=… ticks=… hz=…`. With one
 * tick for each instruction (build.mjs --count) the ticks are the number of instructions.
 */
#include "cpu.h"
#include "stretch.h"

int main(void)
{
  begin(MEASURED);
  u64 checksum = work();
  end(MEASURED);
  write64(CHECKSUM, checksum);
  print(name);
  print(" checksum=");
  print_hex(checksum, 16);
  print(" ticks=");
  print_decimal(stretch_ticks[MEASURED]);
  print(" hz=");
  print_decimal(read_sysreg(cntfrq_el0));
  print("\n");
  power_off();
}
