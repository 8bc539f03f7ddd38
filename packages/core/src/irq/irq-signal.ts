/** How an interrupt is signalled, and what became of it. Small numbers, because they travel the hot path. */

/** The line went low, went high, or did both at once (an edge). */
export const LOW = 0;
export const HIGH = 1;
export const PULSE = 2;
export type IrqSignal = typeof LOW | typeof HIGH | typeof PULSE;

/**
 * What became of a signal, in KVM's convention (virt/kvm/irqchip.c, kvm_set_irq): positive delivered to that many chips,
 * 0 coalesced with one still pending, negative ignored: no route, no such pin, not accepted.
 */
export type IrqResult = number;
export const DELIVERED = 1;
export const COALESCED = 0;
export const IGNORED = -1;

/** The lines of a vCPU that an irqchip drives. */
export const IRQ_LINE = 0;
export const FIQ_LINE = 1;
export type VcpuLine = typeof IRQ_LINE | typeof FIQ_LINE;

const SIGNAL_NAMES = ["low", "high", "pulse"] as const;
export type SignalName = (typeof SIGNAL_NAMES)[number];

export function signalName(signal: IrqSignal): SignalName {
  return SIGNAL_NAMES[signal];
}
