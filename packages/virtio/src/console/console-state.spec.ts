/** A console saved at any moment goes on in another; drivers that do anything; states that do not fit. */
import { type PlainData, VirtualClock, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, type ConsoleBench, consoleBench, FarEnd, makeConsole, textOf } from "./console-bench.fixture.ts";
import * as control from "./console-control.ts";
import { VirtioConsole } from "./console-device.ts";
import { OUTPUT_BYTES } from "./console-port.ts";
import { ExitPort } from "./exit-port.ts";

const [IN, OUT, CONTROL_IN, CONTROL_OUT] = [0, 1, 2, 3];

/** Takes a bench's device and driver to a new device with the same far ends, and its clock with them. */
async function moved(bench: ConsoleBench, ends: readonly FarEnd[] = bench.ends): Promise<ConsoleBench> {
  const ports = bench.device.ports.map(({ name, isConsole }) => ({ name, isConsole }));
  const made = makeConsole(ports, ends);
  made.clock.restore(bench.clock.save());
  const driver = await bench.driver.moveTo(made.device);
  made.clock.poll();
  return { ...made, driver };
}

describe("goes on in another", () => {
  it("output that waits for room, from where it was", async () => {
    const bench = consoleBench();
    bench.ends[0]!.room = 2;
    bench.driver.queue(OUT).send({ out: [bytesOf("abc"), bytesOf("def")] });
    const copy = await moved(bench);
    expect(copy.ends[0]!.text).toBe("ab");
    copy.ends[0]!.room = Infinity;
    copy.device.roomCame(copy.device.ports[0]!);
    expect([copy.ends[0]!.text, copy.driver.queue(OUT).used().length]).toEqual(["abcdef", 1]);
  });

  it("output that waits for a far end which has room by then", async () => {
    const bench = consoleBench();
    bench.ends[0]!.room = 2;
    bench.driver.queue(OUT).send({ out: [bytesOf("abcdef")] });
    const copy = await moved(bench, [new FarEnd()]);
    expect([copy.ends[0]!.text, copy.driver.queue(OUT).used().length]).toEqual(["cdef", 1]);
  });

  it("output that is too much for one call, at the same moment", async () => {
    const bench = consoleBench([{}], { ramBytes: 0x20_0000 });
    bench.driver.queue(OUT).send({ out: [new Uint8Array(2 * OUTPUT_BYTES)] });
    const copy = await moved(bench);
    expect(copy.ends[0]!.heard.length).toBe(OUTPUT_BYTES);
    copy.clock.elapse(9_999);
    expect(copy.ends[0]!.heard.length).toBe(OUTPUT_BYTES);
    copy.clock.elapse(1);
    expect([copy.ends[0]!.heard.length, copy.driver.queue(OUT).used().length]).toEqual([2 * OUTPUT_BYTES, 1]);
  });

  it("with input, a size and an absence that came meanwhile", async () => {
    const bench = consoleBench();
    bench.driver.queue(IN).send({ in: [8] });
    const end = new FarEnd();
    end.typed.push(0x61);
    end.size = { columns: 80, rows: 24 };
    end.connected = false;
    const copy = await moved(bench, [end]);
    copy.driver.queue(OUT).send({ out: [bytesOf("unheard")] });
    expect([copy.driver.queue(IN).used().map(({ bytes }) => textOf(bytes)), copy.device.config.read(0, 2), copy.driver.configChanges, end.text]).toEqual([["a"], 80, 1, ""]);
  });

  it("with nothing new outside it asks for no timer: the machine is what it was", async () => {
    const copy = await moved(consoleBench());
    expect(copy.clock.nextDeadlineNs()).toBe(Infinity);
  });

  it("with messages that are still owed", async () => {
    const bench = consoleBench([{}, { name: "a" }]);
    bench.driver.queue(CONTROL_OUT).send({ out: [control.writeControl({ port: 1, event: control.PORT_READY, value: 1 })] });
    const copy = await moved(bench);
    for (let n = 0; n < 3; n++) copy.driver.queue(CONTROL_IN).add({ in: [64] });
    copy.driver.queue(CONTROL_IN).kick();
    expect(copy.driver.queue(CONTROL_IN).used().map(({ bytes }) => control.readControl(bytes)!.event)).toEqual([control.PORT_NAME, control.PORT_OPEN]);
  });

  it("with the state of a test device", () => {
    const codes: number[] = [];
    const made = (): VirtioConsole =>
      new VirtioConsole("console0", [{ name: "", isConsole: true, plug: new ExitPort("exit", (code) => void codes.push(code)) }], { clock: new VirtualClock(), order: new WireOrder() });
    const [first, second] = [made(), made()];
    first.write(8, 4, 0x37);
    second.restore(first.save(), undefined);
    second.write(8, 4, 0x71);
    expect(codes).toEqual([7]);
  });
});

const CHAIN = fc.record({
  out: fc.array(fc.uint8Array({ minLength: 1, maxLength: 24 }), { maxLength: 3 }),
  in: fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 3 }),
  indirect: fc.boolean(),
}).filter(({ out, in: lengths }) => out.length + lengths.length > 0);
const MESSAGE = fc.record({ port: fc.constantFrom(0, 1, 2, 0xffff_ffff), event: fc.nat(9), value: fc.nat(2) }).map((message) => ({ out: [control.writeControl(message)], in: [], indirect: false }));
const STEP = fc.oneof(
  fc.record({ what: fc.constant("send" as const), queue: fc.nat(5), chain: CHAIN }),
  fc.record({ what: fc.constant("send" as const), queue: fc.constant(CONTROL_OUT), chain: MESSAGE }),
  fc.record({ what: fc.constant("kick" as const), queue: fc.nat(5) }),
  fc.record({ what: fc.constant("type" as const), port: fc.nat(1), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ what: fc.constant("room" as const), port: fc.nat(1), room: fc.constantFrom(0, 5, 1000) }),
  fc.record({ what: fc.constant("size" as const), port: fc.nat(1), columns: fc.nat(3) }),
  fc.record({ what: fc.constant("gone" as const), port: fc.nat(1), connected: fc.boolean() }),
  fc.record({ what: fc.constant("config" as const), offset: fc.nat(12), value: fc.nat(0xff) }),
);
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

function play({ device, driver, ends }: ConsoleBench, step: Step): void {
  const port = "port" in step ? device.ports[step.port]! : undefined;
  const end = "port" in step ? ends[step.port]! : undefined;
  try {
    if (step.what === "send") driver.queue(step.queue).send(step.chain);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the driver ran out of descriptors or memory
  }
  if (step.what === "kick") driver.queue(step.queue).kick();
  if (step.what === "config") device.config.write(step.offset, 1, step.value);
  if (step.what === "type") {
    end!.typed.push(...new Array<number>(step.count).fill(0x61));
    device.inputCame(port!);
  }
  if (step.what === "room") {
    end!.room = step.room;
    device.roomCame(port!);
  }
  if (step.what === "size" || step.what === "gone") {
    if (step.what === "size") end!.size = { columns: step.columns, rows: 1 };
    else end!.connected = step.connected;
    device.outsideChanged(port!);
  }
}

const PORTS = [{}, { name: "a" }];
const benchOf = (): ConsoleBench => consoleBench(PORTS, { queueSize: 16 });

describe("drivers and far ends that do anything", () => {
  it("make nothing throw, and every buffer comes back or waits for a reason", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
        const bench = benchOf();
        for (const step of steps) play(bench, step);
        expect(bench.driver.failure).toBeUndefined();
        for (const end of bench.ends) end.room = Infinity;
        for (const port of bench.device.ports) bench.device.roomCame(port);
        for (const [id, port] of bench.device.ports.entries()) {
          bench.driver.queue(port.outputQueue).kick();
          expect([id, bench.driver.host.queue(port.outputQueue).pop()]).toEqual([id, undefined]);
        }
      }),
      { numRuns: 120 },
    );
  });

  it("find another device that was restored in between the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 30 }), fc.array(STEP, { maxLength: 30 }), async (first, then) => {
        const bench = benchOf();
        for (const step of first) play(bench, step);
        const ends = bench.ends.map((end) => Object.assign(new FarEnd(), { room: end.room, size: end.size, connected: end.connected }));
        for (const [n, end] of ends.entries()) end.typed.push(...bench.ends[n]!.typed);
        const copy = await moved(bench, ends);
        expect(copy.device.save()).toEqual(bench.device.save());
        for (const end of bench.ends) end.heard.length = 0;
        for (const end of ends) end.heard.length = 0;
        for (const step of then) for (const each of [bench, copy]) play(each, step);
        expect(copy.device.save()).toEqual(bench.device.save());
        expect(ends.map(({ heard, typed }) => [heard, typed])).toEqual(bench.ends.map(({ heard, typed }) => [heard, typed]));
      }),
      { numRuns: 60 },
    );
  });
});

describe("a saved state that does not fit", () => {
  it("is refused, nothing changes, and what waits goes on", () => {
    const { device, driver, ends } = consoleBench([{}, { name: "a" }]);
    ends[0]!.room = 1;
    driver.queue(OUT).send({ out: [bytesOf("abc")] });
    const good = device.save() as { readonly ports: readonly Record<string, PlainData>[]; readonly output: PlainData };
    const [first, second] = good.ports;
    const spoilt: PlainData[] = [null, 7, [], { ...good, ports: [first!] }, { ...good, output: 7 }];
    for (const key of Object.keys(first!).filter((each) => each !== "plug")) spoilt.push({ ...good, ports: [first!, { ...second, [key]: -1 }] });
    for (const state of spoilt) {
      expect(() => device.restore(state, driver.host)).toThrow(/saved state of console0/);
      expect(device.save()).toEqual(good);
    }
    ends[0]!.room = Infinity;
    device.roomCame(device.ports[0]!);
    expect(ends[0]!.text).toBe("abc");
  });
});
