/** Runs the example as a user does: it prints, byte for byte, what its README tells. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const PRINTED = [
  "not signalled:",
  "  - the enable bit in GICD_ISENABLER is 0",
  "  - it is in group 0, and GICD_CTLR.EnableGrp0 is 0",
  "  - it is in group 0, and ICC_IGRPEN0_EL1 is 0",
  "  - its priority 0x00 is not below ICC_PMR_EL1 0x00",
  "not signalled:",
  "  - it is in group 0, and GICD_CTLR.EnableGrp0 is 0",
  "  - it is in group 0, and ICC_IGRPEN0_EL1 is 0",
  "  - its priority 0x00 is not below ICC_PMR_EL1 0x00",
  "not signalled:",
  "  - it is in group 1, and ICC_IGRPEN1_EL1 is 0",
  "  - its priority 0x00 is not below ICC_PMR_EL1 0x00",
  "not signalled:",
  "  - its priority 0xa0 is not below ICC_PMR_EL1 0x00",
  "not signalled:",
  "  - its priority 0xa0 is not below ICC_PMR_EL1 0xa0",
  "SPI 1 (INTID 33) is signalled to vCPU 0 at priority 0xa0.",
];

it("names what is still missing, until nothing is", () => {
  expect(runExample("13-explain").stdout.trimEnd().split("\n")).toEqual(PRINTED);
});
