/*
 * A stretch is what stands between two readings of the counter. There are two kinds: MEASURED has the operations in it, EMPTY
 * the same without them; report() prints the difference for each operation. Any number of stretches of a kind add up.
 *
 * A hypercall from a vendor's range that nobody has to answer (NOT_SUPPORTED is fine) tells the host of both ends, so that a
 * host whose guest time is not host time can measure as well. It stands outside of the two readings.
 */
#ifndef STRETCH_H
#define STRETCH_H

#include "board.h"

/* SMC64, vendor specific hypervisor service (Arm DEN 0028, "Function identifier"): + 2 * kind begins, + 1 ends. */
#define MARK 0xc6000000u

enum kind { EMPTY, MEASURED };

extern u64 stretch_ticks[2];
extern u64 stretch_start;

static inline void begin(enum kind kind)
{
  hypercall(MARK + 2 * kind, 0, 0, 0);
  stretch_start = counter();
}

static inline void end(enum kind kind)
{
  u64 now = counter();
  stretch_ticks[kind] += now - stretch_start;
  hypercall(MARK + 2 * kind + 1, 0, 0, 0);
}

/*
 * Runs `operations(count)` until everything that is compiled on the way is compiled, be it by time (WARM_UP_MS of the counter)
 * or `most` times, where the counter counts instructions.
 */
void warm_up(void (*operations)(u64), u64 count, unsigned most);

/* Prints `name nanoseconds operations`, and forgets the stretches. */
void report(const char *name, u64 operations);
/* The same for ticks that were counted in another way. */
void report_ticks(const char *name, u64 ticks, u64 operations);

#endif
