/** Runs the demonstration as `npm start` does: it prints, byte for byte, what its README tells. And what the beacon is asked later. */
import { readFileSync } from "node:fs";
import { createMachine, type EventFd, EventFdFactoryToken } from "@trapline/core";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { ManualClock } from "@trapline/testkit";
import { describe, expect, it } from "vitest";
import { runExample } from "../run-example.ts";
import { Beacon } from "./beacon.ts";

const README = readFileSync(new URL("README.md", import.meta.url), "utf8");

it("prints what its README tells: one interrupt of each kind, and its way", () => {
  const told = /```text\n(.*?)```/s.exec(README)![1];
  expect(runExample("00-demonstration").stdout).toBe(told);
});

describe("a beacon", () => {
  async function bench() {
    const machine = await createMachine({ plugins: kvmInterrupts() });
    const eventFd = (name: string): EventFd => machine.get(EventFdFactoryToken).create({ name });
    const [tick, resampled, message] = [eventFd("tick"), eventFd("resampled"), eventFd("message")] as const;
    const clock = new ManualClock();
    return { clock, tick, resampled, message, device: new Beacon(clock, { tick, resampled, message }) };
  }

  it("asks again while its status stands, and not when it is cleared", async () => {
    const { clock, tick, resampled, device } = await bench();
    device.tickAfter(100);
    clock.advance(100);
    expect([device.status, tick.read()]).toEqual([1, 1]);
    resampled.signal();
    device.resample();
    expect([tick.read(), resampled.count]).toEqual([1, 0]);
    device.clear(1);
    device.resample();
    expect(tick.read()).toBeUndefined();
  });

  it("goes on from a saved state, and refuses what is none", async () => {
    const [from, to] = [await bench(), await bench()];
    from.device.tickAfter(100);
    from.device.sendAfter(200);
    from.clock.advance(150);
    to.clock.advance(150);
    to.device.restore(from.device.save());
    expect([to.device.status, to.clock.armed]).toEqual([1, from.clock.armed]);
    to.clock.advance(50);
    expect(to.message.read()).toBe(1);
    expect(() => to.device.restore({ status: 1 })).toThrow("the saved state is none of a beacon");
    to.device.reset();
    expect([to.device.status, to.clock.armed]).toEqual([0, []]);
  });
});
