/** Runs the example as a user does: it prints, byte for byte, what its README tells; and its guest is what its source says. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const PRINTED = [
  "0.006 µs  vcpu0 exits: mmio write 4 bytes at 0x800_0000 = 0x2  (0x4008_0310: str w0, [x1])",
  "0.009 µs  vcpu0 exits: mmio write 4 bytes at 0x80b_0080 = 0x800_0000  (0x4008_031c: str w0, [x1, #0x80])",
  "0.010 µs  vcpu0 exits: mmio write 4 bytes at 0x80b_0100 = 0x800_0000  (0x4008_0320: str w0, [x1, #0x100])",
  "0.012 µs  vcpu0 exits: msr S3_0_C4_C6_0 = 0xf0  (0x4008_0328: msr icc_pmr_el1, x0)",
  "0.014 µs  vcpu0 exits: msr S3_0_C12_C12_7 = 0x1  (0x4008_0330: msr icc_igrpen1_el1, x0)",
  "0.019 µs  vcpu0 exits: wfi  (0x4008_0344: wfi)",
  "16.016 µs  gic private line 27 of vcpu0 high",
  "16.016 µs  gic drives IRQ of vcpu0 high",
  "16.017 µs  vcpu0 exits: mrs S3_0_C12_C12_0 = 0x1b  (0x4008_0280: mrs x0, icc_iar1_el1)",
  "16.017 µs  gic.acknowledge: irqchip gic, vcpu 0, intid 27, group 1, priority 0",
  "16.017 µs  gic drives IRQ of vcpu0 low",
  "16.018 µs  gic private line 27 of vcpu0 low",
  "16.019 µs  vcpu0 exits: msr S3_0_C12_C12_1 = 0x1b  (0x4008_0288: msr icc_eoir1_el1, x0)",
  "16.019 µs  gic.eoi: irqchip gic, vcpu 0, intid 27, group 1",
  "16.023 µs  vcpu0 exits: hvc 0x8400_0008 → 0x0  (0x4008_0350: hvc #0)",
  "16.023 µs  vcpu0 exits: shutdown, status 0  (0x4008_0350: hvc #0)",
  'power-off after 26 instructions; exceptions taken: {"irq":1}',
];

it("shows an interrupt's way from the timer to the guest's handler and back, with the instructions", () => {
  expect(runExample("30-bare-metal-guest").stdout.trimEnd().split("\n")).toEqual(PRINTED);
});

it("the guest's words are those of its source", (context) => {
  const assembler = fileURLToPath(new URL("assemble.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [assembler, "--check"], { encoding: "utf8" });
  if (status === 77) context.skip("aarch64-linux-gnu-as is not installed");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
