/* Text on the serial port, and the end of a guest that went wrong. */
#include "board.h"

#define UARTFR_TXFF (1u << 5)

static void print_char(char c)
{
  while (read32(UARTFR) & UARTFR_TXFF) {
  }
  write32(UARTDR, (u8)c);
}

void print(const char *text)
{
  for (; *text; text++) print_char(*text);
}

void print_decimal(u64 value)
{
  char digits[21];
  unsigned at = sizeof digits - 1;
  digits[at] = 0;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  print(digits + at);
}

void print_hex(u64 value, unsigned digits)
{
  while (digits--) print_char("0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

_Noreturn void fail(const char *what, u64 value)
{
  print("failed: ");
  print(what);
  print(" 0x");
  print_hex(value, 16);
  print("\n");
  power_off();
}

_Noreturn void fatal(u64 vector, u64 esr, u64 elr, u64 far)
{
  print("vector ");
  print_decimal(vector);
  print(" elr 0x");
  print_hex(elr, 16);
  print(" far 0x");
  print_hex(far, 16);
  print("\n");
  fail("exception, esr", esr);
}

__attribute__((weak)) void irq(void) { fail("an interrupt that nobody asked for", read_sysreg(isr_el1)); }

__attribute__((weak)) void second_main(void) { fail("a second vCPU that nobody started", read_sysreg(mpidr_el1)); }
