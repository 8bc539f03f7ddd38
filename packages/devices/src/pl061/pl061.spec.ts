/** PL061, by the sections of Arm DDI 0190B. */
import { beforeEach, describe, expect, it } from "vitest";
import { checkHostileGuest, checkRestoreRefuses, checkRows, DeviceRig } from "../device-rig.fixture.ts";
import { pl061Registers } from "./pl061.registers.ts";
import { Pl061 } from "./pl061.ts";

const DATA = (mask: number): number => mask << 2;
const [DIR, IS, IBE, IEV, IE, RIS, MIS, IC] = [0x400, 0x404, 0x408, 0x40c, 0x410, 0x414, 0x418, 0x41c];

const rig = (): DeviceRig<Pl061> => new DeviceRig(pl061Registers, ({ line }) => new Pl061("gpio", line));
let gpio: DeviceRig<Pl061>;
beforeEach(() => {
  gpio = rig();
});

describe("rows (table 3-1)", () => {
  it("have their reset values, and RO ignores writes", () => checkRows(rig));

  it("identify the part: 0x00041061 and 0xb105f00d", () => {
    const word = (offset: number): number => [0, 1, 2, 3].reduce((sum, n) => (sum | (gpio.r(offset + 4 * n) << (8 * n))) >>> 0, 0);
    expect([word(0xfe0), word(0xff0)]).toEqual([0x0004_1061, 0xb105_f00d]);
  });
});

describe("GPIODATA (3.3.1)", () => {
  //   the manual's own examples: address bits 9:2 mask the data
  it("writes 0xFB through address 0x098: bits 5, 2 and 1 only", () => {
    gpio.w(DIR, 0xff);
    gpio.w(0x098, 0xfb);
    expect(gpio.r(DATA(0xff))).toBe(0b0010_0010);
  });

  it("reads 0xFE through address 0x0C4: bits 5, 4 and 0 only", () => {
    for (let pin = 1; pin < 8; pin++) gpio.device.set(pin, true);
    expect(gpio.r(0x0c4)).toBe(0b0011_0000);
  });

  it.each([1, 2, 4] as const)("works %d bytes wide", (width) => {
    gpio.w(DIR, 0xff, width);
    gpio.w(DATA(0xff), 0xa5, width);
    expect(gpio.r(DATA(0xff), width)).toBe(0xa5);
  });

  it("shows inputs as driven and outputs as written", () => {
    gpio.device.set(0, true);
    gpio.device.set(7, true);
    gpio.w(DATA(0xff), 0x40);
    gpio.w(DIR, 0xf0);
    expect(gpio.r(DATA(0xff))).toBe(0x41);
  });

  it("tells of outputs that change", () => {
    const seen: (readonly [number, number])[] = [];
    gpio.device.output = (changed, levels) => void seen.push([changed, levels]);
    gpio.w(DATA(0xff), 0x03);
    gpio.w(DIR, 0x01);
    gpio.w(DATA(0x01), 0x00);
    gpio.w(DATA(0x02), 0x00);
    gpio.w(DATA(0x01), 0xff);
    gpio.device.reset();
    expect(seen).toEqual([[1, 1], [1, 0], [1, 1], [1, 0]]);
  });
});

describe("interrupts (2.2)", () => {
  //   IS IBE IEV  at rise  at fall
  it.each([
    [0, 0, 0, false, true],
    [0, 0, 1, true, false],
    [0, 1, 0, true, true],
    [0, 1, 1, true, true],
  ])("edges: IS %d, IBE %d, IEV %d", (is, ibe, iev, rise, fall) => {
    gpio.w(IS, is << 3);
    gpio.w(IBE, ibe << 3);
    gpio.w(IEV, iev << 3);
    gpio.w(IE, 8);
    gpio.device.set(3, true);
    expect([gpio.line.high, gpio.r(RIS), gpio.r(MIS)]).toEqual([rise, rise ? 8 : 0, rise ? 8 : 0]);
    gpio.w(IC, 8);
    expect(gpio.line.high).toBe(false);
    gpio.device.set(3, false);
    expect(gpio.line.high).toBe(fall);
  });

  //   IEV  low    high
  it.each([
    [0, true, false],
    [1, false, true],
  ])("levels: IEV %d, as long as the level lasts", (iev, low, high) => {
    gpio.w(IS, 8);
    gpio.w(IEV, iev << 3);
    gpio.w(IE, 8);
    expect(gpio.line.high).toBe(low);
    gpio.device.set(3, true);
    expect(gpio.line.high).toBe(high);
    gpio.w(IC, 8);
    expect(gpio.line.high).toBe(high);
    gpio.device.set(3, false);
    expect(gpio.line.high).toBe(low);
  });

  it("an edge while masked is kept, and shows when unmasked", () => {
    gpio.w(IEV, 8);
    gpio.device.set(3, true);
    expect([gpio.r(RIS), gpio.line.high]).toEqual([8, false]);
    gpio.w(IE, 8);
    expect(gpio.line.high).toBe(true);
  });

  it("what the guest writes to its own outputs interrupts nobody", () => {
    gpio.w(IBE, 0xff);
    gpio.w(IE, 0xff);
    gpio.w(DIR, 0xff);
    gpio.w(DATA(0xff), 0xff);
    expect(gpio.line.high).toBe(false);
  });

  it("a pin that is none is nobody's", () => {
    for (const pin of [-1, 8, 1.5, Number.NaN]) gpio.device.set(pin, true);
    expect(gpio.device.inputs).toBe(0);
  });
});

describe("the device", () => {
  it("keeps through a reset what others drive", () => {
    gpio.device.set(2, true);
    gpio.w(IE, 0xff);
    gpio.device.reset();
    expect([gpio.r(DATA(0xff)), gpio.r(IE), gpio.line.high]).toEqual([4, 0, false]);
  });

  it("refuses a state that is none", () => checkRestoreRefuses(rig));
  it("withstands any guest", () => checkHostileGuest(rig, ({ device }) => (device.ris & device.ie) !== 0));
});
