/** Runs the example as a user does and reads what it prints. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

it("delivers the same PPI to each of 600 vCPUs through a GSI of its own", () => {
  expect(runExample("22-600-vcpus").stdout.split("\n")).toEqual([
    "GSI 0x122c_0017  → gic pin 24007 → PPI 7 of vCPU 300 (INTID 23)  ← irqfd for vcpu300",
    "599 vCPUs took INTID 23 once, vCPU 300 2 times",
    "",
  ]);
}, 60_000);
