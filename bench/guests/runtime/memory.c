/* The three functions the compiler may call by itself. Eight bytes at a time where both ends allow it; nothing measures them. */
#include <stddef.h>
#include "board.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
  u8 *t = to;
  const u8 *f = from;
  if ((((u64)t | (u64)f) & 7) == 0) {
    for (; size >= 8; size -= 8, t += 8, f += 8) *(u64 *)t = *(const u64 *)f;
  }
  while (size--) *t++ = *f++;
  return to;
}

void *memset(void *to, int byte, size_t size)
{
  u8 *t = to;
  while (size--) *t++ = (u8)byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
  const u8 *x = a, *y = b;
  for (; size--; x++, y++) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}
