/** The rows: the table is the device. */
import { compileRegisters, lo32, type RegisterBank } from "@trapline/core";
import type { Blinker } from "./blinker.ts";

export const blinkerRegisters: RegisterBank<Blinker> = compileRegisters<Blinker>("BLINKER", 0x1000, [
  {
    name: "PERIOD",
    offset: 0x0,
    access: "RW",
    read: (device) => device.periodNs,
    write: (device, value) => device.setPeriod(lo32(value)),
    note: "ns; 0 stops",
  },
  { name: "COUNT", offset: 0x4, access: "RO", read: (device) => device.count },
  { name: "ACK", offset: 0x8, access: "WO", write: (device) => device.acknowledge() },
]);
