/** Step 1, the rows: the table is the device. Names, offsets and access words as a manual would have them. */
import { compileRegisters, lo32, type RegisterBank } from "@trapline/core";
import type { Thermometer } from "./thermometer.ts";

export const thermometerRegisters: RegisterBank<Thermometer> = compileRegisters<Thermometer>("THERMOMETER", 0x1000, [
  { name: "TEMP", offset: 0x00, access: "RO", read: (device) => device.milliCelsius, note: "now, in thousandths of a degree" },
  { name: "LIMIT", offset: 0x04, access: "RW", read: (device) => device.limit, write: (device, value) => device.setLimit(lo32(value)) },
  {
    name: "STATUS",
    offset: 0x08,
    access: "W1C",
    read: (device) => device.status,
    write: (device, value) => device.clear(lo32(value)),
    fields: { ALARM: 0 },
  },
  {
    name: "FAN",
    offset: 0x0c,
    access: "RW",
    read: (device) => device.fan,
    write: (device, value) => device.setFan(lo32(value)),
    fields: { ON: 0 },
  },
  { name: "ID", offset: 0xffc, access: "RO", reset: 0x7e40_0001 },
]);
