/** The console device by the sections of virtio 1.2, 5.3: one port as old drivers know it, data both ways, the terminal's size, emergency output. */
import { SERIAL_BREAK } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";
import { bytesOf, consoleBench, FarEnd, makeConsole, textOf } from "./console-bench.fixture.ts";
import { VIRTIO_CONSOLE_F_EMERG_WRITE, VIRTIO_CONSOLE_F_MULTIPORT, VIRTIO_CONSOLE_F_SIZE } from "./console-device.ts";
import { INPUT_BYTES, OUTPUT_BYTES } from "./console-port.ts";

const [IN, OUT] = [0, 1];

describe("what it offers (5.3.1 to 5.3.4)", () => {
  it("is type 3, with two queues for one console, and no messages", () => {
    const { device } = makeConsole([{}]);
    expect([device.type, device.queueSizes, device.features]).toEqual([3, [128, 128], VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_EMERG_WRITE]);
  });

  it("is MULTIPORT where there is more, two queues a port and two of control; no SIZE without a console", () => {
    const { device } = makeConsole([{}, { name: "a" }, { name: "b" }]);
    expect([device.queueSizes.length, device.features]).toEqual([8, VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_CONSOLE_F_EMERG_WRITE]);
    expect(makeConsole([{ name: "a" }]).device.features).toBe(VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_CONSOLE_F_EMERG_WRITE);
  });

  it("has cols, rows, max_nr_ports and emerg_wr in its configuration, at any width", () => {
    const end = new FarEnd();
    end.size = { columns: 0x1050, rows: 0x2018 };
    const { config } = makeConsole([{}, {}], [end, new FarEnd()]).device;
    expect([config.read(0, 2), config.read(2, 2), config.read(4, 4), config.read(8, 4), config.size]).toEqual([0x1050, 0x2018, 2, 0, 12]);
    expect([config.read(0, 4), config.read(1, 1), config.read(0, 8), config.read(10, 4)]).toEqual([0x2018_1050, 0x10, 0x2_2018_1050, 0]);
  });
});

describe("output", () => {
  it("goes to the far end in the order of the queue, and the buffers come back", () => {
    const { driver, ends } = consoleBench();
    driver.queue(OUT).add({ out: [bytesOf("Hello, "), bytesOf("wor")] });
    driver.queue(OUT).send({ out: [bytesOf("ld")] });
    expect([ends[0]!.text, driver.queue(OUT).used().map(({ written }) => written), driver.interrupts]).toEqual(["Hello, world", [0, 0], [0, 2]]);
  });

  it("goes byte by byte to a far end that knows no more", () => {
    const heard: number[] = [];
    const { driver } = consoleBench([{}], {}, [{ send: (byte: number) => heard.push(byte), waiting: false, take: () => 0, listen: () => () => {} } as unknown as FarEnd]);
    driver.queue(OUT).send({ out: [bytesOf("ab"), bytesOf("c")] });
    expect(textOf(Uint8Array.from(heard))).toBe("abc");
  });

  it("waits in the guest's buffer for a far end without room, and goes on where it was", () => {
    const { driver, device, ends } = consoleBench();
    const [end] = ends;
    end!.room = 4;
    driver.queue(OUT).add({ out: [bytesOf("abc"), bytesOf("def")] });
    driver.queue(OUT).send({ out: [bytesOf("ghi")] });
    driver.queue(OUT).kick(); // nothing more until there is room
    expect([end!.text, driver.queue(OUT).used()]).toEqual(["abcd", []]);
    end!.room = 3;
    device.roomCame(device.ports[0]!);
    expect([end!.text, driver.queue(OUT).used().length]).toEqual(["abcdefg", 1]);
    end!.room = Infinity;
    device.roomCame(device.ports[0]!);
    expect([end!.text, driver.queue(OUT).used().length]).toEqual(["abcdefghi", 1]);
  });

  it("of more than 64 KiB goes in pieces, with pauses of machine time between them", () => {
    const { driver, ends, clock } = consoleBench([{}], { ramBytes: 0x20_0000 });
    driver.queue(OUT).send({ out: [new Uint8Array(2 * OUTPUT_BYTES + 5).fill(0x61)] });
    const heard: number[] = [];
    for (let pause = 0; pause < 3; pause++) {
      heard.push(ends[0]!.heard.length);
      driver.queue(OUT).kick(); // changes nothing
      clock.elapse(10_000);
    }
    expect([heard, ends[0]!.heard.length, clock.nextDeadlineNs()]).toEqual([[OUTPUT_BYTES, 2 * OUTPUT_BYTES, 2 * OUTPUT_BYTES + 5], 2 * OUTPUT_BYTES + 5, Infinity]);
    expect(driver.queue(OUT).used()).toHaveLength(1);
  });

  it("that nobody is there for is lost, what was held as well", () => {
    const { driver, device, ends } = consoleBench();
    const [end] = ends;
    end!.room = 0;
    driver.queue(OUT).send({ out: [bytesOf("lost")] });
    end!.connected = false;
    device.outsideChanged(device.ports[0]!);
    expect(driver.queue(OUT).used()).toHaveLength(1);
    driver.queue(OUT).send({ out: [bytesOf("lost too")] });
    expect([end!.text, driver.queue(OUT).used().length]).toEqual(["", 1]);
  });

  it("of a buffer without readable bytes is nothing", () => {
    const { driver, ends } = consoleBench();
    driver.queue(OUT).send({ in: [16] });
    expect([ends[0]!.heard, driver.queue(OUT).used()]).toEqual([[], [{ head: 0, written: 0, bytes: new Uint8Array(0) }]]);
  });
});

describe("input", () => {
  it("goes into the buffers that the driver made available, and waits for more", () => {
    const { driver, device, ends } = consoleBench();
    ends[0]!.typed.push(...bytesOf("hello"));
    device.inputCame(device.ports[0]!);
    driver.queue(IN).send({ in: [2, 1] });
    expect(driver.queue(IN).used().map(({ bytes }) => textOf(bytes))).toEqual(["hel"]);
    driver.queue(IN).send({ in: [16] });
    expect(driver.queue(IN).used().map(({ bytes }) => textOf(bytes))).toEqual(["lo"]);
    driver.queue(IN).send({ in: [16] });
    ends[0]!.typed.push(...bytesOf("!"));
    device.inputCame(device.ports[0]!);
    expect([driver.queue(IN).used().map(({ bytes }) => textOf(bytes)), ends[0]!.typed, driver.interrupts[IN]]).toEqual([["!"], [], 3]);
  });

  it("before there is a driver waits for it", () => {
    const bench = consoleBench([{}], { start: false });
    bench.ends[0]!.typed.push(0x61);
    bench.device.inputCame(bench.device.ports[0]!);
    bench.driver.queue(IN).add({ in: [8] });
    expect(bench.driver.queue(IN).used()).toEqual([]);
    bench.device.start(bench.driver.host);
    expect(bench.driver.queue(IN).used().map(({ bytes }) => textOf(bytes))).toEqual(["a"]);
  });

  it("fills at most 4 KiB of a buffer", () => {
    const { driver, ends } = consoleBench([{}], { ramBytes: 0x10_0000 });
    ends[0]!.typed.push(...new Array<number>(INPUT_BYTES + 1).fill(0x61));
    driver.queue(IN).add({ in: [2 * INPUT_BYTES] });
    driver.queue(IN).send({ in: [2 * INPUT_BYTES] });
    expect(driver.queue(IN).used().map(({ written }) => written)).toEqual([INPUT_BYTES, 1]);
  });

  it("has no breaks: they are dropped, and the buffer stays where it was", () => {
    const { driver, device, ends } = consoleBench();
    driver.queue(IN).send({ in: [8] });
    ends[0]!.typed.push(SERIAL_BREAK, SERIAL_BREAK);
    device.inputCame(device.ports[0]!);
    expect(driver.queue(IN).used()).toEqual([]);
    ends[0]!.typed.push(0x61, SERIAL_BREAK, 0x62);
    device.inputCame(device.ports[0]!);
    expect(driver.queue(IN).used().map(({ bytes }) => textOf(bytes))).toEqual(["ab"]);
  });

  it("into a buffer without writable bytes is none", () => {
    const { driver, ends } = consoleBench();
    ends[0]!.typed.push(0x61);
    driver.queue(IN).add({ out: [bytesOf("x")] });
    driver.queue(IN).send({ in: [1] });
    expect(driver.queue(IN).used().map(({ bytes }) => textOf(bytes))).toEqual(["", "a"]);
  });
});

describe("the size of the terminal, with one port (5.3.6)", () => {
  const SIZE = { columns: 80, rows: 25 };

  it("is told as a change when the driver comes: some read it only then", () => {
    const end = new FarEnd();
    end.size = SIZE;
    const { driver, device } = consoleBench([{}], {}, [end]);
    expect([device.config.read(0, 2), driver.configChanges]).toEqual([80, 1]);
  });

  it("is in the configuration, and a change is told", () => {
    const { driver, device, ends } = consoleBench();
    ends[0]!.size = SIZE;
    for (let twice = 0; twice < 2; twice++) device.outsideChanged(device.ports[0]!);
    expect([device.config.read(0, 2), device.config.read(2, 2), driver.configChanges]).toEqual([80, 25, 1]);
  });

  it("is there for a driver that never heard of it; it is told nothing", () => {
    const { driver, device, ends } = consoleBench([{}], { features: VIRTIO_F_VERSION_1 });
    ends[0]!.size = SIZE;
    device.outsideChanged(device.ports[0]!);
    expect([device.config.read(0, 2), driver.configChanges]).toEqual([80, 0]);
  });

  it("may become unknown again", () => {
    const { device, ends } = consoleBench();
    ends[0]!.size = SIZE;
    device.outsideChanged(device.ports[0]!);
    ends[0]!.size = undefined;
    device.outsideChanged(device.ports[0]!);
    expect(device.config.read(0, 4)).toBe(0);
  });
});

describe("emerg_wr (5.3.4)", () => {
  it.each<readonly [string, 1 | 2 | 4 | 8, number | bigint]>([
    ["a byte", 1, 0x41],
    ["a word", 4, 0x1234_5641],
    ["a doubleword", 8, 0xffff_ffff_ffff_ff41n],
  ])("sends the low byte of %s, without a driver and past all queues", (_what, width, value) => {
    const { device, ends } = makeConsole([{}]);
    device.config.write(8, width, value);
    expect(ends[0]!.text).toBe("A");
  });

  it("is the only thing that can be written", () => {
    const { device, ends } = makeConsole([{}]);
    for (const offset of [0, 2, 4, 9, 10]) device.config.write(offset, 1, 0x41);
    expect([ends[0]!.text, device.config.read(0, 8)]).toEqual(["", 0x1_0000_0000]);
  });
});

describe("a reset", () => {
  it("forgets what was held and what was open, and begins anew", () => {
    const { driver, device, ends } = consoleBench();
    ends[0]!.room = 0;
    driver.queue(OUT).send({ out: [bytesOf("gone")] });
    driver.reset();
    ends[0]!.room = Infinity;
    device.roomCame(device.ports[0]!);
    ends[0]!.typed.push(0x61);
    device.inputCame(device.ports[0]!);
    driver.restart();
    driver.queue(OUT).send({ out: [bytesOf("new")] });
    driver.queue(IN).send({ in: [4] });
    expect([ends[0]!.text, driver.queue(IN).used().map(({ bytes }) => textOf(bytes))]).toEqual(["new", ["a"]]);
  });

  it("ends output that was not through", () => {
    const { driver, clock, ends } = consoleBench([{}], { ramBytes: 0x20_0000 });
    driver.queue(OUT).send({ out: [new Uint8Array(2 * OUTPUT_BYTES)] });
    driver.reset();
    expect([clock.nextDeadlineNs(), ends[0]!.heard.length]).toEqual([Infinity, OUTPUT_BYTES]);
  });
});
