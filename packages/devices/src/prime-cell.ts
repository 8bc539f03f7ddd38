/**
 * What every Arm PrimeCell has: a 4 KiB frame with eight identification registers at its end, which Linux's AMBA bus and
 * other guests read to find the driver (DDI 0183G 3.3.15 to 3.3.22, and the like chapters of the others). Cold.
 *
 * The APB has no byte strobes: a narrow access works on the register that holds its address.
 */
import type { RegisterSpec, Width } from "@trapline/core";

export const PRIMECELL_FRAME_SIZE = 0x1000;
/** Guests use all of these: Linux 16 bits on a PL011, 8 on a PL061, 32 elsewhere. */
export const PRIMECELL_WIDTHS: readonly Width[] = [1, 2, 4];

const PCELL_ID = [0x0d, 0xf0, 0x05, 0xb1] as const;
/** JEP106 code of Arm, 0x41, split over PeriphID1[7:4] and PeriphID2[3:0]. */
const DESIGNER = 0x41;

/**
 * The rows of PeriphID0 to 3 and PCellID0 to 3.
 * @param prefix as the manual spells it: "UART", "RTC", "GPIO"
 * @param part three hexadecimal digits: 0x011
 */
export function primeCellId(prefix: string, part: number, revision: number): readonly RegisterSpec<unknown>[] {
  const word = part | (DESIGNER << 12) | (revision << 20);
  return [
    { name: `${prefix}PeriphID`, offset: 0xfe0, count: 4, access: "RO", widths: PRIMECELL_WIDTHS, read: (_, n) => (word >>> (8 * n)) & 0xff },
    { name: `${prefix}PCellID`, offset: 0xff0, count: 4, access: "RO", widths: PRIMECELL_WIDTHS, read: (_, n) => PCELL_ID[n]! },
  ];
}
