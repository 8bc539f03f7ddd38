/** What stage 1 translation depends on: slots of system registers, controls before tables. */
import { MAIR_EL1, SCTLR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1 } from "../sysregs/slots.ts";

export const TRANSLATION_REGISTERS: readonly number[] = [SCTLR_EL1, TCR_EL1, MAIR_EL1, TTBR0_EL1, TTBR1_EL1];
// Of these, by bit.
export const CONTROLS = 0b00111;
export const TABLES = 0b11000;
