/*
 * guest/eoi: writes of ICC_EOIR1_EL1 that end an interrupt each. An end needs an acknowledge before it, and neither comes
 * twice in a row at one priority; so sixteen SGIs to ourselves are taken one within the other, each of a higher priority than
 * the last, and then all of them are ended in one stretch. Only ends are in it: the acknowledges stand outside, and what the
 * reading of the counter costs is subtracted as the empty stretch.
 */
#include "../runtime/gic.h"
#include "../runtime/stretch.h"

#define SGIS 16
#define NESTS 10000
#define ROUNDS 5
/* Group priorities: four bits of eight, which every GICv3 has; SGI 0 the lowest. */
#define PRIORITY(sgi) (0xf0 - 16 * (sgi))

static void take_all(void)
{
  for (unsigned sgi = 0; sgi < SGIS; sgi++) {
    send_sgi(0, sgi);
    u64 taken = acknowledge();
    if (taken != sgi) fail("acknowledged another SGI", taken);
  }
}

/* Both loops are the same but for the write. */
static inline void end_all(void)
{
  u64 sgi = SGIS;
  __asm__ volatile("1: sub %0, %0, #1\n\tmsr S3_0_C12_C12_1, %0\n\tcbnz %0, 1b" : "+r"(sgi) : : "memory");
}

static inline void end_none(void)
{
  u64 sgi = SGIS;
  __asm__ volatile("1: sub %0, %0, #1\n\tcbnz %0, 1b" : "+r"(sgi) : : "memory");
}

static void nests(u64 count)
{
  while (count--) {
    take_all();
    begin(EMPTY);
    end_none();
    end(EMPTY);
    begin(MEASURED);
    end_all();
    end(MEASURED);
  }
}

int main(void)
{
  gic_enable();
  gic_enable_cpu(0);
  for (unsigned sgi = 0; sgi < SGIS; sgi++) gic_enable_private(0, sgi, PRIORITY(sgi));
  warm_up(nests, NESTS / 100, 200);
  for (unsigned round = 0; round < ROUNDS; round++) {
    nests(NESTS);
    report("guest/eoi", (u64)SGIS * NESTS);
  }
  u64 left = acknowledge();
  if (left != SPURIOUS) fail("an SGI is left", left);
  power_off();
}
