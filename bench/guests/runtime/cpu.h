/* What a cpu guest brings: a name, and work that ends in a checksum. cpu.c is its main(). */
#ifndef CPU_H
#define CPU_H

#include "board.h"

extern const char name[];
/* Executes the same number of instructions every time. */
u64 work(void);

#endif
