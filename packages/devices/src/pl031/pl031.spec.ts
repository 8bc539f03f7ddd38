/** PL031, by the sections of Arm DDI 0224C. */
import { beforeEach, describe, expect, it } from "vitest";
import { checkHostileGuest, checkRestoreRefuses, checkRows, DeviceRig } from "../device-rig.fixture.ts";
import { pl031Registers } from "./pl031.registers.ts";
import { Pl031 } from "./pl031.ts";

const [DR, MR, LR, CR, IMSC, RIS, MIS, ICR] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c];
const START = 1_700_000_000;
const SECOND = 1e9;

const rig = (): DeviceRig<Pl031> => new DeviceRig(pl031Registers, ({ line, clock }) => new Pl031("rtc", line, clock, () => START));
let rtc: DeviceRig<Pl031>;
beforeEach(() => {
  rtc = rig();
});

describe("rows (table 3-1)", () => {
  it("have their reset values, and RO ignores writes", () => checkRows(rig));

  it("identify the part: 0x00041031 and 0xb105f00d", () => {
    const word = (offset: number): number => [0, 1, 2, 3].reduce((sum, n) => (sum | (rtc.r(offset + 4 * n) << (8 * n))) >>> 0, 0);
    expect([word(0xfe0), word(0xff0)]).toEqual([0x0004_1031, 0xb105_f00d]);
  });
});

describe("the counter", () => {
  it("counts seconds from power-on", () => {
    rtc.advance(2.5 * SECOND);
    expect(rtc.r(DR)).toBe(START + 2);
  });

  it("goes on from what RTCLR loads, and RTCLR reads it back", () => {
    rtc.advance(10 * SECOND);
    rtc.w(LR, 1000);
    rtc.advance(3 * SECOND);
    expect([rtc.r(DR), rtc.r(LR)]).toEqual([1003, 1000]);
  });

  it("wraps at 2^32", () => {
    rtc.w(LR, 0xffff_ffff);
    rtc.advance(2 * SECOND);
    expect(rtc.r(DR)).toBe(1);
  });

  it("runs: RTCCR reads 1, and writing it has no effect", () => {
    rtc.w(CR, 0);
    rtc.advance(SECOND);
    expect([rtc.r(CR), rtc.r(DR)]).toEqual([1, START + 1]);
  });

  it("survives a warm reset, which clears match, mask and interrupt", () => {
    rtc.w(LR, 5);
    rtc.w(MR, 5);
    rtc.w(IMSC, 1);
    rtc.advance(0);
    rtc.device.reset("warm");
    expect([rtc.r(DR), rtc.r(MR), rtc.r(IMSC), rtc.r(RIS), rtc.line.high]).toEqual([5, 0, 0, 0, false]);
    rtc.device.reset("power-on");
    expect(rtc.r(DR)).toBe(START);
  });
});

describe("the alarm", () => {
  beforeEach(() => rtc.w(IMSC, 1));

  it("rings when the counter gets to RTCMR, at a whole second", () => {
    rtc.advance(0.5 * SECOND);
    rtc.w(MR, START + 3);
    rtc.advance(2.5 * SECOND - 1);
    expect(rtc.line.high).toBe(false);
    rtc.advance(1);
    expect([rtc.line.high, rtc.r(RIS), rtc.r(MIS)]).toEqual([true, 1, 1]);
  });

  it("rings until RTCICR, and not twice", () => {
    rtc.w(MR, START + 1);
    rtc.advance(SECOND);
    rtc.w(ICR, 1);
    rtc.advance(SECOND);
    expect([rtc.line.high, rtc.r(RIS)]).toEqual([false, 0]);
  });

  it("rings for a match that holds already", () => {
    rtc.w(MR, START);
    rtc.advance(0);
    expect(rtc.line.high).toBe(true);
  });

  it("moves with RTCLR", () => {
    rtc.w(MR, START + 100);
    rtc.w(LR, START + 99);
    rtc.advance(SECOND);
    expect(rtc.line.high).toBe(true);
  });

  it("does not ring for a time that has passed", () => {
    rtc.w(MR, START - 1);
    rtc.advance(1000 * SECOND);
    expect(rtc.r(RIS)).toBe(0);
  });

  it("shows in RTCRIS only while masked", () => {
    rtc.w(IMSC, 0);
    rtc.w(MR, START + 1);
    rtc.advance(SECOND);
    expect([rtc.r(RIS), rtc.r(MIS), rtc.line.high]).toEqual([1, 0, false]);
  });
});

describe("the device", () => {
  it("goes on identically when restored", () => {
    rtc.w(IMSC, 1);
    rtc.w(MR, START + 4);
    rtc.advance(SECOND);
    const copy = rig();
    copy.clock.restore(rtc.clock.save());
    copy.device.restore(rtc.device.save());
    copy.advance(3 * SECOND);
    expect([copy.r(DR), copy.line.high]).toEqual([START + 4, true]);
  });

  it("refuses a state that is none", () => checkRestoreRefuses(rig));
  it("withstands any guest", () => checkHostileGuest(rig, ({ device }) => (device.ris & device.imsc) !== 0));
});
