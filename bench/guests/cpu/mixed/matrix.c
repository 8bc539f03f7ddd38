/* Products of 80 x 80 matrices: 32-bit elements with 64-bit sums, and once more modulo a prime. 75 KiB. */
#include "mixed.h"

#define N 80
#define PRIME 2147483647

static int32_t a[N][N], b[N][N], c[N][N];

__attribute__((noinline)) static u64 product(void)
{
  u64 sum = 0;
  for (unsigned row = 0; row < N; row++) {
    for (unsigned column = 0; column < N; column++) {
      int64_t element = 0;
      for (unsigned k = 0; k < N; k++) element += (int64_t)a[row][k] * b[k][column];
      c[row][column] = (int32_t)(element >> 16);
      sum += (u64)element;
    }
  }
  return sum;
}

/* Freivalds' test of the product modulo a prime: A (B x) = (A B) x. */
__attribute__((noinline)) static void check(void)
{
  u64 x[N], bx[N];
  for (unsigned k = 0; k < N; k++) x[k] = random32() % PRIME;
  for (unsigned row = 0; row < N; row++) {
    u64 element = 0;
    for (unsigned k = 0; k < N; k++) element = (element + (u64)(u32)b[row][k] * x[k]) % PRIME;
    bx[row] = element;
  }
  for (unsigned row = 0; row < 8; row++) {
    u64 left = 0, right = 0;
    for (unsigned k = 0; k < N; k++) left = (left + (u64)(u32)a[row][k] * bx[k]) % PRIME;
    for (unsigned column = 0; column < N; column++) {
      u64 element = 0;
      for (unsigned k = 0; k < N; k++) element = (element + (u64)(u32)a[row][k] * (u32)b[k][column]) % PRIME;
      right = (right + element * x[column]) % PRIME;
    }
    require(left == right, "matrix");
  }
}

u64 matrix(void)
{
  for (unsigned row = 0; row < N; row++) {
    for (unsigned column = 0; column < N; column++) {
      a[row][column] = (int32_t)(random32() >> 8); /* 24 + 31 + 7 bits: no sum overflows */
      b[row][column] = c[row][column] ^ (int32_t)(random32() >> 4);
      if (b[row][column] < 0) b[row][column] = ~b[row][column];
    }
  }
  u64 sum = product();
  check();
  return sum;
}
