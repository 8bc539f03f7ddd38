/** Reading what guests print: figures, and what is refused. */
import { describe, expect, it } from "vitest";
import type { GuestImage } from "./guest-image.ts";
import { guestMips, guestNs } from "./guest-output.ts";

const ALU: GuestImage = { name: "cpu/alu", path: "cpu-alu.bin", vcpus: 1, instructions: 1_000_000_000, checksum: "8de78ccf6a2a71b4" };

describe("a counted guest", () => {
  it("makes MIPS of its instructions and the ticks it counted", () => {
    expect(guestMips(ALU, "cpu/alu checksum=8de78ccf6a2a71b4 ticks=31250000 hz=62500000\n")).toBe(2000);
    expect(guestMips(ALU, "boot\r\ncpu/alu checksum=8de78ccf6a2a71b4 ticks=2000000000 hz=1000000000\r\n")).toBe(500);
  });

  it.each<[string, string, RegExp]>([
    ["another checksum", "cpu/alu checksum=0000000000000001 ticks=1 hz=1\n", /cpu\/alu ended with checksum 0000000000000001 instead of 8de78ccf6a2a71b4/],
    ["another guest's line", "cpu/fib checksum=8de78ccf6a2a71b4 ticks=1 hz=1\n", /cpu\/alu gave no figure; it printed "cpu\/fib/],
    ["half a line", "cpu/alu checksum=8de78ccf6a2a71b4 tic", /no figure/],
    ["nothing", "", /cpu\/alu gave no figure; it printed ""/],
    ["a failure", "failed: sort 0x0000000000000001\ncpu/alu checksum=8de78ccf6a2a71b4 ticks=1 hz=1\n", /cpu\/alu failed: sort 0x0{15}1/],
  ])("is refused with %s", (_, output, message) => {
    expect(() => guestMips(ALU, output)).toThrow(message);
  });
});

describe("a guest that measures itself", () => {
  it("is taken at the median of its rounds", () => {
    expect(guestNs("guest/mmio", "guest/mmio 90.01 1000\nguest/mmio 55.61 1000\r\nguest/mmio 54.00 1000\n")).toBe(55.61);
  });

  it("may have rows whose names go on", () => {
    const output = "guest/timer-latency 100.00 200\nguest/timer-latency-wfi 300.50 200\n";
    expect([guestNs("guest/timer-latency", output), guestNs("guest/timer-latency-wfi", output)]).toEqual([100, 300.5]);
  });

  it.each<[string, string, RegExp]>([
    ["no line of its own", "guest/gicd 55.61 1000\n", /guest\/mmio gave no figure/],
    ["a failure after a figure", "guest/mmio 55.61 1000\nfailed: exception, esr 0x0000000096000010\n", /guest\/mmio failed: exception, esr 0x0{8}96000010/],
  ])("is refused with %s", (_, output, message) => {
    expect(() => guestNs("guest/mmio", output)).toThrow(message);
  });
});
