/** Several ports (virtio 1.2, 5.3.6.2): what device and driver tell each other, and that data goes where it belongs. */
import { describe, expect, it } from "vitest";
import { type Driver, VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";
import { bytesOf, type ConsoleBench, consoleBench, FarEnd, type PortSketch, textOf } from "./console-bench.fixture.ts";
import * as control from "./console-control.ts";

const [CONTROL_IN, CONTROL_OUT] = [2, 3];
const THREE: readonly PortSketch[] = [{}, { name: "org.example.agent" }, { name: "second", isConsole: true }];

/** Buffers for messages, and what came in them, in words. */
function heard(driver: Driver): readonly string[] {
  const names = ["", "ADD", "", "", "CONSOLE", "RESIZE", "OPEN", "NAME"];
  return driver.queue(CONTROL_IN).used().map(({ bytes }) => {
    const { port, event, value } = control.readControl(bytes)!;
    const rest = bytes.subarray(control.CONTROL_BYTES);
    const more = event === control.PORT_NAME ? ` ${textOf(rest)}` : event === control.RESIZE ? ` ${rest[0]! | (rest[1]! << 8)}x${rest[2]! | (rest[3]! << 8)}` : "";
    return `${port} ${names[event]} ${value}${more}`;
  });
}

function listen(driver: Driver, buffers = 20): void {
  for (let n = 0; n < buffers; n++) driver.queue(CONTROL_IN).add({ in: [64] });
  driver.queue(CONTROL_IN).kick();
}

function say(driver: Driver, port: number, event: number, value: number): void {
  driver.queue(CONTROL_OUT).send({ out: [control.writeControl({ port, event, value })] });
}

/** A driver that has done everything up to PORT_OPEN. */
function ready(ports: readonly PortSketch[] = THREE, ends?: readonly FarEnd[]): ConsoleBench {
  const bench = consoleBench(ports, {}, ends);
  listen(bench.driver);
  say(bench.driver, 0xffff_ffff, control.DEVICE_READY, 1);
  for (const id of ports.keys()) say(bench.driver, id, control.PORT_READY, 1);
  heard(bench.driver);
  bench.driver.queue(CONTROL_OUT).used();
  return bench;
}

describe("coming together", () => {
  it("the driver is ready and hears of each port; each port is ready and is described", () => {
    const end = new FarEnd();
    end.size = { columns: 132, rows: 43 };
    const { driver } = consoleBench(THREE, {}, [end, new FarEnd(), new FarEnd()]);
    listen(driver);
    expect(heard(driver)).toEqual([]);
    say(driver, 0, control.DEVICE_READY, 1);
    expect(heard(driver)).toEqual(["0 ADD 1", "1 ADD 1", "2 ADD 1"]);
    say(driver, 0, control.PORT_READY, 1);
    expect(heard(driver)).toEqual(["0 CONSOLE 1", "0 RESIZE 0 132x43", "0 OPEN 1"]);
    say(driver, 1, control.PORT_READY, 1);
    expect(heard(driver)).toEqual(["1 NAME 1 org.example.agent", "1 OPEN 1"]);
    say(driver, 2, control.PORT_READY, 1);
    expect(heard(driver)).toEqual(["2 CONSOLE 1", "2 NAME 1 second", "2 OPEN 1"]);
    expect(driver.queue(CONTROL_OUT).used()).toHaveLength(4);
  });

  it("messages wait for buffers, and come when there are some", () => {
    const { driver } = consoleBench(THREE);
    say(driver, 0, control.DEVICE_READY, 1);
    listen(driver, 2);
    expect(heard(driver)).toEqual(["0 ADD 1", "1 ADD 1"]);
    listen(driver, 2);
    expect(heard(driver)).toEqual(["2 ADD 1"]);
  });

  it("a driver that could not set something up is told nothing more of it", () => {
    const { driver } = consoleBench(THREE);
    listen(driver);
    say(driver, 0, control.DEVICE_READY, 0);
    say(driver, 1, control.PORT_READY, 0);
    expect(heard(driver)).toEqual([]);
  });

  it.each<readonly [string, Uint8Array]>([
    ["of a port that there is not", control.writeControl({ port: 7, event: control.PORT_READY, value: 1 })],
    ["that only a device may send", control.writeControl({ port: 0, event: control.PORT_ADD, value: 1 })],
    ["that nobody knows", control.writeControl({ port: 0, event: 99, value: 1 })],
    ["that is too short", new Uint8Array(7)],
  ])("a message %s is ignored, and its buffer comes back", (_what, message) => {
    const { driver } = consoleBench(THREE);
    listen(driver);
    driver.queue(CONTROL_OUT).send({ out: [message] });
    expect([heard(driver), driver.queue(CONTROL_OUT).used().length, driver.failure]).toEqual([[], 1, undefined]);
  });

  it("a message is cut where the driver's buffer ends", () => {
    const { driver } = consoleBench([{ name: "a-long-name" }]);
    driver.queue(CONTROL_IN).add({ in: [8] });
    driver.queue(CONTROL_IN).add({ in: [12] });
    driver.queue(CONTROL_IN).add({ in: [3] });
    say(driver, 0, control.PORT_READY, 1);
    expect(driver.queue(CONTROL_IN).used().map(({ written }) => written)).toEqual([8, 8]); // NAME and OPEN
    expect(driver.failure).toBeUndefined();
  });
});

describe("a port", () => {
  it("has queues of its own (5.3.2)", () => {
    const { driver, ends } = ready();
    for (const [id, queue] of [[0, 1], [1, 5], [2, 7]] as const) driver.queue(queue).send({ out: [bytesOf(`to ${id}`)] });
    expect(ends.map(({ text }) => text)).toEqual(["to 0", "to 1", "to 2"]);
  });

  it("gets input while a process of the guest has it open", () => {
    const { driver, device, ends } = ready();
    for (const queue of [0, 4, 6]) for (let n = 0; n < 4; n++) driver.queue(queue).add({ in: [16] });
    for (const [id, end] of ends.entries()) end.typed.push(...bytesOf(`from ${id}`));
    for (const port of device.ports) device.inputCame(port);
    expect([0, 4, 6].map((queue) => driver.queue(queue).used().length)).toEqual([0, 0, 0]);
    say(driver, 1, control.PORT_OPEN, 1);
    expect([0, 4, 6].map((queue) => driver.queue(queue).used().map(({ bytes }) => textOf(bytes)))).toEqual([[], ["from 1"], []]);
    say(driver, 1, control.PORT_OPEN, 0);
    ends[1]!.typed.push(0x61);
    device.inputCame(device.ports[1]!);
    expect(driver.queue(4).used()).toEqual([]);
  });

  it("tells when somebody comes and goes at the far end", () => {
    const { driver, device, ends } = ready();
    const change = (connected: boolean): readonly string[] => {
      ends[1]!.connected = connected;
      device.outsideChanged(device.ports[1]!);
      return heard(driver);
    };
    expect([change(false), change(false), change(true)]).toEqual([["1 OPEN 0"], [], ["1 OPEN 1"]]);
  });

  it("says nothing of opening where nobody is there from the start", () => {
    const [end, other] = [new FarEnd(), new FarEnd()];
    other.connected = false;
    const { driver } = consoleBench([{}, { name: "a" }], {}, [end, other]);
    listen(driver);
    say(driver, 1, control.PORT_READY, 1);
    expect(heard(driver)).toEqual(["1 NAME 1 a"]);
  });
});

describe("the size of a terminal", () => {
  it("comes as a message for its port, once for any number of changes that wait", () => {
    const { driver, device, ends } = ready(); // which leaves ten buffers
    for (let columns = 1; columns <= 90; columns++) {
      ends[2]!.size = { columns, rows: 24 };
      device.outsideChanged(device.ports[2]!);
    }
    expect(heard(driver)).toEqual(Array.from({ length: 10 }, (_, n) => `2 RESIZE 0 ${n + 1}x24`));
    listen(driver, 5);
    expect(heard(driver)).toEqual(["2 RESIZE 0 90x24"]);
    expect(driver.configChanges).toBe(0);
  });

  it("of port 0 is in the configuration as well", () => {
    const { driver, device, ends } = ready();
    ends[0]!.size = { columns: 100, rows: 30 };
    device.outsideChanged(device.ports[0]!);
    expect([heard(driver), device.config.read(0, 4), driver.configChanges]).toEqual([["0 RESIZE 0 100x30"], 0x1e_0064, 1]);
  });

  it("is nothing to a port that is no console, or to a driver without SIZE", () => {
    const { driver, device, ends } = ready();
    ends[1]!.size = { columns: 100, rows: 30 };
    device.outsideChanged(device.ports[1]!);
    expect(heard(driver)).toEqual([]);
    const without = consoleBench(THREE, { features: VIRTIO_F_VERSION_1 | 2n });
    listen(without.driver);
    without.ends[0]!.size = { columns: 100, rows: 30 };
    say(without.driver, 0, control.PORT_READY, 1);
    expect(heard(without.driver)).toEqual(["0 CONSOLE 1", "0 OPEN 1"]);
  });
});

describe("a driver that knows only one port", () => {
  it("has port 0 on the first two queues, open at once; the others are silent, and there are no messages", () => {
    const { driver, ends } = consoleBench(THREE, { features: VIRTIO_F_VERSION_1 });
    listen(driver);
    say(driver, 0, control.DEVICE_READY, 1);
    driver.queue(5).send({ out: [bytesOf("x")] });
    ends[0]!.typed.push(0x61);
    driver.queue(1).send({ out: [bytesOf("y")] });
    driver.queue(0).send({ in: [4] });
    expect([heard(driver), ends.map(({ text }) => text), driver.queue(0).used().length, driver.queue(5).used().length]).toEqual([[], ["y", "", ""], 1, 0]);
  });
});

describe("who watches", () => {
  it("sees every message, by its name", () => {
    const { driver, device } = consoleBench([{ name: "a" }]);
    const seen: unknown[] = [];
    device.control$.subscribe(({ from, message, port, value }) => void seen.push([from, message, port, value]));
    listen(driver);
    say(driver, 0, control.PORT_READY, 1);
    say(driver, 0, 99, 5);
    expect(seen).toEqual([["driver", "PORT_READY", 0, 1], ["device", "PORT_NAME", 0, 1], ["device", "PORT_OPEN", 0, 1], ["driver", "99", 0, 5]]);
  });
});
