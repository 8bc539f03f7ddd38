/**
 * The registers of MSI-X in the manual's order (PCI Local Bus 3.0, 6.8.2): the capability, 12 bytes of configuration space; the
 * table, 16 bytes a vector; the pending bits. Table and pending bits are accessed with 4 or 8 bytes; others are RAZ/WI.
 */
import { bit, compileRegisters, lo32, type PciCapability, type RegisterBank, type RegisterSpec, u64 } from "@trapline/core";
import { type Msix, MSIX_ENTRY, MSIX_ENTRY_WORDS } from "./msix.ts";

export const CAPABILITY_MSIX = 0x11;
const ENTRY_BYTES = 4 * MSIX_ENTRY_WORDS;

/** @param table bytes from the start of BAR `bar`; `pending` likewise */
export function msixCapability(msix: Msix, bar: number, table: number, pending: number): PciCapability {
  return {
    id: CAPABILITY_MSIX,
    length: 12,
    registers: [
      {
        name: "MSI-X Message Control",
        offset: 0x2,
        access: "RW",
        size: 2,
        read: () => (msix.enabled ? 1 << 15 : 0) | (msix.functionMask ? 1 << 14 : 0) | (msix.vectors - 1),
        write: (_device, value) => msix.writeControl(bit(lo32(value), 15), bit(lo32(value), 14)),
        fields: { Enable: 15, FunctionMask: 14, TableSize: [10, 0] },
      },
      { name: "MSI-X Table Offset", offset: 0x4, access: "RO", reset: table | bar, fields: { Offset: [31, 3], BIR: [2, 0] } },
      { name: "MSI-X PBA Offset", offset: 0x8, access: "RO", reset: pending | bar, fields: { Offset: [31, 3], BIR: [2, 0] } },
    ],
  };
}

/** Bytes of the table and of the pending bits. */
export const msixTableSize = (vectors: number): number => ENTRY_BYTES * vectors;
export const msixPendingSize = (vectors: number): number => 8 * Math.ceil(vectors / 64);

export function msixTable(vectors: number): RegisterBank<Msix> {
  const entry = (name: string, word: number, writable: number, reset = 0): RegisterSpec<Msix> => ({
    name,
    offset: 4 * word,
    access: "RW",
    count: vectors,
    stride: ENTRY_BYTES,
    widths: [4, 8],
    reset,
    read: ({ table }, n) => table[MSIX_ENTRY_WORDS * n + word]!,
    write: (msix, value, n) => msix.writeEntry(MSIX_ENTRY_WORDS * n + word, (lo32(value) & writable) >>> 0),
  });
  return compileRegisters("MSI-X table", msixTableSize(vectors), [
    entry("Message Address", MSIX_ENTRY.ADDRESS, 0xffff_fffc),
    entry("Message Upper Address", MSIX_ENTRY.UPPER_ADDRESS, 0xffff_ffff),
    entry("Message Data", MSIX_ENTRY.DATA, 0xffff_ffff),
    entry("Vector Control", MSIX_ENTRY.CONTROL, 1, 1),
  ]);
}

export function msixPending(vectors: number): RegisterBank<Msix> {
  return compileRegisters("MSI-X pending bits", msixPendingSize(vectors), [
    {
      name: "Pending Bits",
      offset: 0,
      access: "RO",
      size: 8,
      count: Math.ceil(vectors / 64),
      widths: [4, 8],
      read: ({ pending: { words } }, n) => u64(words[2 * n + 1] ?? 0, words[2 * n]!),
    },
  ]);
}
