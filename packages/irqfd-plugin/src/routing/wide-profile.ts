/**
 * The question the proposal left open, answered (docs/adr/0010-wide-gsi-space.md): 32-bit GSIs and pins, a GSI of its own for
 * every private interrupt of every vCPU, extended PPIs and SPIs, and LPIs on chips that take them by pin.
 *
 *     vcpu2[31:28] type[27:24] vcpu[23:16] id[15:0]     the irq word of KVM_IRQ_LINE, types 1 (SPI, LPI) and 2 (PPI)
 *     bit 27 set                                        for devices: 2^31 GSIs without a default
 *
 *     pins: 80 of each vCPU (16 PPIs, 64 extended), then SPIs, extended SPIs, LPIs
 */
import { type GicInterrupt, layout2, PPI_COUNT, type RoutingProfile, SPI_COUNT } from "./routing-profile.ts";

const SPI_WORD = 0x0100_0000;
const PPI_WORD = 0x0200_0000;
const DEVICE_BIT = 0x0800_0000;
const EPPI_COUNT = 64;
const ESPI_COUNT = 1024;
/** INTIDs have at most 24 bits. */
const LPI_COUNT = 0x100_0000 - 8192;
const PRIVATE = PPI_COUNT + EPPI_COUNT;
/** vCPUs that the word can name. Those beyond have pins and are reached through GSIs allocated for devices. */
const WORD_VCPUS = 4096;
const GRAMMAR = "a word of type 1 (SPI, extended SPI or LPI, no vCPU), of type 2 (PPI or extended PPI), or any number with bit 27 set";

const isPpi = (id: number): boolean => (id >= 16 && id < 32) || (id >= 1056 && id < 1056 + EPPI_COUNT);
const isShared = (id: number): boolean => (id >= 32 && id < 1020) || (id >= 4096 && id < 4096 + ESPI_COUNT) || id >= 8192;
const isDeviceGsi = (gsi: number): boolean => (gsi & DEVICE_BIT) !== 0;

function named(gsi: number): GicInterrupt | undefined {
  if (isDeviceGsi(gsi)) return undefined;
  const { type, vcpu, number } = layout2(gsi);
  if (type === 1 && vcpu === 0 && isShared(number)) return { intid: number, vcpu: 0 };
  return type === 2 && isPpi(number) ? { intid: number, vcpu } : undefined;
}

/** @param maxRoutes entries of a table, at most; default 1 048 576 */
export function wide(maxRoutes = 1_048_576): RoutingProfile {
  return {
    name: "wide",
    maxRoutes,
    gsiFault: (gsi) => (gsi >= 0 && gsi <= 0xffff_ffff && (isDeviceGsi(gsi) || named(gsi) !== undefined) ? undefined : GRAMMAR),
    irqfdChecksGsi: true,
    deviceGsis: { start: DEVICE_BIT, step: 1, count: DEVICE_BIT },
    defaultTable: "computed",
    defaultInterrupt: named,
    defaultGsi({ intid, vcpu }) {
      if (isPpi(intid)) return vcpu < WORD_VCPUS ? (((vcpu >>> 8) << 28) | PPI_WORD | ((vcpu & 0xff) << 16) | intid) >>> 0 : undefined;
      return isShared(intid) && intid <= 0xffff ? SPI_WORD | intid : undefined;
    },
    pinLimit: (vcpuCapacity) => PRIVATE * vcpuCapacity + SPI_COUNT + ESPI_COUNT + LPI_COUNT,
    interruptAt(pin, vcpuCapacity) {
      const shared = pin - PRIVATE * vcpuCapacity;
      if (shared >= SPI_COUNT + ESPI_COUNT) return { intid: 8192 + shared - SPI_COUNT - ESPI_COUNT, vcpu: 0 };
      if (shared >= SPI_COUNT) return { intid: 4096 + shared - SPI_COUNT, vcpu: 0 };
      if (shared >= 0) return { intid: 32 + shared, vcpu: 0 };
      const index = pin % PRIVATE;
      return { intid: index < PPI_COUNT ? 16 + index : 1056 + index - PPI_COUNT, vcpu: Math.floor(pin / PRIVATE) };
    },
    pinAt({ intid, vcpu }, vcpuCapacity) {
      if (intid < 32) return PRIVATE * vcpu + intid - 16;
      if (isPpi(intid)) return PRIVATE * vcpu + PPI_COUNT + intid - 1056;
      const shared = PRIVATE * vcpuCapacity;
      if (intid < 1020) return shared + intid - 32;
      return intid < 8192 ? shared + SPI_COUNT + intid - 4096 : shared + SPI_COUNT + ESPI_COUNT + intid - 8192;
    },
    wiredOr: true,
    irqfdShortcut: false,
    irqLineThroughTable: true,
    irqWord: layout2,
    hasLayout2: true,
    isPpi,
    isSpi: isShared,
    isDeviceGsi,
  };
}
