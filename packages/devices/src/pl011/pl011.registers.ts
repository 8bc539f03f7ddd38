/** The registers of a PL011 in the manual's order (Arm DDI 0183G, table 3-1), 4 KiB. Test registers are not modelled. */
import { compileRegisters, lo32, type RegisterBank, type RegisterSpec } from "@trapline/core";
import { PRIMECELL_FRAME_SIZE, PRIMECELL_WIDTHS, primeCellId } from "../prime-cell.ts";
import type { Pl011 } from "./pl011.ts";

const rows: readonly RegisterSpec<Pl011>[] = [
  {
    ...{ name: "UARTDR", offset: 0x000, access: "RW", read: (uart) => uart.receive(), peek: (uart) => uart.peekData() },
    write: (uart, value) => uart.transmit(lo32(value)),
    fields: { OE: 11, BE: 10, PE: 9, FE: 8, DATA: [7, 0] },
  },
  {
    ...{ name: "UARTRSR", offset: 0x004, access: "RW", read: (uart) => uart.rsr, write: (uart) => void (uart.rsr = 0) },
    fields: { OE: 3, BE: 2, PE: 1, FE: 0 },
    note: "UARTECR when written: any value clears the errors",
  },
  {
    ...{ name: "UARTFR", offset: 0x018, access: "RO", reset: 0x97, read: (uart) => uart.flags },
    fields: { RI: 8, TXFE: 7, RXFF: 6, TXFF: 5, RXFE: 4, BUSY: 3, DCD: 2, DSR: 1, CTS: 0 },
  },
  { name: "UARTILPR", offset: 0x020, access: "RW", read: (uart) => uart.ilpr, write: (uart, value) => void (uart.ilpr = lo32(value) & 0xff), note: "no IrDA" },
  { name: "UARTIBRD", offset: 0x024, access: "RW", read: (uart) => uart.ibrd, write: (uart, value) => void (uart.ibrd = lo32(value) & 0xffff) },
  { name: "UARTFBRD", offset: 0x028, access: "RW", read: (uart) => uart.fbrd, write: (uart, value) => void (uart.fbrd = lo32(value) & 0x3f) },
  {
    ...{ name: "UARTLCR_H", offset: 0x02c, access: "RW", read: (uart) => uart.lcrH, write: (uart, value) => uart.writeLcrH(lo32(value)) },
    fields: { SPS: 7, WLEN: [6, 5], FEN: 4, STP2: 3, EPS: 2, PEN: 1, BRK: 0 },
  },
  {
    ...{ name: "UARTCR", offset: 0x030, access: "RW", reset: 0x300, read: (uart) => uart.cr, write: (uart, value) => uart.writeCr(lo32(value)) },
    fields: { CTSEn: 15, RTSEn: 14, Out2: 13, Out1: 12, RTS: 11, DTR: 10, RXE: 9, TXE: 8, LBE: 7, SIRLP: 2, SIREN: 1, UARTEN: 0 },
  },
  {
    ...{ name: "UARTIFLS", offset: 0x034, access: "RW", reset: 0x12, read: (uart) => uart.ifls, write: (uart, value) => void (uart.ifls = lo32(value) & 0x3f) },
    fields: { RXIFLSEL: [5, 3], TXIFLSEL: [2, 0] },
  },
  { name: "UARTIMSC", offset: 0x038, access: "RW", read: (uart) => uart.imsc, write: (uart, value) => uart.writeImsc(lo32(value)) },
  { name: "UARTRIS", offset: 0x03c, access: "RO", read: (uart) => uart.ris },
  { name: "UARTMIS", offset: 0x040, access: "RO", read: (uart) => uart.ris & uart.imsc },
  { name: "UARTICR", offset: 0x044, access: "WO", write: (uart, value) => uart.clear(lo32(value)) },
  { name: "UARTDMACR", offset: 0x048, access: "RW", read: (uart) => uart.dmacr, write: (uart, value) => void (uart.dmacr = lo32(value) & 7), note: "no DMA" },
];

export const pl011Registers: RegisterBank<Pl011> = compileRegisters<Pl011>("PL011", PRIMECELL_FRAME_SIZE, [
  ...rows.map((row) => ({ ...row, widths: PRIMECELL_WIDTHS })),
  ...primeCellId("UART", 0x011, 1),
]);
