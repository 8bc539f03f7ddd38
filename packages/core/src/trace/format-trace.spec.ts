/** What people read: one line per event, in the words of the glossary. */
import { describe, expect, it } from "vitest";
import type { TraceEvent } from "../index.ts";
import { formatTrace } from "./format-trace.ts";
import { toJsonLine } from "./trace.ts";

const at = { seq: 7, atNs: 1234 };

describe("formatTrace", () => {
  it.each<readonly [TraceEvent, string]>([
    [{ ...at, kind: "access", bus: "mmio", device: "uart0", address: 0x900_0000, offset: 0, width: 4, direction: "write", value: 0x41, register: "UARTDR", vcpu: 0 }, "vcpu0 writes uart0.UARTDR = 0x41"],
    [{ ...at, kind: "access", bus: "mmio", device: "uart0", address: 0x900_0ffc, offset: 0xffc, width: 4, direction: "read", aborted: true, vcpu: -1 }, "host reads uart0.0xffc  (external abort)"],
    [{ ...at, kind: "unclaimed", bus: "mmio", address: 0x1_0000, width: 8, direction: "read", answer: "external-abort", crosses: "rom at 0x0+0x1_0000", vcpu: 1 }, "vcpu1 reads 0x1_0000  (nobody's, crosses rom at 0x0+0x1_0000: external-abort)"],
    [{ ...at, kind: "doorbell", bus: "mmio", doorbell: "queue0", address: 0x10, width: 4, value: 3, vcpu: 0 }, "vcpu0 rings queue0 = 0x3"],
    [{ ...at, kind: "sysreg", device: "gic", register: "ICC_IAR1_EL1", encoding: 0xc660, direction: "read", value: 33, vcpu: 0 }, "vcpu0 reads ICC_IAR1_EL1 = 0x21"],
    [{ ...at, kind: "exit", vcpu: 0, reason: "sysreg", direction: "write", encoding: 0xc661, value: 33 }, "vcpu0 exits: msr S3_0_C12_C12_1 = 0x21"],
    [{ ...at, kind: "exit", vcpu: 0, reason: "wfi" }, "vcpu0 exits: wfi"],
    [{ ...at, kind: "exit", vcpu: 0, reason: "wfi", at: { pc: 0x4008_0010, word: 0xd503_207f, text: "wfi" } }, "vcpu0 exits: wfi  (0x4008_0010: wfi)"],
    [{ ...at, kind: "exit", vcpu: 0, reason: "wfi", at: { pc: 0xffff_8000_0008_0000n, word: 0x7f } }, "vcpu0 exits: wfi  (0xffff_8000_0008_0000: .inst 0x0000_007f)"],
    [{ ...at, kind: "exit", vcpu: 0, reason: "fault", pc: 4, message: "udf at 0x4", at: { pc: 4, word: 0 } }, "vcpu0 exits: fault: udf at 0x4"],
    [{ ...at, kind: "gsi", gsi: 1, signal: "high", result: 1 }, "GSI 1 high"],
    [{ ...at, kind: "gsi", gsi: 1, signal: "pulse", result: 0 }, "GSI 1 pulse  (coalesced)"],
    [{ ...at, kind: "msi", at: "router", address: 0x808_0040, data: 5, deviceId: 8, result: -1 }, "MSI at router: 0x808_0040 = 0x5 from device 0x8  (ignored)"],
    [{ ...at, kind: "vcpu-line", irqchip: "gic", vcpu: 2, line: "fiq", level: true }, "gic drives FIQ of vcpu2 high"],
    [{ ...at, kind: "completion", irqchip: "gic", pin: 1 }, "gic pin 1 completed"],
    [{ ...at, kind: "signal", eventFd: "kick", value: 1, count: 0xffff_ffff_ffff_fffen }, "eventfd kick signalled = 0x1, count 18446744073709551614"],
    [{ ...at, kind: "remap", region: "flash0", address: 0, length: 0x400_0000, visible: false }, "memory flash0 hidden from vCPUs"],
    [{ ...at, kind: "remap", region: "flash0", address: 0, length: 0x400_0000, visible: true }, "memory flash0 shown to vCPUs"],
    [{ ...at, kind: "machine", what: "reset", reset: "warm" }, "machine reset (warm)"],
  ])("%o", (event, line) => {
    expect(formatTrace(event)).toBe(`#7           1.234 µs  ${line}`);
  });

  it("shows kinds that plugins add by their keys", () => {
    const event = { ...at, kind: "my-chip.ack", pin: 3, route: { to: 1 } } as unknown as TraceEvent;
    expect(formatTrace(event)).toBe('#7           1.234 µs  my-chip.ack: pin 3, route {"to":1}');
  });
});

describe("toJsonLine", () => {
  it("writes numbers as numbers, and what a double cannot hold as hexadecimal text", () => {
    const event = { ...at, kind: "access", value: 2 ** 53 - 1, other: 2n ** 64n - 1n };
    expect(toJsonLine(event)).toBe('{"seq":7,"atNs":1234,"kind":"access","value":9007199254740991,"other":"0xffffffffffffffff"}');
  });
});
