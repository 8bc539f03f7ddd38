/** The MSI capability in the manual's order (PCI Local Bus 3.0, figure 6-9), 14 or 24 bytes of configuration space. */
import { bit, extract, lo32, type PciCapability, type RegisterSpec } from "@trapline/core";
import type { Msi } from "./msi.ts";

export const CAPABILITY_MSI = 0x05;
const MASKABLE = 1 << 8;
const ADDRESS_64 = 1 << 7;

export function msiCapability(msi: Msi): PciCapability {
  const registers: RegisterSpec<unknown>[] = [
    {
      name: "MSI Message Control",
      offset: 0x2,
      access: "RW",
      size: 2,
      read: () => (msi.maskable ? MASKABLE : 0) | ADDRESS_64 | (msi.multipleMessageEnable << 4) | (Math.log2(msi.vectors) << 1) | (msi.enabled ? 1 : 0),
      write: (_device, value) => msi.writeControl(bit(lo32(value), 0), extract(lo32(value), 6, 4)),
      fields: { PerVectorMasking: 8, Address64: 7, MultipleMessageEnable: [6, 4], MultipleMessageCapable: [3, 1], Enable: 0 },
    },
    {
      name: "MSI Message Address",
      offset: 0x4,
      access: "RW",
      read: () => msi.address,
      write: (_device, value) => void (msi.address = (lo32(value) & 0xffff_fffc) >>> 0),
    },
    {
      name: "MSI Message Upper Address",
      offset: 0x8,
      access: "RW",
      read: () => msi.upperAddress,
      write: (_device, value) => void (msi.upperAddress = lo32(value)),
    },
    {
      name: "MSI Message Data",
      offset: 0xc,
      access: "RW",
      size: 2,
      read: () => msi.data,
      write: (_device, value) => void (msi.data = lo32(value)),
    },
  ];
  if (!msi.maskable) return { id: CAPABILITY_MSI, length: 14, registers };
  registers.push(
    { name: "MSI Mask Bits", offset: 0x10, access: "RW", read: () => msi.mask, write: (_device, value) => msi.writeMask((lo32(value) & implemented(msi)) >>> 0) },
    { name: "MSI Pending Bits", offset: 0x14, access: "RO", read: () => msi.pending.words[0]! },
  );
  return { id: CAPABILITY_MSI, length: 24, registers };
}

/** A bit for each vector. */
function implemented(msi: Msi): number {
  return msi.vectors === 32 ? 0xffff_ffff : (1 << msi.vectors) - 1;
}
