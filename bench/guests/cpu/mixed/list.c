/* A linked list whose nodes lie in random order: walked, reversed, and sorted by merging. 160 KiB; every load needs the last. */
#include "mixed.h"

#define NODES 5120
#define WALKS 12

struct node {
  struct node *next;
  u32 key;
  u32 visits;
  u64 payload[2];
};

static struct node nodes[NODES];
static u32 order[NODES];

static struct node *build(void)
{
  for (u32 n = 0; n < NODES; n++) order[n] = n;
  for (u32 n = NODES - 1; n; n--) {
    u32 other = random32() % (n + 1), kept = order[n];
    order[n] = order[other];
    order[other] = kept;
  }
  for (u32 n = 0; n < NODES; n++) {
    struct node *node = &nodes[order[n]];
    *node = (struct node){n + 1 < NODES ? &nodes[order[n + 1]] : 0, random32() & 0xfff, 0, {n, order[n]}};
  }
  return &nodes[order[0]];
}

__attribute__((noinline)) static u64 walk(struct node *node)
{
  u64 sum = 0;
  for (; node; node = node->next) sum = sum * 3 + node->key + node->visits++;
  return sum;
}

__attribute__((noinline)) static struct node *reverse(struct node *node)
{
  struct node *done = 0;
  while (node) {
    struct node *next = node->next;
    node->next = done;
    done = node;
    node = next;
  }
  return done;
}

__attribute__((noinline)) static struct node *merge(struct node *a, struct node *b)
{
  struct node *first = 0, **end = &first;
  while (a && b) {
    struct node **lesser = a->key <= b->key ? &a : &b;
    *end = *lesser;
    end = &(*lesser)->next;
    *lesser = *end;
  }
  *end = a ? a : b;
  return first;
}

__attribute__((noinline)) static struct node *merge_sort(struct node *node, u32 count)
{
  if (count < 2) {
    if (node) node->next = 0;
    return node;
  }
  struct node *half = node;
  for (u32 n = 0; n < count / 2; n++) half = half->next;
  struct node *rest = merge_sort(half, count - count / 2);
  /* `half` now ends somewhere in `rest`; the first part is cut off by its count. */
  return merge(merge_sort(node, count / 2), rest);
}

u64 list(void)
{
  struct node *first = build();
  u64 sum = 0;
  for (u32 n = 0; n < WALKS; n++) {
    sum = mix(sum, walk(first));
    first = reverse(first);
  }
  first = merge_sort(first, NODES);
  u32 count = 0;
  for (const struct node *node = first; node; node = node->next, count++) {
    require(!node->next || node->key <= node->next->key, "list");
    sum = mix(sum, node->key + node->payload[0]);
  }
  require(count == NODES, "list");
  return sum;
}
