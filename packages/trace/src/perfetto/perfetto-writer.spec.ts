/** Pictures for Perfetto, judged by a reader of their own that knows the format and not the writer. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { levelInterrupt, type Story, story, WIRING } from "../story.fixture.ts";
import { TextOutput } from "../trace-output.ts";
import { type Picture, readPicture } from "./perfetto-check.fixture.ts";
import { PerfettoWriter } from "./perfetto-writer.ts";
import { SliceLanes } from "./slice-lanes.ts";

function draw({ events }: Story, output = new TextOutput()): Picture {
  const writer = new PerfettoWriter(output, WIRING);
  for (const event of events) writer.next(event);
  writer.finish();
  const picture = readPicture(output.text);
  expect(picture.faults).toEqual([]);
  return picture;
}

const lines = ({ slices }: Picture, process: string): string[] =>
  slices.filter(({ track }) => track.startsWith(`board: ${process}/`)).map(({ track, name, startNs, endNs, depth }) => `${"  ".repeat(depth)}${track.split("/")[1]}: ${name} ${startNs}–${endNs}`);

describe("a level interrupt", () => {
  it("is a slice from raise to end, with what it waited and was active inside", () => {
    expect(lines(draw(levelInterrupt()), "interrupts")).toEqual([
      "SPI 1 (INTID 33): SPI 1 (INTID 33) 1000–1030",
      "  SPI 1 (INTID 33): waiting 1000–1010",
      "  SPI 1 (INTID 33): active 1010–1030",
    ]);
  });

  it("is on the rows of its GSI and pin while the line is high", () => {
    const picture = draw(levelInterrupt());
    expect([lines(picture, "sources"), lines(picture, "irqchip gic")]).toEqual([["GSI 1, sensor: high 1000–1020"], ["pin 1, INTID 33: high 1000–1020"]]);
  });

  it("is on the row of the vCPU that handles it, whose exits are slices with the registers' names; sleep lasts until the line goes up", () => {
    expect(lines(draw(levelInterrupt()), "vCPUs")).toEqual([
      "vcpu0 exits: wfi 0–1000",
      "vcpu0 IRQ: high 1000–1010",
      "vcpu0 exits: mrs ICC_IAR1_EL1 1010–1011",
      "vcpu0 handles: SPI 1 (INTID 33) 1010–1030",
      "vcpu0 exits: read sensor.DATA 1020–1021",
      "vcpu0 exits: mrs S3_0_C12_C12_0 1030–1031",
      "vcpu0 exits: wfi 1031–1032",
    ]);
  });

  it("is followed by an arrow from its source over the pin to the handler", () => {
    expect([...draw(levelInterrupt()).flows.values()]).toEqual([
      ["board: sources/GSI 1, sensor: high", "board: irqchip gic/pin 1, INTID 33: high", "board: interrupts/SPI 1 (INTID 33): waiting", "board: vCPUs/vcpu0 handles: SPI 1 (INTID 33)"],
    ]);
  });

  it("is counted while it waits and while it is handled", () => {
    const counters = draw(levelInterrupt()).events.filter(({ ph }) => ph === "C");
    expect(counters.map(({ ts, args }) => [ts * 1000, args["waiting"], args["handled"]])).toEqual([[1000, 1, 0], [1010, 0, 1], [1030, 0, 0]]);
  });
});

describe("rows nest, whatever happens", () => {
  it("an interrupt that is raised while it is active has a second row", () => {
    const events = story().wire(2, "pulse").at(10).take(0, 34).at(20).wire(2, "pulse").at(30).end(0, 34, 2).at(40).take(0, 34).at(50).end(0, 34, 2);
    expect(lines(draw(events), "interrupts").filter((line) => line.startsWith("SPI"))).toEqual(["SPI 2 (INTID 34): SPI 2 (INTID 34) 0–30", "SPI 2 (INTID 34) (2): SPI 2 (INTID 34) 20–50"]);
  });

  it("a handler inside a handler lies inside it; one that ends out of order has a second row", () => {
    const taken = (): Story => story().wire(1, "high").take(0, 33).at(10).wire(2, "pulse").take(0, 34).at(20);
    const handlers = (from: Story): string[] => lines(draw(from), "vCPUs").filter((line) => line.includes("handles"));
    expect(handlers(taken().end(0, 34).at(30).end(0, 33))).toEqual(["vcpu0 handles: SPI 1 (INTID 33) 0–30", "  vcpu0 handles: SPI 2 (INTID 34) 10–20"]);
    expect(handlers(taken().end(0, 33).at(30).end(0, 34))).toEqual(["vcpu0 handles: SPI 1 (INTID 33) 0–20", "vcpu0 handles (2): SPI 2 (INTID 34) 10–30"]);
  });

  it("slices are placed so that none crosses another, nor begins with a shorter one before it", () => {
    const slice = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 60 }), (slices) => {
        const lanes = new SliceLanes();
        const placed = slices.flatMap(([start, length]) => {
          const place = lanes.place(start, start + length);
          return place === undefined ? [] : [{ ...place, endNs: start + length }];
        });
        for (const [index, a] of placed.entries()) {
          expect(a.startNs).toBeLessThan(a.endNs);
          for (const b of placed.slice(index + 1).filter(({ lane }) => lane === a.lane)) {
            const apart = a.endNs <= b.startNs || b.endNs <= a.startNs;
            const inside = (a.startNs <= b.startNs && b.endNs <= a.endNs) || (b.startNs < a.startNs && a.endNs <= b.endNs);
            expect(apart || inside).toBe(true);
          }
        }
      }),
    );
  });

  /** What may happen, in any order: raised again while high, taken by both, ended out of order. */
  const HAPPENINGS: readonly ((from: Story, vcpu: number) => Story)[] = [
    (from, vcpu) => from.exit(vcpu).wire(1, "high"),
    (from, vcpu) => from.exit(vcpu).wire(1, "low"),
    (from) => from.signal("rx").wire(1, "high"),
    (from) => from.signal("rx").wire(2, "pulse"),
    (from, vcpu) => from.line(vcpu, true),
    (from, vcpu) => from.take(vcpu, 33),
    (from, vcpu) => from.end(vcpu, 33, 1),
    (from, vcpu) => from.take(vcpu, 34),
    (from, vcpu) => from.end(vcpu, 34, 2),
    (from, vcpu) => from.timer(vcpu, true).line(vcpu, true).take(vcpu, 27),
    (from, vcpu) => from.timer(vcpu, false).end(vcpu, 27),
    (from) => from.msi("router", 5, 8).msi("gic", 5, 8).translation(8, 5, 8197).take(0, 8197),
    (from, vcpu) => from.exit(vcpu, "wfi"),
    (from) => from.machine("reset"),
  ];

  it("any story is a good file", () => {
    const step = fc.tuple(fc.constantFrom(0, 0, 1, 2, 1000), fc.nat(1), fc.constantFrom(...HAPPENINGS));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const events = story();
        let nowNs = 0;
        for (const [later, vcpu, happens] of steps) happens(events.at((nowNs += later)), vcpu);
        draw(events); // which expects no faults
      }),
      { numRuns: 60 },
    );
  });

  it("a signal on a line that is high already begins its arrow there, in the last nanosecond, too", () => {
    const again = (): Story => story().wire(1, "high").at(5).take(0, 33).at(7).end(0, 33).at(9).wire(1, "high");
    for (const events of [again(), again().wire(1, "low"), again().wire(1, "low").at(12).exit(0)]) {
      expect(lines(draw(events), "sources")).toEqual(["GSI 1, sensor: high 0–10"]);
    }
  });

  it("everything at one time is still a good file", () => {
    const events = story();
    for (let n = 0; n < 3; n++) events.exit(0).wire(1, "high").wire(2, "pulse").wire(2, "pulse", 0).line(0, true).take(0, 33, false).take(0, 34).wire(1, "low").end(0, 34).end(0, 33);
    expect(draw(events).flows.size).toBeGreaterThan(0);
  });
});

describe("marks", () => {
  it("are hypercalls, doorbells, spurious reads and what happens to the machine", () => {
    const events = story().exit(0, "hypercall").at(3).exit(0).event("doorbell", { doorbell: "queue0", bus: "mmio", address: 16, width: 4, value: 3, vcpu: 0 });
    events.at(5).exit(0, "sysreg").sysreg(0, "ICC_IAR1_EL1", 1023).at(6).machine("reset");
    const marks = draw(events).events.filter(({ ph }) => ph === "i");
    expect(marks.map(({ name, s, ts }) => `${ts * 1000} ${name} ${s}`)).toEqual(["0 hvc 0x8400_0008 t", "3 queue0 t", "5 spurious t", "6 machine reset g"]);
  });

  it("irqfds begin the arrow at their eventfd", () => {
    const flow = [...draw(story().signal("rx").wire(2, "pulse").at(4).take(0, 34).at(9).end(0, 34)).flows.values()][0]!;
    expect(flow[0]).toBe("board: eventfds/rx: pulse");
  });
});

describe("the file", () => {
  it("is whole after every piece, and at the end", () => {
    const output = new TextOutput();
    const writer = new PerfettoWriter(output, WIRING);
    let sizes = 0;
    for (const event of levelInterrupt().events) {
      writer.next(event);
      writer.flush();
      if (output.text === "") continue;
      expect(readPicture(output.text).faults.filter((fault) => !fault.startsWith("flow"))).toEqual([]);
      sizes++;
    }
    writer.finish();
    expect(sizes).toBeGreaterThan(5);
    expect(readPicture(output.text).faults).toEqual([]);
  });

  it("written to a pipe has the same bytes", () => {
    const outputs = [new TextOutput(true), new TextOutput(false)];
    for (const output of outputs) draw(levelInterrupt(), output);
    expect(outputs[1]!.text).toBe(outputs[0]!.text);
  });

  it("has nothing but ASCII in it, whatever devices are called", () => {
    const output = new TextOutput();
    const writer = new PerfettoWriter(output, { ...WIRING, machine: "Gerät\u{1f680}" });
    writer.next({ seq: 1, atNs: 0, kind: "machine", what: "started" } as never);
    writer.finish();
    expect(output.text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(readPicture(output.text).events.find(({ name }) => name === "process_name")!.args["name"]).toBe("Gerät\u{1f680}: vCPUs");
  });

  it("goes on forwards when a machine is restored to an earlier time", () => {
    const events = story().at(5000).wire(1, "high").at(6000).machine("restoring").at(100).wire(2, "pulse").at(200).take(0, 34).at(300).end(0, 34);
    expect(lines(draw(events), "interrupts").filter((line) => line.startsWith("SPI"))).toEqual(["SPI 1 (INTID 33): SPI 1 (INTID 33): reset 5000–6000", "SPI 2 (INTID 34): SPI 2 (INTID 34) 6000–6200"]);
  });
});
