/* A stack machine: a switch in a loop runs three programs (a sieve, Collatz, a checksum), 16 KiB of its memory. */
#include "mixed.h"

enum op { PUSH, LOAD, STORE, GET, PUT, ADD, SUB, MUL, AND, XOR, SHR, LESS, JUMP, JUMP_IF_ZERO, DUP, DROP, HALT };

struct instruction {
  u8 op;
  int32_t operand;
};

/* Variables. */
enum { I, J, LIMIT, COUNT, SUM };

#define CELLS 4000
static int32_t cells[CELLS];
static int32_t variables[8];

/* Counts primes below LIMIT. */
static const struct instruction SIEVE[] = {
  {PUSH, 2},         {PUT, I},
  /* 2: outer */ {GET, I}, {GET, LIMIT}, {LESS, 0}, {JUMP_IF_ZERO, 37},
  {GET, I},          {LOAD, 0},        {JUMP_IF_ZERO, 14},
  /* 9: next */ {GET, I}, {PUSH, 1}, {ADD, 0}, {PUT, I}, {JUMP, 2},
  /* 14: a prime */ {GET, COUNT}, {PUSH, 1}, {ADD, 0}, {PUT, COUNT},
  {GET, I},          {GET, I},         {ADD, 0},         {PUT, J},
  /* 22: inner */ {GET, J}, {GET, LIMIT}, {LESS, 0}, {JUMP_IF_ZERO, 9},
  {PUSH, 1},         {GET, J},         {STORE, 0},
  {GET, J},          {GET, I},         {ADD, 0},         {PUT, J},         {JUMP, 22},
  {HALT, 0},         {HALT, 0},        {HALT, 0},        {HALT, 0},
};

/* Adds up the lengths of the Collatz sequences of 1 … LIMIT. */
static const struct instruction COLLATZ[] = {
  {PUSH, 1},         {PUT, I},
  /* 2: outer */ {GET, LIMIT}, {GET, I}, {LESS, 0}, {JUMP_IF_ZERO, 7}, {HALT, 0},
  /* 7 */ {GET, I}, {PUT, J},
  /* 9: inner */ {GET, J}, {PUSH, 1}, {XOR, 0}, {JUMP_IF_ZERO, 32},
  {GET, COUNT},      {PUSH, 1},        {ADD, 0},         {PUT, COUNT},
  {GET, J},          {DUP, 0},         {PUSH, 1},        {AND, 0},         {JUMP_IF_ZERO, 28},
  /* 22: odd */ {PUSH, 3}, {MUL, 0}, {PUSH, 1}, {ADD, 0}, {PUT, J}, {JUMP, 9},
  /* 28: even */ {PUSH, 1}, {SHR, 0}, {PUT, J}, {JUMP, 9},
  /* 32 */ {GET, I}, {PUSH, 1}, {ADD, 0}, {PUT, I}, {JUMP, 2},
};

/* Fletcher's way: sums of the cells, and of the sums. */
static const struct instruction FLETCHER[] = {
  {PUSH, 0},         {PUT, I},         {PUSH, 0},        {PUT, J},
  /* 4 */ {GET, I}, {GET, LIMIT}, {LESS, 0}, {JUMP_IF_ZERO, 22},
  {GET, J},          {GET, I},         {LOAD, 0},        {ADD, 0},         {PUT, J},
  {GET, SUM},        {GET, J},         {ADD, 0},         {PUT, SUM},
  {GET, I},          {PUSH, 1},        {ADD, 0},         {PUT, I},         {JUMP, 4},
  /* 22 */ {GET, SUM}, {DUP, 0}, {DROP, 0}, {HALT, 0},
};

__attribute__((noinline)) static u64 run(const struct instruction *program)
{
  int32_t stack[16], *top = stack;
  u64 executed = 0;
  for (const struct instruction *next = program;; executed++) {
    const struct instruction *now = next++;
    switch ((enum op)now->op) {
    case PUSH: *top++ = now->operand; break;
    case LOAD: top[-1] = cells[(u32)top[-1] % CELLS]; break;
    case STORE: top -= 2; cells[(u32)top[1] % CELLS] = top[0]; break;
    case GET: *top++ = variables[now->operand]; break;
    case PUT: variables[now->operand] = *--top; break;
    case ADD: top--; top[-1] = (int32_t)((u32)top[-1] + (u32)top[0]); break;
    case SUB: top--; top[-1] = (int32_t)((u32)top[-1] - (u32)top[0]); break;
    case MUL: top--; top[-1] = (int32_t)((u32)top[-1] * (u32)top[0]); break;
    case AND: top--; top[-1] &= top[0]; break;
    case XOR: top--; top[-1] ^= top[0]; break;
    case SHR: top--; top[-1] = (int32_t)((u32)top[-1] >> top[0]); break;
    case LESS: top--; top[-1] = top[-1] < top[0]; break;
    case JUMP: next = program + now->operand; break;
    case JUMP_IF_ZERO: if (*--top == 0) next = program + now->operand; break;
    case DUP: *top = top[-1]; top++; break;
    case DROP: top--; break;
    case HALT: return executed;
    }
  }
}

u64 interpreter(void)
{
  for (u32 n = 0; n < CELLS; n++) cells[n] = 0;
  variables[COUNT] = variables[SUM] = 0;
  variables[LIMIT] = CELLS;
  u64 executed = run(SIEVE);
  require(variables[COUNT] == 550, "interpreter");
  for (u32 n = 0; n < CELLS; n++) cells[n] ^= (int32_t)(random32() & 0xff);
  executed += run(FLETCHER);
  variables[LIMIT] = 100;
  executed += run(COLLATZ);
  return mix(executed, (u64)(u32)variables[COUNT] << 32 | (u32)variables[SUM]);
}
