/*
 * guest/lpi: an LPI from the ITS's INT command to its end: the write of GITS_CWRITER, the read of ICC_IAR1_EL1 that gives it,
 * the write of ICC_EOIR1_EL1. Writing the command into the queue happens in the empty stretch as well. (GITS_TRANSLATER would
 * need a device as its sender.) Tables have the sizes that Linux gives them on this board: 16 bits of INTID.
 */
#include "../runtime/gic.h"
#include "../runtime/stretch.h"

#define LPIS 2000
#define ROUNDS 5
#define INTID 8192
#define DEVICE 8
#define EVENT 2
#define INTID_BITS 16
#define EVENT_BITS 5

#define GICR_CTLR (GICR + 0x00)
#define GICR_TYPER (GICR + 0x08)
#define GICR_PROPBASER (GICR + 0x70)
#define GICR_PENDBASER (GICR + 0x78)
#define GITS_CTLR (GITS + 0x00)
#define GITS_TYPER (GITS + 0x08)
#define GITS_CBASER (GITS + 0x80)
#define GITS_CWRITER (GITS + 0x88)
#define GITS_CREADR (GITS + 0x90)
#define GITS_BASER(n) (GITS + 0x100 + 8 * (n))

#define VALID (1ul << 63)
#define TABLE_BYTES 0x10000
#define PAGE_64K (2ul << 8)
/* Inner Shareable, Normal Write-Back: the same places in GICR_*BASER; GITS_* have the cacheability at 59. */
#define GICR_NORMAL (1ul << 10 | 7ul << 7)
#define GITS_NORMAL (1ul << 10 | 7ul << 59)

enum { INT = 0x03, SYNC = 0x05, MAPD = 0x08, MAPC = 0x09, MAPTI = 0x0a, INV = 0x0c };

typedef u64 table[TABLE_BYTES / 8] __attribute__((aligned(TABLE_BYTES)));

static table configuration, pending, devices, collections, queue, translation;
static u64 write_at;

#define QUEUE_BYTES 0x1000

static inline void put(u64 word0, u64 word1, u64 word2)
{
  volatile u64 *command = &queue[write_at / 8];
  command[0] = word0;
  command[1] = word1;
  command[2] = word2;
  command[3] = 0;
  dsb();
  write_at = (write_at + 32) % QUEUE_BYTES;
}

static void command(u64 word0, u64 word1, u64 word2)
{
  put(word0, word1, word2);
  write64(GITS_CWRITER, write_at);
  for (u64 deadline = counter() + read_sysreg(cntfrq_el0); read64(GITS_CREADR) != write_at;) {
    if (counter() > deadline) fail("the ITS does not go on at", read64(GITS_CREADR));
  }
}

static void set_up(void)
{
  *(volatile u8 *)configuration = 0xa0 | 1; /* priority, enabled: LPI 8192 */
  write64(GICR_PROPBASER, (u64)configuration | GICR_NORMAL | (INTID_BITS - 1));
  write64(GICR_PENDBASER, 1ul << 62 | (u64)pending | GICR_NORMAL);
  write32(GICR_CTLR, 1);
  for (unsigned n = 0; n < 8; n++) {
    u64 type = read64(GITS_BASER(n)) >> 56 & 7;
    if (type == 1) write64(GITS_BASER(n), VALID | (u64)devices | GITS_NORMAL | PAGE_64K);
    if (type == 4) write64(GITS_BASER(n), VALID | (u64)collections | GITS_NORMAL | PAGE_64K);
  }
  write64(GITS_CBASER, VALID | (u64)queue | GITS_NORMAL);
  write64(GITS_CWRITER, 0);
  write32(GITS_CTLR, 1);
  u64 target = read64(GITS_TYPER) >> 19 & 1 ? GICR : (read64(GICR_TYPER) >> 8 & 0xffff) << 16;
  command(MAPD | (u64)DEVICE << 32, EVENT_BITS - 1, VALID | (u64)translation);
  command(MAPC, 0, VALID | target);
  command(MAPTI | (u64)DEVICE << 32, EVENT | (u64)INTID << 32, 0);
  command(INV | (u64)DEVICE << 32, EVENT, 0);
  command(SYNC, 0, target);
}

__attribute__((noinline)) static void interrupts(u64 count)
{
  while (count--) {
    put(INT | (u64)DEVICE << 32, EVENT, 0);
    write64(GITS_CWRITER, write_at);
    u64 intid;
    do intid = acknowledge();
    while (intid == SPURIOUS);
    if (intid != INTID) fail("acknowledged", intid);
    end_of_interrupt(intid);
  }
}

__attribute__((noinline)) static void no_interrupts(u64 count)
{
  u64 kept = write_at;
  while (count--) {
    put(INT | (u64)DEVICE << 32, EVENT, 0);
    dsb();
    isb();
  }
  write_at = kept;
}

int main(void)
{
  gic_enable();
  gic_enable_cpu(0);
  set_up();
  warm_up(interrupts, LPIS / 100, 1000);
  for (unsigned round = 0; round < ROUNDS; round++) {
    begin(EMPTY);
    no_interrupts(LPIS);
    end(EMPTY);
    begin(MEASURED);
    interrupts(LPIS);
    end(MEASURED);
    report("guest/lpi", LPIS);
  }
  power_off();
}
