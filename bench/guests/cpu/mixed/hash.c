/* A hash table with open addressing and backward-shift deletion: inserts, looks up and removes 64-bit keys. 256 KiB. */
#include "mixed.h"

#define SLOTS 16384
#define KEYS 10000

struct slot {
  u64 key; /* 0: empty */
  u64 value;
};

static struct slot slots[SLOTS];
static u32 used;

static u32 home(u64 key) { return (u32)(key * 0x9e3779b97f4a7c15 >> 50); }

__attribute__((noinline)) static struct slot *look_up(u64 key)
{
  u32 at = home(key);
  while (slots[at].key && slots[at].key != key) at = (at + 1) % SLOTS;
  return &slots[at];
}

__attribute__((noinline)) static void insert(u64 key, u64 value)
{
  struct slot *slot = look_up(key);
  if (!slot->key) {
    slot->key = key;
    used++;
  }
  slot->value += value;
}

__attribute__((noinline)) static int discard(u64 key)
{
  struct slot *slot = look_up(key);
  if (!slot->key) return 0;
  u32 hole = (u32)(slot - slots), at = hole;
  used--;
  for (;;) {
    slots[hole].key = 0;
    u32 wanted;
    do {
      at = (at + 1) % SLOTS;
      if (!slots[at].key) return 1;
      wanted = home(slots[at].key);
    } while (hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at);
    slots[hole] = slots[at];
    hole = at;
  }
}

u64 hash(void)
{
  for (u32 n = 0; n < SLOTS; n++) slots[n] = (struct slot){0, 0};
  used = 0;
  for (u32 n = 0; n < KEYS; n++) insert(1 + random32() % (2 * KEYS), n);
  u32 discarded = 0;
  for (u32 n = 0; n < KEYS; n++) discarded += (u32)discard(1 + random32() % (2 * KEYS));
  u64 sum = 0;
  for (u64 key = 1; key <= 2 * KEYS; key++) {
    const struct slot *slot = look_up(key);
    if (slot->key) sum = mix(sum, slot->key ^ slot->value);
  }
  u32 counted = 0;
  for (u32 n = 0; n < SLOTS; n++) counted += slots[n].key != 0;
  require(counted == used, "hash");
  return mix(sum, (u64)discarded << 32 | used);
}
