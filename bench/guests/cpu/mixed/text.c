/* Writes 24 KiB of words and numbers, reads them again: lengths, comparisons, classification, conversion, search, reversal. */
#include "mixed.h"

#define BYTES 24576
#define MOST 24

static char page[BYTES + MOST];
static char word[MOST];

static const char *const WORDS[] = {"trap",  "line",     "interrupt", "vector", "exception", "level", "edge", "pending",
                                    "active", "priority", "redistribute", "route", "doorbell", "guest", "host", "a"};

static char *put_word(char *to, const char *from)
{
  while (*from) *to++ = *from++;
  return to;
}

static char *put_number(char *to, u32 value)
{
  char digits[10];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  while (count) *to++ = digits[--count];
  return to;
}

static int compare(const char *a, const char *b)
{
  while (*a && *a == *b) a++, b++;
  return (u8)*a - (u8)*b;
}

static unsigned length(const char *of)
{
  const char *at = of;
  while (*at) at++;
  return (unsigned)(at - of);
}

__attribute__((noinline)) static char *write_page(void)
{
  char *to = page;
  while (to < page + BYTES - 1) {
    u32 drawn = random32();
    char *begun = to;
    to = drawn & 3 ? put_word(to, WORDS[drawn >> 2 & 15]) : put_number(to, drawn >> 8);
    if (drawn >> 30 == 0 && *begun >= 'a') *begun = (char)(*begun - 'a' + 'A');
    *to++ = drawn >> 29 == 1 ? '\n' : ' ';
  }
  *to = 0;
  return to;
}

__attribute__((noinline)) static u64 read_page(void)
{
  u64 sum = 0, numbers = 0;
  u32 counts[16] = {0}, lines = 0;
  for (const char *at = page; *at; at++) {
    unsigned size = 0;
    while (*at > ' ') {
      char c = *at++;
      word[size++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    word[size] = 0;
    lines += *at == '\n';
    require(size == length(word), "text");
    if (word[0] <= '9') {
      u32 value = 0;
      for (const char *digit = word; *digit; digit++) value = value * 10 + (u32)(*digit - '0');
      numbers += value;
      continue;
    }
    unsigned which = 0;
    while (which < 16 && compare(word, WORDS[which])) which++;
    require(which < 16, "text");
    counts[which]++;
  }
  for (unsigned which = 0; which < 16; which++) sum = mix(sum, counts[which]);
  return mix(sum, numbers << 16 | lines);
}

__attribute__((noinline)) static u32 occurrences(const char *wanted)
{
  u32 count = 0;
  for (const char *from = page; *from; from++) {
    const char *at = from, *of = wanted;
    while (*of && *at == *of) at++, of++;
    count += !*of;
  }
  return count;
}

__attribute__((noinline)) static void reverse(char *first, char *end)
{
  while (first < end) {
    char kept = *first;
    *first++ = *--end;
    *end = kept;
  }
}

u64 text(void)
{
  char *end = write_page();
  u64 sum = read_page();
  u32 found = occurrences("in");
  reverse(page, end);
  require(occurrences("ni") == found, "text");
  return mix(sum, found);
}
