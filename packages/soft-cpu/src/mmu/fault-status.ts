/**
 * Fault status codes as ESR_EL1.ISS.{DFSC,IFSC} and PAR_EL1.FST hold them (DDI 0487, EncodeLDFSC()). The first five kinds take
 * the level of the lookup in bits 1:0. Only what a PE without stage 2, RAS parity or hardware update can report is here.
 */

/** No fault. Not 0: that is an address size fault at level 0. */
export const NO_FAULT = -1;

export const FSC_ADDRESS_SIZE = 0x00;
export const FSC_TRANSLATION = 0x04;
export const FSC_ACCESS_FLAG = 0x08;
export const FSC_PERMISSION = 0x0c;
export const FSC_SYNC_EXTERNAL_ON_WALK = 0x14;

/** What the bus answered with an abort; no level. */
export const FSC_SYNC_EXTERNAL = 0x10;
export const FSC_ALIGNMENT = 0x21;
/** Breakpoint, watchpoint and software step exceptions. */
export const FSC_DEBUG = 0x22;
