/* Quicksort of records by a comparison function, insertion sort below 12, then binary searches. 128 KiB. */
#include "mixed.h"

#define RECORDS 8192
#define SEARCHES 8192

struct record {
  u32 key;
  u32 place;
  u64 payload;
};

static struct record records[RECORDS];

static int by_key(const struct record *a, const struct record *b)
{
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->place < b->place ? -1 : a->place > b->place;
}

typedef int compare(const struct record *, const struct record *);

static void swap(struct record *a, struct record *b)
{
  struct record kept = *a;
  *a = *b;
  *b = kept;
}

__attribute__((noinline)) static void insertion_sort(struct record *first, struct record *end, compare *order)
{
  for (struct record *next = first + 1; next < end; next++) {
    struct record moving = *next, *at = next;
    for (; at > first && order(&moving, at - 1) < 0; at--) *at = at[-1];
    *at = moving;
  }
}

__attribute__((noinline)) static void quicksort(struct record *first, struct record *end, compare *order)
{
  while (end - first > 12) {
    struct record *middle = first + (end - first) / 2, *last = end - 1;
    if (order(middle, first) < 0) swap(middle, first);
    if (order(last, first) < 0) swap(last, first);
    if (order(last, middle) < 0) swap(last, middle);
    struct record pivot = *middle, *low = first, *high = last;
    for (;;) {
      while (order(low, &pivot) < 0) low++;
      while (order(&pivot, high) < 0) high--;
      if (low >= high) break;
      swap(low++, high--);
    }
    quicksort(first, low, order);
    first = low;
  }
  insertion_sort(first, end, order);
}

static const struct record *find(u32 key)
{
  u32 low = 0, high = RECORDS;
  while (low < high) {
    u32 middle = (low + high) / 2;
    if (records[middle].key < key) low = middle + 1;
    else high = middle;
  }
  return low < RECORDS && records[low].key == key ? &records[low] : 0;
}

u64 sort(void)
{
  for (u32 n = 0; n < RECORDS; n++) {
    u32 key = random32() % (RECORDS * 4);
    records[n] = (struct record){key, n, (u64)key * n};
  }
  quicksort(records, records + RECORDS, by_key);
  u64 sum = 0;
  for (u32 n = 0; n < RECORDS; n++) {
    require(n == 0 || by_key(&records[n - 1], &records[n]) < 0, "sort");
    sum = mix(sum, records[n].payload ^ records[n].key);
  }
  u32 found = 0;
  for (u32 n = 0; n < SEARCHES; n++) {
    const struct record *at = find(random32() % (RECORDS * 4));
    if (at) found += at->place;
  }
  return mix(sum, found);
}
