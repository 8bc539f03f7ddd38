/**
 * What an exit or an interrupt costs the guest, in nanoseconds that it measures itself with CNTVCT_EL0, beside QEMU's in the
 * same run. The machine's clock is the host's. What an operation is: bench/guests/README.md.
 */
import { guestRow } from "../fixtures/guest-row.ts";
import { guestNs } from "../guests/guest-output.ts";
import { atMost, type PreparedRow, type Row } from "../harness/row.ts";

const SAMPLES = 5;

/** @param name of the row, which the guest prints before its figure */
const measuredByGuest = (name: string, guest = name): PreparedRow =>
  guestRow(guest, { clock: "host" }, { ours: (_, { output }) => guestNs(name, output), qemu: (_, output) => guestNs(name, output) });

export const rows: readonly Row[] = [
  { name: "guest/hypercall", unit: "ns", samples: SAMPLES, targets: [atMost(80)], prepare: () => measuredByGuest("guest/hypercall") },
  { name: "guest/mmio", unit: "ns", samples: SAMPLES, targets: [atMost(100)], prepare: () => measuredByGuest("guest/mmio") },
  { name: "guest/gicd", unit: "ns", samples: SAMPLES, targets: [atMost(100)], prepare: () => measuredByGuest("guest/gicd") },
  { name: "guest/eoi", unit: "ns", samples: SAMPLES, targets: [atMost(60)], prepare: () => measuredByGuest("guest/eoi") },
  { name: "guest/ipi", unit: "ns", samples: SAMPLES, targets: [atMost(1000)], prepare: () => measuredByGuest("guest/ipi") },
  { name: "guest/lpi", unit: "ns", samples: SAMPLES, prepare: () => measuredByGuest("guest/lpi") },
  { name: "guest/timer-latency", unit: "ns", samples: SAMPLES, prepare: () => measuredByGuest("guest/timer-latency") },
  { name: "guest/timer-latency-wfi", unit: "ns", samples: SAMPLES, prepare: () => measuredByGuest("guest/timer-latency-wfi", "guest/timer-latency") },
];
