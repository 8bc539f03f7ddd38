/** How an interrupt is signalled, and what became of it. Small numbers, because they travel the hot path. */

/** The line went low, went high, or did both at once (an edge). */
export const LOW = 0;
/** The line went high; on an edge-configured input every HIGH is an edge. */
export const HIGH = 1;
/** Up and down at once: an edge. A level-sensitive input keeps nothing of it. */
export const PULSE = 2;
export type IrqSignal = typeof LOW | typeof HIGH | typeof PULSE;

/**
 * What became of a signal, in KVM's convention (virt/kvm/irqchip.c, kvm_set_irq): positive delivered to that many chips,
 * 0 coalesced with one still pending, negative ignored: no route, no such pin, not accepted.
 */
export type IrqResult = number;
/** Delivered to one chip; a signal with several targets counts them. */
export const DELIVERED = 1;
/** Taken, and merged with one that was still pending. */
export const COALESCED = 0;
/** Nobody took it: no route, no such pin, not accepted. */
export const IGNORED = -1;

/** The lines of a vCPU that an irqchip drives. */
export const IRQ_LINE = 0;
/** The line to FIQ. */
export const FIQ_LINE = 1;
/** IRQ_LINE or FIQ_LINE. */
export type VcpuLine = typeof IRQ_LINE | typeof FIQ_LINE;

const SIGNAL_NAMES = ["low", "high", "pulse"] as const;
/** A signal as events have it. */
export type SignalName = (typeof SIGNAL_NAMES)[number];

/** "low", "high" or "pulse". */
export function signalName(signal: IrqSignal): SignalName {
  return SIGNAL_NAMES[signal];
}
