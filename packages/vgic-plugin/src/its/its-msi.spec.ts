/**
 * Results of KVM_SIGNAL_MSI as the ITS gives them: kvm-irq-abi K.3 rows 47–57 and C.5. Rows 45, 46, 48 and 59 are the
 * chip's (no GIC, no ITS, no doorbell at the address), row 58 the router's.
 */
import { describe, expect, it } from "vitest";
import { CTLR, ITT, ItsBench, PENDING_TABLES, SPURIOUS } from "./its-bench.fixture.ts";
import { discard, inv, mapc, mapd, mapti, movi } from "./its-command-words.ts";

const EINVAL = -22;
const EBUSY = -16;
const DEVICE = 0x11;

/** Device 0x11, event 3 → LPI 8200 → collection 1 on vCPU 0; collection 2 on vCPU 1. */
function wired(): ItsBench {
  const bench = new ItsBench().boot();
  bench.commands(mapd(DEVICE, 5, ITT), mapc(1, 0), mapc(2, 1), mapti(DEVICE, 3, 8200, 1));
  return bench;
}

describe("message-signalled interrupts", () => {
  it("47: without a DeviceID: EINVAL", () => {
    expect(wired().msi(-1, 3)).toBe(EINVAL);
  });

  it("47: and a translation done before changes nothing about it", () => {
    const bench = wired();
    bench.msi(DEVICE, 3);
    expect(bench.msi(-1, 3)).toBe(EINVAL);
  });

  it("49: the ITS disabled: EBUSY", () => {
    const bench = wired();
    bench.write(CTLR, 0, 4);
    expect(bench.msi(DEVICE, 3)).toBe(EBUSY);
  });

  it.each([
    ["another event", DEVICE, 4],
    ["an event beyond the device's", DEVICE, 32],
    ["another device", DEVICE + 1, 3],
    ["DeviceID 2^32 − 1", 0xffff_ffff, 3],
    ["EventID 2^32 − 1", DEVICE, 0xffff_ffff],
  ])("50: not mapped (%s): blocked", (_what, deviceId, eventId) => {
    expect(wired().msi(deviceId, eventId)).toBe(0);
  });

  it("51: LPIs disabled at the target: EBUSY", () => {
    const bench = wired();
    bench.lpis.writeCtlr(0, 0);
    expect(bench.msi(DEVICE, 3)).toBe(EBUSY);
  });

  it("52: all mapped and enabled: delivered, and coalesced afterwards", () => {
    const bench = wired();
    expect([bench.msi(DEVICE, 3), bench.msi(DEVICE, 3)]).toEqual([1, 1]);
    expect([bench.iar(0), bench.iar(0)]).toEqual([8200, SPURIOUS]);
  });

  it("53: after DISCARD: blocked", () => {
    const bench = wired();
    bench.msi(DEVICE, 3);
    bench.commands(discard(DEVICE, 3));
    expect(bench.msi(DEVICE, 3)).toBe(0);
  });

  it("54: after MAPC with V = 0: blocked, and what waits at the vCPU stays (gic.md C.4.5)", () => {
    const bench = wired();
    bench.msi(DEVICE, 3);
    bench.commands(mapc(1, 0, false));
    expect(bench.msi(DEVICE, 3)).toBe(0);
    expect(bench.iar(0)).toBe(8200);
  });

  it("55: after MOVI it goes to the new vCPU", () => {
    const bench = wired();
    bench.msi(DEVICE, 3);
    bench.iar(0);
    bench.commands(movi(DEVICE, 3, 2));
    expect(bench.msi(DEVICE, 3)).toBe(1);
    expect([bench.iar(0), bench.iar(1)]).toEqual([SPURIOUS, 8200]);
  });

  it("56: disabled when it was mapped: kept until INV sees it enabled", () => {
    const bench = new ItsBench().boot();
    bench.setConfig(8200, 0xa0);
    bench.commands(mapd(DEVICE, 5, ITT), mapc(1, 0), mapti(DEVICE, 3, 8200, 1));
    bench.setConfig(8200, 0xa1);
    expect(bench.msi(DEVICE, 3)).toBe(1);
    expect(bench.iar(0)).toBe(SPURIOUS);
    bench.commands(inv(DEVICE, 3));
    expect(bench.iar(0)).toBe(8200);
  });

  it("57: a bit in the pending table, PTZ 0: pending once LPIs are enabled", () => {
    const bench = wired();
    bench.lpis.writeCtlr(0, 0);
    bench.memory.write(PENDING_TABLES + 8200 / 8, 1, 1 << (8200 % 8));
    bench.lpis.writeCtlr(0, 1);
    expect(bench.iar(0)).toBe(8200);
  });

  it("any address in the two frames is a doorbell, as in KVM (J.2 #4)", () => {
    const bench = wired();
    expect([0, 0x80, 0x1_0040, 0x1_fffc].map((offset) => bench.its.deliver(offset, 3, DEVICE))).toEqual([1, 1, 1, 1]);
  });

  it("finds each of 65 536 events of one device, and each of 2048 devices", () => {
    const bench = new ItsBench({ intidBits: 17 }).boot();
    const { mappings } = bench.its;
    bench.commands(mapc(0, 0), mapd(1, 16, ITT));
    for (let n = 2; n < 2050; n++) bench.commands(mapd(n, 1, ITT));
    for (let eventId = 0; eventId < 65_536; eventId++) mappings.setEvent(mappings.find(1)!, eventId, 8192 + eventId, 0);
    for (let n = 2; n < 2050; n++) mappings.setEvent(mappings.find(n)!, 1, 8192 + 65_536 + n, 0);
    for (const eventId of [0, 31, 32, 4095, 65_535]) {
      expect(bench.msi(1, eventId)).toBe(1);
      expect(bench.iar(0)).toBe(8192 + eventId);
    }
    expect(bench.msi(2049, 1)).toBe(1);
    expect(bench.iar(0)).toBe(8192 + 65_536 + 2049);
  });
});
