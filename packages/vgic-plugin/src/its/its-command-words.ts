/** ITS commands as a guest writes them: eight 32-bit words each (gic.md C.3). For tests and examples. */
import { OPCODE } from "./its-command.ts";

export type CommandWords = readonly number[];

const VALID = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;

function words(opcode: number, deviceId: number, w2 = 0, w3 = 0, w4 = 0, w5 = 0, w6 = 0, w7 = 0): CommandWords {
  return [opcode, deviceId, w2, w3, w4, w5, w6, w7].map((word) => word >>> 0);
}

/** RDbase with PTA = 0: the processor number in [50:16] of a word pair. */
const rdLo = (processor: number): number => (processor % 0x1_0000) * 0x1_0000;
const rdHi = (processor: number): number => Math.floor(processor / 0x1_0000);
const flag = (valid: boolean): number => (valid ? VALID : 0);

export const mapd = (deviceId: number, eventBits: number, itt: number, valid = true): CommandWords =>
  words(OPCODE.MAPD, deviceId, eventBits - 1, 0, itt % TWO_32, Math.floor(itt / TWO_32) + flag(valid));
export const mapc = (icid: number, processor: number, valid = true): CommandWords =>
  words(OPCODE.MAPC, 0, 0, 0, rdLo(processor) + icid, rdHi(processor) + flag(valid));
export const mapti = (deviceId: number, eventId: number, intid: number, icid: number): CommandWords =>
  words(OPCODE.MAPTI, deviceId, eventId, intid, icid);
export const mapi = (deviceId: number, eventId: number, icid: number): CommandWords => words(OPCODE.MAPI, deviceId, eventId, 0, icid);
export const movi = (deviceId: number, eventId: number, icid: number): CommandWords => words(OPCODE.MOVI, deviceId, eventId, 0, icid);
export const int = (deviceId: number, eventId: number): CommandWords => words(OPCODE.INT, deviceId, eventId);
export const clear = (deviceId: number, eventId: number): CommandWords => words(OPCODE.CLEAR, deviceId, eventId);
export const inv = (deviceId: number, eventId: number): CommandWords => words(OPCODE.INV, deviceId, eventId);
export const discard = (deviceId: number, eventId: number): CommandWords => words(OPCODE.DISCARD, deviceId, eventId);
export const invall = (icid: number): CommandWords => words(OPCODE.INVALL, 0, 0, 0, icid);
export const sync = (processor: number): CommandWords => words(OPCODE.SYNC, 0, 0, 0, rdLo(processor), rdHi(processor));
export const movall = (from: number, to: number): CommandWords =>
  words(OPCODE.MOVALL, 0, 0, 0, rdLo(from), rdHi(from), rdLo(to), rdHi(to));
/** Any opcode with zero operands: reserved ones, GICv4's. */
export const raw = (opcode: number): CommandWords => words(opcode, 0);
