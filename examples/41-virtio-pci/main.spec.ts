/** Runs the example as a user does: it prints, byte for byte, what its README tells. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const REQUEST = [
  "  vcpu0 rings ioeventfd rng0-queue0 = 0x0",
  "  eventfd rng0-queue0 signalled = 0x1, count 0",
  "  eventfd rng0 vector 1 signalled = 0x1, count 0",
  "  GSI 4094 pulse",
  "  MSI at router: 0x809_0040 = 0x1 from device 0x18",
  "  MSI at gic: 0x809_0040 = 0x1 from device 0x18",
  "  gic.acknowledge: irqchip gic, vcpu 0, intid 8197, group 1, priority 160",
];

it("rings a doorbell in a BAR, and gets an LPI by MSI-X, irqfd and route, twice", () => {
  expect(runExample("41-virtio-pci").stdout.trimEnd().split("\n")).toEqual([
    ...[...REQUEST, "guest: 0x165df59d", ...REQUEST, "guest: 0xe19016ea"],
    '{"reason":"power-off","vcpu":0,"status":0}',
    "GSI 6  → gic pin 6 → SPI 6 (INTID 38)  ← rng0 (level)",
    "GSI 4094  → MSI 0x0809_0040 data 0x1 device 0x18  ← rng0 vector 1 (edge), irqfd rng0 vector 1",
    "GSI 4095  → MSI 0x0809_0040 data 0x0 device 0x18  ← rng0 vector 0 (edge), irqfd rng0 vector 0",
  ]);
});
