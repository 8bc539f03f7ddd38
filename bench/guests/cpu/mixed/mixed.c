/* The rounds of cpu/mixed, and what its parts share. */
#include "mixed.h"

#define ROUNDS 50

const char name[] = "cpu/mixed";

static u64 state = 0x853c49e6748fea9b;

u32 random32(void)
{
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (u32)(state * 0x2545f4914f6cdd1d >> 32);
}

u64 mix(u64 sum, u64 value)
{
  sum = (sum ^ value) * 0xff51afd7ed558ccd;
  return sum ^ sum >> 32;
}

void require(int right, const char *part)
{
  if (!right) fail(part, state);
}

static u64 (*const PARTS[])(void) = {sort, hash, text, matrix, interpreter, list, compress};

u64 work(void)
{
  u64 sum = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned part = 0; part < sizeof PARTS / sizeof *PARTS; part++) sum = mix(sum, PARTS[part]());
  }
  return sum;
}
