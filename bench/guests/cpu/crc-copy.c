/*
 * cpu/crc-copy: the CRC-32 of 256 KiB by table, a byte at a time, then four copies of them in a ring of buffers, 64 bytes a
 * round with LDP and STP. Loads that depend on each other beside loads and stores that stream.
 */
#include "../runtime/cpu.h"

#define BYTES 0x40000
#define BUFFERS 3
#define COPIES 4
#define ROUNDS 460
#define POLYNOMIAL 0xedb88320u

const char name[] = "cpu/crc-copy";

static u32 table[256];
static u64 buffers[BUFFERS][BYTES / 8];

static void make_table(void)
{
  for (u32 byte = 0; byte < 256; byte++) {
    u32 crc = byte;
    for (unsigned bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
    table[byte] = crc;
  }
}

static u32 crc32(const u8 *bytes, u64 size)
{
  u32 crc = ~0u;
  for (const u8 *end = bytes + size; bytes < end; bytes++) crc = table[(u8)(crc ^ *bytes)] ^ crc >> 8;
  return ~crc;
}

static void copy(u64 *to, const u64 *from, u64 size)
{
  for (const u64 *end = from + size / 8; from < end; to += 8, from += 8) {
    u64 a, b;
#define PAIR(at)                                                                                     \
  __asm__ volatile("ldp %0, %1, [%2, #" #at "]\n\tstp %0, %1, [%3, #" #at "]"                        \
                   : "=&r"(a), "=&r"(b)                                                              \
                   : "r"(from), "r"(to)                                                              \
                   : "memory")
    PAIR(0);
    PAIR(16);
    PAIR(32);
    PAIR(48);
  }
}

u64 work(void)
{
  make_table();
  u64 value = 1;
  for (unsigned n = 0; n < BYTES / 8; n++) {
    value = value * 6364136223846793005u + 1442695040888963407u;
    buffers[0][n] = value;
  }
  u64 sum = 0;
  unsigned at = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    u32 crc = crc32((const u8 *)buffers[at], BYTES);
    sum = (sum << 7 | sum >> 57) ^ crc;
    for (unsigned n = 0; n < COPIES; n++) {
      unsigned next = at + 1 < BUFFERS ? at + 1 : 0;
      copy(buffers[next], buffers[at], BYTES);
      at = next;
    }
    buffers[at][round] ^= sum;
  }
  return sum;
}
