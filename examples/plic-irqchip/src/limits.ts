/** How large a PLIC of this package can be. */

/** Source ids are 0 … 1023 (RISC-V PLIC specification 1.0.0); 0 is no source. */
export const MAX_SOURCES = 1023;
/** The specification has room for 15 872. */
export const MAX_CONTEXTS = 8;
/** Words of a bit array over all sources. */
export const WORDS = 32;
