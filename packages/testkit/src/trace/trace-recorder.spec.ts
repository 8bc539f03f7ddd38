/** What a recorder keeps, how it reads, and that it ends. */
import { scripted, write32, powerOff, definePlugin } from "@trapline/core";
import { expect } from "vitest";
import { test } from "../vitest.ts";
import { recordTrace, recordTraceWith } from "./trace-recorder.ts";

const LED = 0x0900_0000;
const led = definePlugin({
  name: "led",
  create: (vmm) => ({
    attach: (scope) => scope.add(vmm.bus.claim({ name: "led", base: LED, size: 4 }, { read: () => 0, write: () => {} })),
  }),
});
const guest = scripted(function* () {
  for (let n = 0; n < 3; n++) yield write32(LED, n);
  yield powerOff();
});

test("keeps the kinds that were asked for, with their types, and reads as lines", async ({ bootMachine }) => {
  const machine = await bootMachine([guest, led]);
  const [accesses, all] = [recordTrace(machine, "access"), recordTrace(machine)];
  await machine.run();
  expect(accesses.events.map(({ device, value }) => [device, value])).toEqual([
    ["led", 0],
    ["led", 1],
    ["led", 2],
  ]);
  expect(accesses.lines({ numbered: false })).toEqual([
    "vcpu0 writes led.0x0 = 0x0",
    "vcpu0 writes led.0x0 = 0x1",
    "vcpu0 writes led.0x0 = 0x2",
  ]);
  expect(accesses.text().split("\n")[1]).toBe("#6           0.002 µs  vcpu0 writes led.0x0 = 0x1");
  expect([all.of("access"), all.of("exit").map(({ reason }) => reason)]).toEqual([accesses.events, ["mmio", "mmio", "mmio", "shutdown"]]);
});

test("gives what came since the last time", async ({ bootMachine }) => {
  const machine = await bootMachine([guest, led]);
  const trace = recordTrace(machine, "access");
  await machine.run({ untilNs: 1 });
  expect([trace.take().length, trace.take().length]).toEqual([1, 0]);
  await machine.run();
  expect(trace.take().length).toBe(2);
});

test("keeps the first events of more than there is room for, and counts the others", async ({ bootMachine }) => {
  const machine = await bootMachine([guest, led]);
  const trace = recordTraceWith(machine, { limit: 1 }, "access");
  await machine.run();
  expect([trace.events.length, trace.lost, trace.text({ numbered: false })]).toEqual([1, 2, "vcpu0 writes led.0x0 = 0x0\n… and 2 more"]);
});

test("costs the machine nothing once it has stopped", async ({ bootMachine }) => {
  const machine = await bootMachine([guest, led]);
  const trace = recordTrace(machine);
  expect(machine.vcpus[0]!.exits$.tapped).toBe(true);
  trace.stop();
  expect(machine.vcpus[0]!.exits$.tapped).toBe(false);
  await machine.run();
  expect(trace.events).toEqual([]);
});
