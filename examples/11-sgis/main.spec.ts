/** Runs the example as a user does: it prints, byte for byte, what its README tells. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const PRINTED = [
  "  11 ns  vcpu1 throws to vcpu0",
  "  13 ns  vcpu0 catches",
  "  15 ns  vcpu0 throws to vcpu1",
  "  17 ns  vcpu1 catches",
  "  19 ns  vcpu1 throws to vcpu0",
  "  21 ns  vcpu0 catches",
  "  23 ns  vcpu0 throws to vcpu1",
  "  25 ns  vcpu1 catches",
  "  27 ns  vcpu1 throws to vcpu0",
  "  29 ns  vcpu0 catches",
  "  31 ns  vcpu0 throws to vcpu1",
  "  33 ns  vcpu1 catches",
  "{\"reason\":\"power-off\",\"vcpu\":1,\"status\":6}",
];

it("passes the ball six times between two sleeping vCPUs", () => {
  expect(runExample("11-sgis").stdout.trimEnd().split("\n")).toEqual(PRINTED);
});
