/**
 * What generated code asks the host to do: instructions that are rare, or that are about more than registers and memory. Each is an import
 * of its own, named by its number, so that V8 compiles the way of each exit for itself.
 */
export const HOST_UNDEFINED = 0;
export const HOST_SVC = 1;
export const HOST_HVC = 2;
export const HOST_SMC = 3;
export const HOST_BRK = 4;
export const HOST_ERET = 5;
/** MRS, MSR (register), SYS and SYSL: the word says which; the value is in HOST_VALUE. */
export const HOST_MRS = 6;
export const HOST_MSR = 7;
export const HOST_SYS = 8;
/** MSR (immediate). */
export const HOST_MSR_IMMEDIATE = 9;
export const HOST_WFI = 10;
export const HOST_WFE = 11;
export const HOST_YIELD = 12;
export const HOST_SEV = 13;
/** FP and Advanced SIMD are trapped. */
export const HOST_FP_TRAP = 14;
/** SP is about to be misaligned while that is checked; the instruction goes on. */
export const HOST_SP_MISALIGNED = 15;
export const HOST_SEVL = 16;
/** How many there are. */
export const HOST_FUNCTIONS = 17;

/** @param word the instruction's, or 0 where the record does not have it @returns DIVERTED: not 0 when the program counter moved */
export type HostFunction = (word: number) => number;
