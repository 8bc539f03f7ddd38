/**
 * The proposal of 14 April 2014 ("ARM: KVM: Enable the ioeventfd capability of KVM on ARM"), completed: a GSI is the irq word
 * of KVM_IRQ_LINE, so that the documented word is only the default of a table that can be changed (DESIGN.md §4).
 *
 *     type[31:24]  0 out-of-kernel GIC: never routed   1 SPI   2 PPI
 *     vcpu[23:16]  of a PPI; 0 for SPIs
 *     id[15:0]     16 … 31 PPI, 32 … 1019 SPI; 1020 and up with type 1: sources of irqfd and MSI only
 */
import { PPI_COUNT, type RoutingProfile, SPI_COUNT } from "./routing-profile.ts";

const SPI_WORD = 0x0100_0000;
const PPI_WORD = 0x0200_0000;
const GRAMMAR = "0x0100_0000 | id from 32 (SPI or source), or 0x0200_0000 | vcpu << 16 | id from 16 to 31 (PPI)";

function isWord(gsi: number): boolean {
  const id = gsi & 0xffff;
  const type = gsi >>> 24;
  if (type === 1) return id >= 32 && (gsi & 0xff_0000) === 0;
  return type === 2 && id >= 16 && id < 32;
}

export const rfc2014: RoutingProfile = {
  name: "rfc2014",
  maxRoutes: 65_536,
  gsiFault: (gsi) => (gsi >= 0 && gsi <= 0xffff_ffff && isWord(gsi) ? undefined : GRAMMAR),
  irqfdChecksGsi: true,
  deviceGsis: { start: SPI_WORD | 1020, step: 1, count: 0x1_0000 - 1020 },
  defaultTable: "computed",
  defaultInterrupt(gsi) {
    const id = gsi & 0xffff;
    return isWord(gsi) && id < 1020 ? { intid: id, vcpu: (gsi >>> 16) & 0xff } : undefined;
  },
  defaultGsi({ intid, vcpu }) {
    if (intid >= 16 && intid < 32) return vcpu < 256 ? PPI_WORD | (vcpu << 16) | intid : undefined;
    return intid >= 32 && intid < 1020 ? SPI_WORD | intid : undefined;
  },
  pinLimit: (vcpuCapacity) => PPI_COUNT * vcpuCapacity + SPI_COUNT,
  interruptAt(pin, vcpuCapacity) {
    const spi = pin - PPI_COUNT * vcpuCapacity;
    return spi < 0 ? { intid: 16 + (pin % PPI_COUNT), vcpu: Math.floor(pin / PPI_COUNT) } : { intid: 32 + spi, vcpu: 0 };
  },
  pinAt: ({ intid, vcpu }, vcpuCapacity) => (intid < 32 ? PPI_COUNT * vcpu + intid - 16 : PPI_COUNT * vcpuCapacity + intid - 32),
  wiredOr: true,
  irqfdShortcut: false,
  irqLineThroughTable: true,
  irqWord: (irq) => ({ type: irq >>> 24, vcpu: (irq >>> 16) & 0xff, number: irq & 0xffff }),
  hasLayout2: false,
  isPpi: (number) => number >= 16 && number < 32,
  isSpi: (number) => number >= 32 && number < 1020,
  isDeviceGsi: () => false,
};
