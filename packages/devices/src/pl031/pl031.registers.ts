/** The registers of a PL031 in the manual's order (Arm DDI 0224C, table 3-1), 4 KiB. */
import { compileRegisters, lo32, type RegisterBank, type RegisterSpec } from "@trapline/core";
import { PRIMECELL_FRAME_SIZE, PRIMECELL_WIDTHS, primeCellId } from "../prime-cell.ts";
import type { Pl031 } from "./pl031.ts";

const rows: readonly RegisterSpec<Pl031>[] = [
  { name: "RTCDR", offset: 0x000, access: "RO", read: (rtc) => rtc.dr, note: "seconds; counts from what RTCLR loaded" },
  { name: "RTCMR", offset: 0x004, access: "RW", read: (rtc) => rtc.mr, write: (rtc, value) => rtc.writeMatch(lo32(value)) },
  { name: "RTCLR", offset: 0x008, access: "RW", read: (rtc) => rtc.lr, write: (rtc, value) => rtc.load(lo32(value)) },
  { name: "RTCCR", offset: 0x00c, access: "RW", reset: 1, fields: { START: 0 }, note: "runs since power-on; once it runs, writes have no effect" },
  { name: "RTCIMSC", offset: 0x010, access: "RW", read: (rtc) => rtc.imsc, write: (rtc, value) => rtc.writeImsc(lo32(value)), fields: { RTCIMSC: 0 } },
  { name: "RTCRIS", offset: 0x014, access: "RO", read: (rtc) => rtc.ris, fields: { RTCRIS: 0 } },
  { name: "RTCMIS", offset: 0x018, access: "RO", read: (rtc) => rtc.ris & rtc.imsc, fields: { RTCMIS: 0 } },
  { name: "RTCICR", offset: 0x01c, access: "WO", write: (rtc, value) => rtc.clear(lo32(value)), fields: { RTCICR: 0 } },
];

export const pl031Registers: RegisterBank<Pl031> = compileRegisters<Pl031>("PL031", PRIMECELL_FRAME_SIZE, [
  ...rows.map((row) => ({ ...row, widths: PRIMECELL_WIDTHS })),
  ...primeCellId("RTC", 0x031, 0),
]);
