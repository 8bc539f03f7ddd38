/** Runs the example as a user does: it prints, byte for byte, what its README tells. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const PRINTED = [
  "#20       1000.008 µs  GSI 1 high",
  "#21       1000.008 µs  gic pin 1 high",
  "#22       1000.008 µs  gic drives IRQ of vcpu0 high",
  "#25       1000.009 µs  gic.acknowledge: irqchip gic, vcpu 0, intid 33, group 1, priority 160",
  "#26       1000.009 µs  gic drives IRQ of vcpu0 low",
  "#31       1000.011 µs  GSI 1 low",
  "#32       1000.011 µs  gic pin 1 low",
  "guest: sample 21",
  "#37       1000.013 µs  gic.eoi: irqchip gic, vcpu 0, intid 33, group 1",
  "#38       1000.013 µs  gic.deactivate: irqchip gic, vcpu 0, intid 33",
  "#39       1000.013 µs  gic pin 1 completed",
  "#41       2000.008 µs  GSI 1 high",
  "#42       2000.008 µs  gic pin 1 high",
  "#43       2000.008 µs  gic drives IRQ of vcpu0 high",
  "#46       2000.009 µs  gic.acknowledge: irqchip gic, vcpu 0, intid 33, group 1, priority 160",
  "#47       2000.009 µs  gic drives IRQ of vcpu0 low",
  "#52       2000.011 µs  GSI 1 low",
  "#53       2000.011 µs  gic pin 1 low",
  "guest: sample 22",
  "#58       2000.013 µs  gic.eoi: irqchip gic, vcpu 0, intid 33, group 1",
  "#59       2000.013 µs  gic.deactivate: irqchip gic, vcpu 0, intid 33",
  "#60       2000.013 µs  gic pin 1 completed",
  "{\"reason\":\"power-off\",\"vcpu\":0,\"status\":0}",
];

it("raises, takes, serves, lowers and ends a level interrupt, twice", () => {
  expect(runExample("10-level-interrupt").stdout.trimEnd().split("\n")).toEqual(PRINTED);
});
