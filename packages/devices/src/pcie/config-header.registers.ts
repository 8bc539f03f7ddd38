/** The registers of a type 0 header in the manual's order (PCI Local Bus 3.0, figure 6-1), 64 bytes. */
import { lo32, type RegisterSpec, type Width } from "@trapline/core";
import type { ConfigHeader } from "./config-header.ts";

/** Configuration space takes bytes, words and doublewords anywhere inside an aligned doubleword. */
export const CONFIG_WIDTHS: readonly Width[] = [1, 2, 4];

const widths = CONFIG_WIDTHS;

export const headerRows: readonly RegisterSpec<ConfigHeader>[] = [
  { name: "Vendor ID", offset: 0x00, access: "RO", size: 2, widths, read: ({ ids }) => ids.vendor },
  { name: "Device ID", offset: 0x02, access: "RO", size: 2, widths, read: ({ ids }) => ids.device },
  {
    name: "Command",
    offset: 0x04,
    access: "RW",
    size: 2,
    widths,
    read: (header) => header.command,
    write: (header, value) => header.writeCommand(lo32(value)),
    fields: { InterruptDisable: 10, SERREnable: 8, ParityErrorResponse: 6, BusMaster: 2, MemorySpace: 1, IOSpace: 0 },
  },
  {
    name: "Status",
    offset: 0x06,
    access: "RO",
    size: 2,
    widths,
    read: (header) => header.status,
    fields: { CapabilitiesList: 4, InterruptStatus: 3 },
    note: "no errors are detected: the W1C bits are 0",
  },
  { name: "Revision ID", offset: 0x08, access: "RO", size: 1, widths, read: ({ ids }) => ids.revision },
  { name: "Programming Interface", offset: 0x09, access: "RO", size: 1, widths, read: ({ ids }) => ids.classCode & 0xff },
  { name: "Sub-Class Code", offset: 0x0a, access: "RO", size: 1, widths, read: ({ ids }) => (ids.classCode >>> 8) & 0xff },
  { name: "Base Class Code", offset: 0x0b, access: "RO", size: 1, widths, read: ({ ids }) => ids.classCode >>> 16 },
  {
    name: "Cache Line Size",
    offset: 0x0c,
    access: "RW",
    size: 1,
    widths,
    read: (header) => header.cacheLineSize,
    write: (header, value) => void (header.cacheLineSize = lo32(value)),
    note: "kept, without effect",
  },
  { name: "Latency Timer", offset: 0x0d, access: "RO", size: 1, widths, note: "0 in PCI Express" },
  { name: "Header Type", offset: 0x0e, access: "RO", size: 1, widths, read: (header) => header.headerType, fields: { MultiFunction: 7, Layout: [6, 0] } },
  { name: "BIST", offset: 0x0f, access: "RO", size: 1, widths },
  {
    name: "Base Address Register",
    offset: 0x10,
    access: "RW",
    count: 6,
    widths,
    read: ({ bars }, n) => bars.read(n),
    write: (header, value, n) => header.writeBaseAddress(n, lo32(value)),
  },
  { name: "Cardbus CIS Pointer", offset: 0x28, access: "RO", widths },
  { name: "Subsystem Vendor ID", offset: 0x2c, access: "RO", size: 2, widths, read: ({ ids }) => ids.subsystemVendor },
  { name: "Subsystem ID", offset: 0x2e, access: "RO", size: 2, widths, read: ({ ids }) => ids.subsystem },
  { name: "Expansion ROM Base Address", offset: 0x30, access: "RO", widths, note: "there are no expansion ROMs" },
  { name: "Capabilities Pointer", offset: 0x34, access: "RO", size: 1, widths, read: (header) => header.capabilities },
  {
    name: "Interrupt Line",
    offset: 0x3c,
    access: "RW",
    size: 1,
    widths,
    read: (header) => header.interruptLine,
    write: (header, value) => void (header.interruptLine = lo32(value)),
    note: "software's own, without effect",
  },
  { name: "Interrupt Pin", offset: 0x3d, access: "RO", size: 1, widths, read: (header) => header.interruptPin },
  { name: "Min_Gnt", offset: 0x3e, access: "RO", size: 1, widths },
  { name: "Max_Lat", offset: 0x3f, access: "RO", size: 1, widths },
];
