/** The registers of a PL061 in the manual's order (Arm DDI 0190B, table 3-1), 4 KiB. */
import { compileRegisters, lo32, type RegisterBank, type RegisterSpec } from "@trapline/core";
import { PRIMECELL_FRAME_SIZE, PRIMECELL_WIDTHS, primeCellId } from "../prime-cell.ts";
import type { Pl061 } from "./pl061.ts";

const rows: readonly RegisterSpec<Pl061>[] = [
  {
    ...{ name: "GPIODATA", offset: 0x000, count: 256, access: "RW", read: (gpio, n) => gpio.levels & n },
    write: (gpio, value, n) => gpio.writeData(n, lo32(value)),
    note: "address bits 9:2 mask the data, in both directions",
  },
  { name: "GPIODIR", offset: 0x400, access: "RW", read: (gpio) => gpio.dir, write: (gpio, value) => gpio.writeDir(lo32(value)) },
  { name: "GPIOIS", offset: 0x404, access: "RW", read: (gpio) => gpio.is, write: (gpio, value) => gpio.configure("is", lo32(value)) },
  { name: "GPIOIBE", offset: 0x408, access: "RW", read: (gpio) => gpio.ibe, write: (gpio, value) => gpio.configure("ibe", lo32(value)) },
  { name: "GPIOIEV", offset: 0x40c, access: "RW", read: (gpio) => gpio.iev, write: (gpio, value) => gpio.configure("iev", lo32(value)) },
  { name: "GPIOIE", offset: 0x410, access: "RW", read: (gpio) => gpio.ie, write: (gpio, value) => gpio.configure("ie", lo32(value)) },
  { name: "GPIORIS", offset: 0x414, access: "RO", read: (gpio) => gpio.ris },
  { name: "GPIOMIS", offset: 0x418, access: "RO", read: (gpio) => gpio.ris & gpio.ie },
  { name: "GPIOIC", offset: 0x41c, access: "WO", write: (gpio, value) => gpio.clear(lo32(value)) },
  { name: "GPIOAFSEL", offset: 0x420, access: "RW", read: (gpio) => gpio.afsel, write: (gpio, value) => void (gpio.afsel = lo32(value) & 0xff) },
];

export const pl061Registers: RegisterBank<Pl061> = compileRegisters<Pl061>("PL061", PRIMECELL_FRAME_SIZE, [
  ...rows.map((row) => ({ ...row, widths: PRIMECELL_WIDTHS })),
  ...primeCellId("GPIO", 0x061, 0),
]);
