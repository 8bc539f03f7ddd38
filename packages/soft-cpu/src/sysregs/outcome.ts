/** How an access to a system register, or a system instruction, ended. Negative, so that a value read is told from them at once. */
import { UNDEFINED } from "@trapline/core";

export { UNDEFINED };
/** Done. */
export const DONE = 0;
/** Trapped to EL1: "Trapped MSR, MRS or System instruction", ESR_EL1.EC 0x18. The vCPU makes the ISS from the instruction. */
export const TRAPPED = -2;
/** Trapped by CPACR_EL1.FPEN: ESR_EL1.EC 0x07. */
export const FP_TRAPPED_ACCESS = -3;
/** Not a register of the vCPU itself: the machine may have it (ICC_*, other plugins'); what it does not have is UNDEFINED. */
export const ELSEWHERE = -4;

export type Fault = typeof UNDEFINED | typeof TRAPPED | typeof FP_TRAPPED_ACCESS | typeof ELSEWHERE;
export type Outcome = typeof DONE | Fault;
