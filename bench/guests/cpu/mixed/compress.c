/*
 * Dictionary compression of 32 KiB and back: matches of 4 … 67 bytes found through a table of hashes, written bit by bit.
 * Unaligned loads, bit fields, byte copies that overlap. 110 KiB.
 */
#include "mixed.h"

#define BYTES 32768
#define HASHES 4096
#define LEAST 4
#define MOST 67

static u8 plain[BYTES], again[BYTES], packed[2 * BYTES];
static int32_t last[HASHES];

struct bits {
  u8 *at;
  u64 held;
  unsigned count;
};

static void put(struct bits *to, u32 value, unsigned width)
{
  to->held |= (u64)value << to->count;
  for (to->count += width; to->count >= 8; to->count -= 8, to->held >>= 8) *to->at++ = (u8)to->held;
}

static u32 get(struct bits *from, unsigned width)
{
  for (; from->count < width; from->count += 8) from->held |= (u64)*from->at++ << from->count;
  u32 value = (u32)(from->held & ((1ul << width) - 1));
  from->held >>= width;
  from->count -= width;
  return value;
}

static u32 four(const u8 *at)
{
  u32 value;
  __builtin_memcpy(&value, at, 4);
  return value;
}

__attribute__((noinline)) static u32 pack(void)
{
  struct bits to = {packed, 0, 0};
  for (u32 n = 0; n < HASHES; n++) last[n] = -1;
  for (u32 at = 0; at < BYTES;) {
    u32 size = 0, from = 0;
    if (at + LEAST <= BYTES) {
      u32 slot = four(plain + at) * 0x9e3779b1 >> 20;
      int32_t seen = last[slot];
      last[slot] = (int32_t)at;
      if (seen >= 0) {
        from = (u32)seen;
        while (size < MOST && at + size < BYTES && plain[from + size] == plain[at + size]) size++;
      }
    }
    if (size >= LEAST) {
      put(&to, 1, 1);
      put(&to, at - from, 15);
      put(&to, size - LEAST, 6);
      at += size;
    } else {
      put(&to, 0, 1);
      put(&to, plain[at++], 8);
    }
  }
  put(&to, 0, 7);
  return (u32)(to.at - packed);
}

__attribute__((noinline)) static void unpack(void)
{
  struct bits from = {packed, 0, 0};
  for (u32 at = 0; at < BYTES;) {
    if (get(&from, 1)) {
      u32 distance = get(&from, 15), size = get(&from, 6) + LEAST;
      for (; size; size--, at++) again[at] = again[at - distance];
    } else {
      again[at++] = (u8)get(&from, 8);
    }
  }
}

u64 compress(void)
{
  for (u32 n = 0; n < BYTES; n++) {
    u32 drawn = random32();
    plain[n] = n >= 256 && drawn & 7 ? plain[n - 1 - (drawn >> 8 & 3)] : (u8)(drawn >> 16 & 15);
  }
  u32 size = pack();
  unpack();
  u64 sum = size;
  for (u32 n = 0; n < BYTES; n += 4) {
    require(four(plain + n) == four(again + n), "compress");
    sum = sum * 31 + four(again + n);
  }
  for (u32 n = 0; n < size; n++) sum = sum * 131 + packed[n];
  return sum;
}
