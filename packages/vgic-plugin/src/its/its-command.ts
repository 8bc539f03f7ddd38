/**
 * One ITS command: 32 bytes, four little-endian 64-bit words, read as eight 32-bit ones (Arm IHI 0069, "ITS commands";
 * gic.md C.3). Decoding takes every field of every command at once; what a command means by them is in its-commands.ts.
 */

/** Bytes of a command in the queue. */
export const COMMAND_BYTES = 32;

/** Opcodes, in the manual's order of numbers. The commands of GICv4 (0x21 …) are unknown to this ITS and skipped. */
export const OPCODE = {
  MOVI: 0x01,
  INT: 0x03,
  CLEAR: 0x04,
  SYNC: 0x05,
  MAPD: 0x08,
  MAPC: 0x09,
  MAPTI: 0x0a,
  MAPI: 0x0b,
  INV: 0x0c,
  INVALL: 0x0d,
  MOVALL: 0x0e,
  DISCARD: 0x0f,
} as const;

export interface ItsCommand {
  readonly opcode: number;
  /** W0[63:32]. */
  readonly deviceId: number;
  /** W1[31:0]. */
  readonly eventId: number;
  /** W1[63:32]. */
  readonly intid: number;
  /** W1[4:0] + 1: EventID bits of MAPD. */
  readonly eventBits: number;
  /** W2[15:0]. */
  readonly icid: number;
  /** W2[50:16]: with GITS_TYPER.PTA = 0 the GICR_TYPER.Processor_Number. */
  readonly rdbase: number;
  /** W2[51:8], in place: bytes. */
  readonly ittAddress: number;
  /** W2[63]. */
  readonly valid: boolean;
  /** W3[50:16]: the second redistributor of MOVALL. */
  readonly rdbase2: number;
}

const TWO_32 = 0x1_0000_0000;

/** @param word the n-th 32-bit word of the command, n = 0 … 7 */
export function decodeCommand(word: (n: number) => number): ItsCommand {
  const w2 = word(2);
  const w4 = word(4);
  const w5 = word(5);
  return {
    opcode: word(0) & 0xff,
    deviceId: word(1),
    eventId: w2,
    intid: word(3),
    eventBits: (w2 & 0x1f) + 1,
    icid: w4 & 0xffff,
    rdbase: rdbase(w4, w5),
    ittAddress: (w5 & 0xf_ffff) * TWO_32 + ((w4 & 0xffff_ff00) >>> 0),
    valid: w5 >>> 31 === 1,
    rdbase2: rdbase(word(6), word(7)),
  };
}

function rdbase(lo: number, hi: number): number {
  return (hi & 0x7_ffff) * 0x1_0000 + (lo >>> 16);
}
