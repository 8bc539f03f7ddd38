/*
 * cpu/mixed: seven kinds of ordinary C, a round of each in turn. Every part takes what it needs of the random numbers, checks
 * its own result as far as it can, and returns a checksum.
 */
#ifndef MIXED_H
#define MIXED_H

#include "../../runtime/cpu.h"

/* xorshift64*, the upper half. */
u32 random32(void);
/* A number made of the checksum so far and one more value. */
u64 mix(u64 sum, u64 value);
/* Ends the guest when a part finds its own result wrong. */
void require(int right, const char *part);

u64 sort(void);
u64 hash(void);
u64 text(void);
u64 matrix(void);
u64 interpreter(void);
u64 list(void);
u64 compress(void);

#endif
