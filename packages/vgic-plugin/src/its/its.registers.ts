/**
 * The register rows of an ITS (Arm IHI 0069, "ITS registers"; gic.md C.1): control frame, then translation frame.
 *
 * GICv3 only: GITS_MPIDR, GITS_STATUSR, GITS_UMSIR and the vPE registers of GICv4 are RAZ/WI. Values that depend on the
 * configuration (GITS_TYPER) are read from the ITS; what a write does is in its.ts and command-queue.ts.
 */
import { compileRegisters, lo32, type RegisterBank, type U64 } from "@trapline/core";

/** Bytes of both frames together. */
export const ITS_FRAME_BYTES = 0x2_0000;
/** Offset of GITS_TRANSLATER from the base of the ITS. */
export const GITS_TRANSLATER = 0x1_0040;
/** KVM's ITS: product 0x4B, table ABI revision 0 in [15:12], implementer Arm. */
export const GITS_IIDR_VALUE = 0x4b00_043b;

/** PIDR4…7, PIDR0…3, CIDR0…3 at 0xFFD0. PIDR2 names architecture version 3; PIDR0 0x94 is what QEMU's ITS says. */
const ID_REGISTERS = [0x44, 0, 0, 0, 0x94, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1];
export const GITS_PIDR4 = 0xffd0;

/** What the rows read and write: an ITS. */
export interface ItsRegisters {
  readonly ctlr: number;
  readonly typer: number;
  readonly queue: { readonly cbaser: U64; readonly cwriter: number; readonly creadr: number };
  /** GITS_BASER<n>. */
  table(n: number): { readonly register: U64 };
  writeCtlr(value: number): void;
  writeCbaser(value: U64): void;
  writeCwriter(value: U64): void;
  writeBaser(n: number, value: U64): void;
  /** GITS_TRANSLATER was written over the bus. */
  cpuDoorbell(eventId: number): void;
}

/** The control frame (GITS_*); GITS_TRANSLATER is in the frame behind it. */
export const gitsRegisters: RegisterBank<ItsRegisters> = compileRegisters<ItsRegisters>("GITS", ITS_FRAME_BYTES, [
  {
    name: "GITS_CTLR",
    offset: 0x0000,
    access: "RW",
    reset: 0x8000_0000,
    fields: { Quiescent: 31, ITS_Number: [7, 4], ImDe: 1, Enabled: 0 },
    read: (its) => its.ctlr,
    write: (its, value) => its.writeCtlr(lo32(value)),
  },
  { name: "GITS_IIDR", offset: 0x0004, access: "RO", reset: GITS_IIDR_VALUE },
  {
    name: "GITS_TYPER",
    offset: 0x0008,
    access: "RO",
    size: 8,
    reset: 0x1_ef71,
    fields: { PTA: 19, SEIS: 18, Devbits: [17, 13], ID_bits: [12, 8], ITT_entry_size: [7, 4], CCT: 2, Virtual: 1, Physical: 0 },
    read: (its) => its.typer,
  },
  { name: "GITS_MPIDR", offset: 0x0018, access: "RAZ/WI", note: "GICv4.1 only" },
  { name: "GITS_STATUSR", offset: 0x0040, access: "RAZ/WI", note: "optional, not implemented" },
  { name: "GITS_UMSIR", offset: 0x0048, access: "RAZ/WI", size: 8, note: "optional, not implemented" },
  {
    name: "GITS_CBASER",
    offset: 0x0080,
    access: "RW",
    size: 8,
    fields: { Valid: 63, InnerCache: [61, 59], OuterCache: [55, 53], Physical_Address: [51, 12], Shareability: [11, 10], Size: [7, 0] },
    read: (its) => its.queue.cbaser,
    write: (its, value) => its.writeCbaser(value),
  },
  {
    name: "GITS_CWRITER",
    offset: 0x0088,
    access: "RW",
    size: 8,
    fields: { Offset: [19, 5], Retry: 0 },
    read: (its) => its.queue.cwriter,
    write: (its, value) => its.writeCwriter(value),
  },
  { name: "GITS_CREADR", offset: 0x0090, access: "RO", size: 8, fields: { Offset: [19, 5], Stalled: 0 }, read: (its) => its.queue.creadr },
  {
    name: "GITS_BASER",
    offset: 0x0100,
    access: "RW",
    size: 8,
    count: 2,
    fields: {
      Valid: 63,
      Indirect: 62,
      InnerCache: [61, 59],
      Type: [58, 56],
      OuterCache: [55, 53],
      Entry_Size: [52, 48],
      Physical_Address: [47, 12],
      Shareability: [11, 10],
      Page_Size: [9, 8],
      Size: [7, 0],
    },
    note: "0: devices, 1: collections",
    read: (its, n) => its.table(n).register,
    write: (its, value, n) => its.writeBaser(n, value),
  },
  { name: "GITS_BASER_unimplemented", offset: 0x0110, access: "RAZ/WI", size: 8, count: 6, note: "GITS_BASER<2> … <7>" },
  {
    name: "GITS_ID",
    offset: GITS_PIDR4,
    access: "RO",
    count: 12,
    read: (_its, n) => ID_REGISTERS[n]!,
    note: "PIDR4…7, PIDR0…3, CIDR0…3",
  },
  {
    name: "GITS_TRANSLATER",
    offset: GITS_TRANSLATER,
    access: "WO",
    widths: [2, 4],
    fields: { EventID: [31, 0] },
    note: "a write over the bus carries the configured DeviceID of the CPUs",
    write: (its, value) => its.cpuDoorbell(lo32(value)),
  },
]);
