/** The device alone, with time moved by hand; then in the machine of machine.yaml. */
import { RegisterFrame } from "@trapline/core";
import { drawLines, ManualClock, RecordedLine, recordTrace } from "@trapline/testkit";
import { test } from "@trapline/testkit/vitest";
import { describe, expect, it } from "vitest";
import { blinkerRegisters } from "./blinker.registers.ts";
import { Blinker } from "./blinker.ts";

const [PERIOD, COUNT, ACK] = [0x0, 0x4, 0x8];
const INTID = 32 + 7;

function bench() {
  const clock = new ManualClock();
  const line = new RecordedLine(clock);
  const device = new Blinker(clock, line);
  const frame = new RegisterFrame(device, blinkerRegisters);
  return {
    ...{ clock, line, device },
    read: (offset: number) => Number(frame.read(offset, 4, 0)),
    write: (offset: number, value: number) => frame.write(offset, 4, value, 0),
  };
}

describe("a blinker", () => {
  it("holds its line until it is acknowledged, and counts what it blinked meanwhile", () => {
    const { clock, line, read, write } = bench();
    write(PERIOD, 100);
    clock.advance(250);
    expect([read(COUNT), line.high, line.changes]).toEqual([2, true, [{ atNs: 100, high: true }]]);
    write(ACK, 1);
    clock.advance(50);
    expect(line.edges).toBe("hlh");
  });

  it("stops at period 0", () => {
    const { clock, write } = bench();
    write(PERIOD, 100);
    write(PERIOD, 0);
    expect(clock.armed).toEqual([]);
  });

  it("goes on from a saved state", () => {
    const [from, to] = [bench(), bench()];
    from.write(PERIOD, 100);
    from.clock.advance(130);
    to.clock.advance(130);
    to.device.restore(from.device.save());
    expect([to.read(COUNT), to.clock.armed]).toEqual([1, from.clock.armed]);
    expect(() => to.device.restore(null)).toThrow("the saved state is none of a blinker");
  });
});

describe("the machine", () => {
  test("delivers every blink to the guest", async ({ bootMachine }) => {
    const machine = await bootMachine(new URL("../machine.yaml", import.meta.url));
    const trace = recordTrace(machine, "gsi", "completion");
    await expect(machine).toDeliver(INTID, { within: 2e6 });
    await machine.run({ untilNs: 1_500_000 });
    expect(machine).toBeQuiescent();
    expect(await machine.run()).toMatchObject({ reason: "power-off", status: 3 });
    expect(trace).toHaveRaised({ gsi: 7 }, 3);
    expect(drawLines(trace.events, { tickNs: 1_000_000 })).toEqual({ "GSI 7": "-***" }); // up and down within a millisecond
  });
});
