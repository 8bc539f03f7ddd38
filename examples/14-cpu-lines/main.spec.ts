/** Runs the example as a user does: it prints, byte for byte, what its README tells. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const PRINTED = [
  "guest reads 11",
  "guest writes 11",
  "guest reads 12",
  "guest writes 12",
  "guest reads 13",
  "guest writes 13",
  "{\"reason\":\"power-off\",\"vcpu\":0,\"status\":3}",
];

it("lets a program drive the IRQ line of a machine without an irqchip of its own", () => {
  expect(runExample("14-cpu-lines").stdout.trimEnd().split("\n")).toEqual(PRINTED);
});
