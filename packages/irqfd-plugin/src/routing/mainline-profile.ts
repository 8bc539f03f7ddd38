/** What Linux ships for arm64 (kvm-irq-abi.md, B and C): GSI n is SPI n, and KVM_IRQ_LINE goes beside the table. */
import { layout2, type RoutingProfile, SPI_COUNT } from "./routing-profile.ts";

const MAX_ROUTES = 4096;

export const mainline: RoutingProfile = {
  name: "mainline",
  maxRoutes: MAX_ROUTES,
  gsiFault: (gsi) => (gsi >= 0 && gsi < MAX_ROUTES ? undefined : "0 … 4095"),
  irqfdChecksGsi: false,
  deviceGsis: { start: MAX_ROUTES - 1, step: -1, count: MAX_ROUTES },
  defaultTable: "at-initialisation",
  defaultInterrupt: (gsi) => (gsi < SPI_COUNT ? { intid: 32 + gsi, vcpu: 0 } : undefined),
  defaultGsi: ({ intid }) => (intid >= 32 && intid < 32 + SPI_COUNT ? intid - 32 : undefined),
  pinLimit: () => SPI_COUNT,
  interruptAt: (pin) => ({ intid: 32 + pin, vcpu: 0 }),
  pinAt: ({ intid }) => intid - 32,
  wiredOr: false,
  irqfdShortcut: true,
  irqLineThroughTable: false,
  irqWord: layout2,
  hasLayout2: true,
  isPpi: (number) => number >= 16 && number < 32,
  isSpi: (number) => number >= 32, // no upper bound: a mapped LPI slips through, as in Linux
  isDeviceGsi: () => false,
};
