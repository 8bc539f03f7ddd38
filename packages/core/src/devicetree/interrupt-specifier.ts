/**
 * The cells of a GIC interrupt, as the bindings "arm,gic" and "arm,gic-v3" define them: type, number, flags. Numbers are
 * those of the kind (SPI 1 is INTID 33), so they are neither GSIs nor INTIDs.
 */
import { DeviceTreeError } from "./device-tree-error.ts";

/** Trigger flags of an interrupt specifier, bits 3:0 (dt-bindings/interrupt-controller/irq.h). */
export const IRQ_TYPE = { "edge-rising": 1, "edge-falling": 2, "level-high": 4, "level-low": 8 } as const;

/** What an interrupt senses, by the name of its flag in a specifier (IRQ_TYPE_…). */
export type IrqTrigger = keyof typeof IRQ_TYPE;
/** A GIC knows no other trigger for shared interrupts. */
export type SpiTrigger = "edge-rising" | "level-high";
/** Type, number, flags. */
export type GicSpecifier = readonly [type: number, number: number, flags: number];

/** First cell: which kind of interrupt the number counts, and how many there are. */
export const GIC_INTERRUPT_TYPES = [
  { type: 0, name: "SPI", count: 988, shared: true },
  { type: 1, name: "PPI", count: 16, shared: false },
  { type: 2, name: "ESPI", count: 1024, shared: true },
  { type: 3, name: "EPPI", count: 64, shared: false },
] as const;

/** SPI `n`, 0 … 987. @throws DeviceTreeError outside that range. */
export const gicSpi = (n: number, trigger: SpiTrigger): GicSpecifier => specifier(0, n, IRQ_TYPE[trigger]);

/**
 * PPI `n`, 0 … 15. `cpuMask` (GICv2 only): bit i set where the interrupt is wired to CPU i, 8 bits.
 * @throws DeviceTreeError outside these ranges.
 */
export function gicPpi(n: number, trigger: IrqTrigger, cpuMask = 0): GicSpecifier {
  if (!Number.isInteger(cpuMask) || cpuMask < 0 || cpuMask > 0xff) throw outOfRange("CPU mask", cpuMask, 0xff);
  return specifier(1, n, IRQ_TYPE[trigger] | (cpuMask << 8));
}

/** Extended SPI `n`, 0 … 1023 (GICv3.1). @throws DeviceTreeError outside that range. */
export const gicEspi = (n: number, trigger: SpiTrigger): GicSpecifier => specifier(2, n, IRQ_TYPE[trigger]);

/** Extended PPI `n`, 0 … 63 (GICv3.1). @throws DeviceTreeError outside that range. */
export const gicEppi = (n: number, trigger: IrqTrigger): GicSpecifier => specifier(3, n, IRQ_TYPE[trigger]);

function specifier(type: 0 | 1 | 2 | 3, n: number, flags: number): GicSpecifier {
  const { name, count } = GIC_INTERRUPT_TYPES[type];
  if (!Number.isInteger(n) || n < 0 || n >= count) throw outOfRange(name, n, count - 1);
  return [type, n, flags];
}

function outOfRange(what: string, value: number, limit: number): DeviceTreeError {
  return new DeviceTreeError("value", `${what} ${value} is out of range`, {
    subject: what,
    value,
    limit,
    remedy: `use a whole number from 0 to ${limit}; an INTID is not the number of its kind (SPI n is INTID 32 + n, PPI n is 16 + n)`,
  });
}
