/**
 * What answers where no function does: reads give all ones and writes go nowhere, as PCI's master abort and Express's Unsupported
 * Request look from a CPU (QEMU's virt does the same).
 */
import type { BusDevice, U64, Width } from "@trapline/core";

const ONES: Readonly<Record<Width, U64>> = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff, 8: 0xffff_ffff_ffff_ffffn };

export function allOnes(width: Width): U64 {
  return ONES[width];
}

export const openBus: BusDevice = {
  read: (_offset, width) => allOnes(width),
  write: () => {},
  peek: (_offset, width) => allOnes(width),
};
