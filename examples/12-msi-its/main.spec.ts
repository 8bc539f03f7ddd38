/** Runs the example as a user does: it prints, byte for byte, what its README tells. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const PRINTED = [
  "#52       1000.000 µs  MSI at router: 0x809_0040 = 0x2 from device 0x8",
  "#53       1000.000 µs  MSI at gic: 0x809_0040 = 0x2 from device 0x8",
  "#55       1000.000 µs  gic drives IRQ of vcpu0 high",
  "#58       1000.001 µs  gic.acknowledge: irqchip gic, vcpu 0, intid 8197, group 1, priority 160",
  "#59       1000.001 µs  gic drives IRQ of vcpu0 low",
  "guest: INTID 8197",
  "#62       1000.002 µs  gic.eoi: irqchip gic, vcpu 0, intid 8197, group 1",
  "#64       2000.000 µs  MSI at router: 0x809_0040 = 0x7 from device 0x8  (coalesced)",
  "#65       2000.000 µs  MSI at gic: 0x809_0040 = 0x7 from device 0x8  (coalesced)",
  "#67       3000.000 µs  MSI at router: 0x809_0040 = 0x2 from device 0x8",
  "#68       3000.000 µs  MSI at gic: 0x809_0040 = 0x2 from device 0x8",
  "#70       3000.000 µs  gic drives IRQ of vcpu0 high",
  "#73       3000.001 µs  gic.acknowledge: irqchip gic, vcpu 0, intid 8197, group 1, priority 160",
  "#74       3000.001 µs  gic drives IRQ of vcpu0 low",
  "guest: INTID 8197",
  "#77       3000.002 µs  gic.eoi: irqchip gic, vcpu 0, intid 8197, group 1",
  "{\"reason\":\"power-off\",\"vcpu\":0,\"status\":2}",
];

it("delivers the mapped event as an LPI, twice, and drops the one that is not mapped", () => {
  expect(runExample("12-msi-its").stdout.trimEnd().split("\n")).toEqual(PRINTED);
});
