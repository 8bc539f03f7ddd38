/**
 * The register rows of a PLIC (RISC-V PLIC specification 1.0.0, "Memory Map"): 32-bit words, arrays by source and by context.
 * Room for eight contexts; the specification's 15 872 would be more rows of the same.
 */
import { compileRegisters, lo32, type RegisterBank } from "@trapline/core";
import { MAX_CONTEXTS, MAX_SOURCES, WORDS } from "./limits.ts";
import type { Plic } from "./plic.ts";

const FRAME = 0x20_0000 + 0x1000 * MAX_CONTEXTS;

export const plicRegisters: RegisterBank<Plic> = compileRegisters<Plic>("PLIC", FRAME, [
  {
    ...{ name: "priority", offset: 0x00_0000, count: MAX_SOURCES + 1, access: "RW" },
    read: (plic, id) => plic.priority(id),
    write: (plic, value, id) => plic.setPriority(id, lo32(value)),
    note: "0: never; WARL, three bits",
  },
  { name: "pending", offset: 0x00_1000, count: WORDS, access: "RO", read: (plic, word) => plic.pendingWord(word) },
  {
    ...{ name: "enable", offset: 0x00_2000, count: WORDS * MAX_CONTEXTS, access: "RW" },
    read: (plic, n) => plic.enableWord(Math.floor(n / WORDS), n % WORDS),
    write: (plic, value, n) => plic.setEnableWord(Math.floor(n / WORDS), n % WORDS, lo32(value)),
    note: "32 words for each context",
  },
  {
    ...{ name: "threshold", offset: 0x20_0000, count: MAX_CONTEXTS, stride: 0x1000, access: "RW" },
    read: (plic, context) => plic.threshold(context),
    write: (plic, value, context) => plic.setThreshold(context, lo32(value)),
    note: "priorities up to it do not interrupt; WARL, three bits",
  },
  {
    ...{ name: "claim", offset: 0x20_0004, count: MAX_CONTEXTS, stride: 0x1000, access: "RW" },
    read: (plic, context) => plic.claim(context),
    peek: (plic, context) => plic.best(context),
    write: (plic, value, context) => plic.complete(context, lo32(value)),
    note: "read: the best pending source, which is pending no more; write: done with it",
  },
]);
