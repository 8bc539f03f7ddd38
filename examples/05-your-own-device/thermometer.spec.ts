/** Step 5, the tests: the device alone, with time moved by hand, then the whole machine. */
import { RegisterFrame, type Width } from "@trapline/core";
import { ManualClock, RecordedLine, recordTrace } from "@trapline/testkit";
import { test } from "@trapline/testkit/vitest";
import { describe, expect, it } from "vitest";
import { runExample } from "../run-example.ts";
import { thermometerRegisters } from "./thermometer.registers.ts";
import { Thermometer } from "./thermometer.ts";

const [TEMP, LIMIT, STATUS, FAN, ID] = [0x00, 0x04, 0x08, 0x0c, 0xffc];
const SPI_7 = 39;

function bench() {
  const clock = new ManualClock();
  const line = new RecordedLine(clock);
  const device = new Thermometer(clock, line, 20_000);
  const frame = new RegisterFrame(device, thermometerRegisters);
  return {
    ...{ clock, line, device },
    read: (offset: number, width: Width = 4) => Number(frame.read(offset, width, 0)),
    write: (offset: number, value: number) => frame.write(offset, 4, value, 0),
  };
}

describe("a thermometer", () => {
  it("heats by a degree each 100 µs, cools with the fan on, and never below the room", () => {
    const { clock, read, write } = bench();
    clock.advance(150_000);
    expect(read(TEMP)).toBe(21_500);
    write(FAN, 1);
    clock.advance(50_000);
    expect(read(TEMP)).toBe(21_000);
    clock.advance(1_000_000);
    expect([read(TEMP), read(ID)]).toEqual([20_000, 0x7e40_0001]);
  });

  it("raises its line at the limit, at the nanosecond, and holds it until ALARM is cleared", () => {
    const { clock, line, read, write } = bench();
    write(LIMIT, 25_000);
    expect(clock.armed).toEqual([{ name: "thermometer", deadlineNs: 500_000 }]);
    clock.advanceToTimer();
    expect([line.changes, read(STATUS), read(TEMP)]).toEqual([[{ atNs: 500_000, high: true }], 1, 25_000]);
    write(STATUS, 0);
    expect(line.high).toBe(true);
    write(STATUS, 1);
    expect([line.edges, read(STATUS)]).toEqual(["hl", 0]);
  });

  it("waits for nothing while it cools", () => {
    const { clock, write } = bench();
    write(LIMIT, 25_000);
    write(FAN, 1);
    expect(clock.armed).toEqual([]);
    write(FAN, 0);
    expect(clock.armed).toHaveLength(1);
  });

  it("goes on from a saved state as if nothing had happened, and refuses what is none", () => {
    const [from, to] = [bench(), bench()];
    from.write(LIMIT, 25_000);
    from.clock.advance(120_000);
    to.clock.advance(120_000);
    to.device.restore(from.device.save());
    expect([to.read(TEMP), to.read(LIMIT), to.clock.armed]).toEqual([21_200, 25_000, from.clock.armed]);
    expect(() => to.device.restore({ limit: 1 })).toThrow("the saved state is none of a thermometer");
    expect(to.device.save()).toEqual(from.device.save());
  });
});

describe("the machine", () => {
  test("delivers the alarm, and the guest cools the oven down", async ({ bootMachine }) => {
    const machine = await bootMachine(new URL("machine.yaml", import.meta.url));
    const trace = recordTrace(machine, "gsi");
    await machine.run({ untilNs: 400_000 });
    expect(machine).toBeQuiescent();
    await expect(machine).toDeliver(SPI_7, { within: 1e6 });
    expect(trace).toHaveRaised({ gsi: 7 }, 1);
    expect(await machine.run()).toMatchObject({ reason: "power-off", status: 22 });
  });

  it("prints the story of its README", () => {
    expect(runExample("05-your-own-device").stdout.trimEnd().split("\n")).toEqual([
      "0.008 µs  vcpu0 writes thermometer.LIMIT = 0x61a8",
      "500.000 µs  GSI 7 high",
      "500.001 µs  gic.acknowledge: irqchip gic, vcpu 0, intid 39, group 1, priority 160",
      "500.002 µs  vcpu0 writes thermometer.FAN = 0x1",
      "500.003 µs  vcpu0 writes thermometer.STATUS = 0x1",
      "500.003 µs  GSI 7 low",
      "800.036 µs  vcpu0 writes thermometer.FAN = 0x0",
      '{"reason":"power-off","vcpu":0,"status":22}',
    ]);
  });
});
