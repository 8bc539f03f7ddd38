/** What generated code asks the host to do: instructions that are rare, or that are about more than registers and memory. */
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
export const HOST_SEVL = 16;
