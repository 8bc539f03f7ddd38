/** Commands, status bits and states of a NOR flash with Intel's command set (StrataFlash J3 and P30 data sheets). Only names. */

/** Status register. Bit 7, ready, is always set. */
export const SR = { READY: 0x80, ERASE_ERROR: 0x20, PROGRAM_ERROR: 0x10, LOCKED: 0x02 } as const;
/** Both together: a cycle that does not belong where it came. */
export const SEQUENCE_ERROR: number = SR.ERASE_ERROR | SR.PROGRAM_ERROR;

/** Commands, in the low byte of what is written. */
export const CMD = {
  PROGRAM_ALTERNATE: 0x10,
  ERASE: 0x20,
  PROGRAM: 0x40,
  CLEAR_STATUS: 0x50,
  LOCK_SETUP: 0x60,
  READ_STATUS: 0x70,
  READ_ID: 0x90,
  QUERY: 0x98,
  BUFFER: 0xe8,
  CONFIRM: 0xd0,
  LOCK: 0x01,
  LOCK_DOWN: 0x2f,
  READ_ARRAY: 0xff,
} as const;

/** Block lock status, as identification shows it. */
export const LOCK = { LOCKED: 1, DOWN: 2 } as const;

/** What reads give. */
export const READS = { ARRAY: 0, STATUS: 1, ID: 2, QUERY: 3 } as const;
/** What the next write is. */
export const NEXT = { COMMAND: 0, PROGRAM_DATA: 1, ERASE_CONFIRM: 2, LOCK_WHAT: 3, BUFFER_COUNT: 4, BUFFER_DATA: 5, BUFFER_CONFIRM: 6 } as const;
