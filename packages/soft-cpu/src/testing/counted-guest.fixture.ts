/** A guest that does a known number of things worth counting. */
import { createMachine, type Machine } from "@trapline/core";
import { softCpu, type SoftCpuOptions } from "../soft-cpu.ts";

export const START = 0x4008_0000;

const CODE = [
  0x1000_4000, // start: adr x0, vectors
  0xd518_c000, //        msr vbar_el1, x0
  0xd2a0_0201, //        mov x1, #0x100000
  0xf100_0421, // 1:     subs x1, x1, #1
  0x54ff_ffe1, //        b.ne 1b
  0xd400_0021, //        svc #1
  0xd400_0041, //        svc #2
  0x0000_0000, //        udf #0
  0xd2a1_2004, //        mov x4, #0x9000000          nobody's
  0xb940_0082, //        ldr w2, [x4]
  0xb900_0482, //        str w2, [x4, #4]
  0x10ff_fea5, //        adr x5, start
  0xb940_00a6, //        ldr w6, [x5]
  0xb900_00a6, //        str w6, [x5]                this very page
  0xd2b0_8000, //        movz x0, #0x8400, lsl #16   SYSTEM_OFF
  0xf280_0100, //        movk x0, #8
  0xd400_0002, //        hvc #0
];
/** At +0xa00: of synchronous exceptions from EL1. Returns behind the instruction. */
const HANDLER = [
  0xd538_5203, // mrs x3, esr_el1
  0xd35a_fc63, // lsr x3, x3, #26
  0xf100_547f, // cmp x3, #0x15                      SVC returns there by itself
  0x5400_0080, // b.eq 1f
  0xd538_4023, // mrs x3, elr_el1
  0x9100_1063, // add x3, x3, #4
  0xd518_4023, // msr elr_el1, x3
  0xd69f_03e0, // 1: eret
];
/** Before the first exit: the loop, twice 2^20, three before it and five behind; the handler, 5 instructions for SVC and else 8. */
export const RETIRED_AT_LOAD: number = 3 + 2 * 0x10_0000 + 5 + 2 * 5 + 8;
/** The handler twice more. What is left by an exception counts as well. */
export const RETIRED: number = RETIRED_AT_LOAD + 7 + 2 * 8;

export async function countedGuest(options: SoftCpuOptions = {}): Promise<Machine> {
  const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x10_0000 }], plugins: [softCpu(options)] });
  const put = (address: number, words: readonly number[]): void => void machine.memory.copyIn(address, new Uint8Array(Uint32Array.from(words).buffer));
  put(START, CODE);
  put(START + 0xa00, HANDLER);
  return machine;
}
