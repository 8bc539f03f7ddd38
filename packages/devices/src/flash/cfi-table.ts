/**
 * What a NOR chip says of itself: identification and CFI query data (JEDEC JESD68.01, JEP137) of one 16-bit chip of Intel's command set,
 * of which two stand side by side on a bus of 32 bits. Numbers as in QEMU's `virt` board, except that blocks can be locked here, and the
 * chips say so. Cold.
 */

/** Chips beside each other, and the width of one, bytes. */
export const CHIPS = 2;
export const CHIP_WIDTH = 2;
/** Bytes that both chips give at once. */
export const BANK_WIDTH: number = CHIPS * CHIP_WIDTH;
/** Bytes that one erase clears, both chips together. */
export const BLOCK_BYTES = 0x4_0000;
/** Most bytes of one write to the buffer, both chips together. */
export const BUFFER_BYTES = 0x1000;

export const MANUFACTURER_INTEL = 0x89;
/** 28F128J3, as QEMU has it; drivers go by the query data. */
export const DEVICE_ID = 0x18;

const PRIMARY_TABLE = 0x31;

/**
 * The bytes from query address 0 on, one a word of the chip.
 * @param bytes size of the bank, both chips: a power of two
 */
export function cfiTable(bytes: number): Uint8Array {
  const table = new Uint8Array(PRIMARY_TABLE + 0x10);
  const put = (address: number, ...values: number[]): void => table.set(values, address);
  const chipBytes = bytes / CHIPS;
  const blocks = bytes / BLOCK_BYTES;
  const blockUnits = BLOCK_BYTES / CHIPS / 256;
  put(0x10, ...ascii("QRY"), ...u16(0x0001), ...u16(PRIMARY_TABLE)); // Intel/Sharp extended command set
  put(0x1b, 0x45, 0x55, 0, 0); // Vcc 4.5 … 5.5 V, no Vpp
  put(0x1f, 7, 7, 10, 0, 4, 4, 4, 0); // 2^n µs a word and a buffer, 2^n ms a block; at most 2^n times that
  put(0x27, Math.log2(chipBytes), ...u16(0x0002)); // x8/x16
  put(0x2a, ...u16(Math.log2(BUFFER_BYTES / CHIPS)));
  put(0x2c, 1, ...u16(blocks - 1), ...u16(blockUnits)); // one region of equal blocks
  put(PRIMARY_TABLE, ...ascii("PRI"), ...ascii("10"));
  put(PRIMARY_TABLE + 5, 1 << 5); // instant individual block locking
  put(PRIMARY_TABLE + 0xa, 3); // block status: locked, locked down
  put(PRIMARY_TABLE + 0xe, 1);
  return table;
}

const u16 = (value: number): [number, number] => [value & 0xff, value >> 8];
const ascii = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));
