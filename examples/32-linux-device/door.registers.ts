/** The rows: the table is the device. */
import { compileRegisters, lo32, type RegisterBank } from "@trapline/core";
import type { Door } from "./door.ts";

export const doorRegisters: RegisterBank<Door> = compileRegisters<Door>("DOOR", 0x1000, [
  { name: "CODE", offset: 0x0, access: "WO", write: (door, value) => door.enter(lo32(value)), note: "the right one opens" },
  { name: "STATE", offset: 0x4, access: "RO", read: (door) => (door.open ? 1 : 0), fields: { OPEN: 0 } },
  { name: "WRONG", offset: 0x8, access: "RO", read: (door) => door.wrong, note: "codes that were wrong since the door last opened" },
]);
